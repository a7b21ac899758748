"""Keys that were looked up, for as long as nothing in the database has changed."""

from __future__ import annotations

from kantu.service.keys.api_key import ApiKey

_MOST_KEYS = 1024


class KeyMemory:
    """Holds what was read at one version of the database, and forgets it at the next."""

    def __init__(self) -> None:
        self._version: int | None = None
        self._keys: dict[str, ApiKey] = {}  # by digest

    def find(self, digest: str, version: int | None) -> ApiKey | None:
        """The key, if it was read at `version`, which is the database's of this moment. None is no version."""
        if version is None or version != self._version:
            self._version, self._keys = version, {}
        return self._keys.get(digest)

    def keep(self, digest: str, key: ApiKey, version: int | None) -> None:
        """Remember a key that was read later than `version` was.

        What was read while the database changed may be older than the change, and is not kept.
        """
        if version is not None and version == self._version:
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[digest] = key

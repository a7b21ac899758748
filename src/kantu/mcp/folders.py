"""Which files a client may name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kantu.errors import error

_MOST_SHOWN = 200


@dataclass(frozen=True)
class AllowedFolders:
    """Folders whose files may be read, those in their subfolders included.

    Attributes:
        folders: as `of` makes them.
    """

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Sequence[Path]) -> AllowedFolders:
        """Raises InvalidRequestError (`not_a_folder`)."""
        found = []
        for folder in folders:
            try:
                real = folder.expanduser().resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                raise error("not_a_folder", path=folder) from None
            if not real.is_dir():
                raise error("not_a_folder", path=folder)
            found.append(real)
        return cls(tuple(found))

    def file(self, name: str) -> Path:
        """The file of that name; one that is no full path stands in the first folder that has it.

        Links and `..` are followed before anything is decided. What lies outside is refused in the same words whether
        it is there or not.

        Raises ImageError: `path_not_allowed`, `image_not_found`.
        """
        inside = None
        for folder in self.folders:
            try:
                real = (folder / name).resolve()
                if not any(real.is_relative_to(allowed) for allowed in self.folders):
                    continue
                if real.exists():
                    return real
                inside = real
            except (OSError, RuntimeError, ValueError):  # a name that no file can have, links in a ring
                continue
        if inside is not None:
            raise error("image_not_found", path=_shown(name))
        raise error("path_not_allowed", path=_shown(name), folders="、".join(map(str, self.folders)))


def _shown(name: str) -> str:
    """It may be anything, a whole picture as base64 too."""
    return name if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]}……"

"""Passwords as argon2id keeps them (RFC 9106). It is slow on purpose: on threads, a few at once, never on the loop."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kantu.errors import error
from kantu.service.people.person import normalized
from kantu.service.threads import on_thread

T = TypeVar("T")

AT_ONCE = 2
"""Passwords that are computed at the same time, each in its own memory."""

_MOST_WAITING = 32
_SALT_BYTES, _HASH_BYTES = 16, 32
# Without what looks like something else: it is read from one screen and typed at another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_ONE_TIME_CHARACTERS = 20  # 99 bits


class Passwords:
    """Makes and checks hashes. `hash` and `matches` block; `run` does such work on threads.

    Args:
        memory_kib, passes, lanes: what one hash costs.
    """

    def __init__(self, *, memory_kib: int, passes: int, lanes: int) -> None:
        self._hasher = PasswordHasher(passes, memory_kib, lanes, _HASH_BYTES, _SALT_BYTES)
        # A hash of no password, which costs as much to check as one of these.
        salt, digest = (
            b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES)
        )
        self._nobodys = f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${digest}"
        self._threads: CapacityLimiter | None = None
        self._waiting = 0

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        return self._hasher.hash(normalized(password).encode("utf-8", "surrogatepass"))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the password of a hash; of None, an account that does not exist, after the same time, not."""
        try:
            return self._hasher.verify(
                self._nobodys if kept is None else kept, normalized(password).encode("utf-8", "surrogatepass")
            )
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made at another cost than is set now."""
        return self._hasher.check_needs_rehash(kept)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, on a thread.

        Raises:
            OverloadedError: `passwords_busy`: too many others wait.
        """
        if self._threads is None:
            self._threads = CapacityLimiter(AT_ONCE)
        if self._waiting >= _MOST_WAITING:
            raise error("passwords_busy")
        self._waiting += 1
        try:
            return await on_thread(work, self._threads)
        finally:
            self._waiting -= 1


def new_one_time_password() -> str:
    """A fresh secret that its holder has to change: groups of letters and digits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(_ONE_TIME_CHARACTERS)]
    return "-".join("".join(letters[start : start + 5]) for start in range(0, _ONE_TIME_CHARACTERS, 5))

"""When a name is locked, whether it is an account's or not: as many wrong passwords in a row as the settings allow."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kantu.service.people import repository


@dataclass(frozen=True, slots=True)
class Lockout:
    """Counts in the caller's transactions.

    Attributes:
        tries: wrong ones that lock a name.
        seconds: for which it is locked, and after which wrong ones are forgotten.
    """

    tries: int
    seconds: float

    def take(self, session: Session, digest: str, now: float) -> float:
        """Count a try before it is made, so that none of many at once goes uncounted.

        Returns:
            0, or the seconds for which the name is still locked; then the try must not be made.
        """
        failures, last_at = repository.find_failures(session, digest)
        left = last_at + self.seconds - now
        if left <= 0:
            failures = 0
        if failures >= self.tries:
            return left
        repository.forget_failures(session, int(now - self.seconds))
        repository.set_failures(session, digest, failures + 1, int(now))
        return 0.0

    def give_back(self, session: Session, digest: str, now: float) -> None:
        """A try that was not wrong, and not enough either: it leaves what was wrong before."""
        failures, _ = repository.find_failures(session, digest)
        repository.set_failures(session, digest, max(0, failures - 1), int(now))

    def clear(self, session: Session, digest: str) -> None:
        """The right password, or an administrator: nothing wrong is remembered."""
        repository.set_failures(session, digest, 0, 0)

"""The second factor of an account: enrolled, checked, recovered from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from sqlalchemy.orm import Session

from kantu.service.people import repository, totp
from kantu.service.people.person import Person
from kantu.service.people.sealing import Sealer

Factor = Literal["totp", "recovery_code"]
"""What a code is of."""


class Factors:
    """Works in the caller's transactions.

    Args:
        clock: seconds since 1970, of the wall: codes go by the time of day, as phones know it.
    """

    def __init__(self, sealer: Sealer, clock: Callable[[], float] = time.time) -> None:
        self._sealer, self._clock = sealer, clock

    def check(self, session: Session, person: Person, code: str) -> Factor | None:
        """What it is, if it is a code of the person's, or a recovery code, which has not been used. It is used up."""
        if totp.is_code(code):
            return "totp" if self._use(session, person, code) else None
        used = repository.use_recovery_code(session, person.id, totp.recovery_digest(code))
        return "recovery_code" if used else None

    def begin(self, session: Session, person: Person) -> str:
        """A fresh secret, which counts once a code of it has been given."""
        secret = totp.new_secret()
        sealed = self._sealer.seal(secret, person.id)
        repository.change(session, person.id, totp_secret=sealed, totp_since=None, totp_step=None)
        return secret

    def finish(self, session: Session, person: Person, code: str) -> list[str] | None:
        """The recovery codes, where the code shows that the person has the secret.

        From then on there is a second factor, and all sessions are over that have not seen it.
        """
        if not self._use(session, person, code):
            return None
        repository.change(session, person.id, totp_since=int(self._clock()))
        repository.end_sessions(session, person.id)
        return self.renew_recovery_codes(session, person)

    def renew_recovery_codes(self, session: Session, person: Person) -> list[str]:
        """Fresh ones in place of all others."""
        codes = totp.new_recovery_codes()
        repository.set_recovery_codes(session, person.id, totp.recovery_digests(codes))
        return codes

    def remove(self, session: Session, person: Person) -> None:
        """No second factor any more, and no session."""
        repository.change(session, person.id, totp_secret=None, totp_since=None, totp_step=None)
        repository.set_recovery_codes(session, person.id, [])
        repository.end_sessions(session, person.id)

    def _use(self, session: Session, person: Person, code: str) -> bool:
        if person.totp_secret is None:
            return False
        step = totp.step_of(self._sealer.open(person.totp_secret, person.id), totp.plain(code), self._clock())
        return step is not None and repository.use_totp_step(session, person.id, step)

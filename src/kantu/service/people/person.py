"""What is known of a person: the vocabulary between the layers of this package."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kantu.errors import KantuError, error
from kantu.service.actor import ADMINISTRATORS, Actor, Role, Unfinished
from kantu.service.database.ids import Ids

PersonState = Literal["active", "disabled"]

PERSON_IDS = Ids("per_")

ROLE_NAMES: Mapping[Role, str] = {
    "system": "系统管理员",
    "security": "安全管理员",
    "audit": "审计管理员",
    "operator": "操作员",
    "member": "成员",
}

_DAY_SECONDS = 86_400
_MOST_CHARACTERS = 100
# Letters that look like others are no letters here: one name is one person's to every eye.
_NAME = re.compile(r"[a-z0-9\u4e00-\u9fff][a-z0-9._@\u4e00-\u9fff-]{0,63}")


@dataclass(frozen=True, slots=True)
class Person:
    """An account. Times are seconds since 1970.

    Attributes:
        name: to log in with.
        tenant: whose files and batches the person sees.
        power: the one of the three administrators that the account is or has been; it never becomes another one.
        password_hash: argon2's text.
        one_time_until: the password is a one-time secret, which has to be changed, and works until then.
        totp_secret: sealed; of a second factor that counts from `totp_since` on.
        totp_step: the last one whose code was used.
        generation: of sessions: those of earlier ones are over.
        issuer, subject: the identity provider that the person logs in at, and what they are there; or neither.
    """

    id: str
    name: str
    display_name: str
    tenant: str
    role: Role
    power: Role | None
    password_hash: str
    password_changed_at: int
    one_time_until: int | None
    totp_secret: str | None
    totp_since: int | None
    totp_step: int | None
    generation: int
    created_at: int
    disabled_at: int | None
    last_login_at: int | None
    issuer: str | None = None
    subject: str | None = None

    @property
    def is_external(self) -> bool:
        """Whether the person logs in at an identity provider; then there is no password here."""
        return self.issuer is not None

    @property
    def state(self) -> PersonState:
        """Whether the account can be used."""
        return "active" if self.disabled_at is None else "disabled"

    @property
    def has_totp(self) -> bool:
        """Whether a code is asked for beside the password."""
        return self.totp_since is not None

    def unfinished(self, now: float, *, password_days: int, totp_for_all: bool) -> Unfinished | None:
        """What the person has to do before anything else.

        Args:
            password_days: that a password is good for; 0 is without end.
            totp_for_all: not only for the administrators.
        """
        expired = password_days and now - self.password_changed_at >= password_days * _DAY_SECONDS
        if not self.is_external and (self.one_time_until is not None or expired):
            return "password"
        return None if self.has_totp or not (totp_for_all or self.role in ADMINISTRATORS) else "totp"

    def actor(self) -> Actor:
        """The person without a session, as one who has made a batch."""
        return Actor(self.id, self.tenant, person_id=self.id, role=self.role)


def powers_of(person: Person) -> dict[str, Any]:
    """What the audit says of an account before and after a change: nothing secret."""
    return {
        "name": person.name,
        "tenant": person.tenant,
        "role": person.role,
        "state": person.state,
        "totp": person.has_totp,
    }


def normalized(text: str) -> str:
    """A password or a name as it is compared: however a keyboard has put its letters together."""
    return unicodedata.normalize("NFKC", text)


def name_of(text: str) -> str:
    """A name as it is kept and looked up."""
    return normalized(text).strip().casefold()


def name_digest(text: str) -> str:
    """What stands for a name, whether it is anybody's or not: some people type their password there."""
    return hashlib.sha256(name_of(text).encode("utf-8", "surrogatepass")).hexdigest()


def is_name(name: str) -> bool:
    """Whether it can be one; nothing else comes near the database."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raise InvalidRequestError (`invalid_person_name`) unless `name` can be one."""
    if not is_name(name):
        raise error("invalid_person_name")


def check_label(param: str, text: str) -> None:
    """Raise InvalidRequestError (`invalid_person_label`) unless `text` can be shown as a name."""
    if not (text.strip() and text.isprintable() and len(text) <= _MOST_CHARACTERS):
        raise error("invalid_person_label", param=param, most=_MOST_CHARACTERS)


def check_has_password(person: Person) -> None:
    """Raise ConflictError (`external_account`) for whoever logs in at an identity provider."""
    if person.is_external:
        raise error("external_account")


def person_not_found(param: str | None = None) -> KantuError:
    """There is no such account."""
    return error("person_not_found", param=param)

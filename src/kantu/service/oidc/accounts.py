"""The accounts of people who log in at the provider: made at the first login, brought up to date at each."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from sqlalchemy.orm import Session

from kantu.errors import KantuError, error
from kantu.service.actor import ADMINISTRATORS
from kantu.service.audit.acting import Acting, acting, event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.groups import repository as groups
from kantu.service.oidc.id_token import IdToken
from kantu.service.oidc.mapping import Mapped
from kantu.service.people import repository
from kantu.service.people.person import PERSON_IDS, Person, check_label, check_name, name_of, powers_of
from kantu.service.people.service import check_not_last

_DIGITS = 12


def admit(session: Session, log: AuditLog, token: IdToken, mapped: Mapped, now: int) -> Person:
    """The account of whoever has logged in, with the role and the tenant that their groups stand for.

    Nobody grants it but the provider, which is who acts in the record.

    Raises:
        PermissionDeniedError: `account_disabled`.
        ConflictError: `powers_exclude_each_other`, `last_administrator`.
    """
    before = repository.find_external(session, token.issuer, token.subject)
    if before is None:
        person = _new(session, token, mapped, now)
        repository.add(session, person)
        after = {**powers_of(person), "issuer": token.issuer, "subject": token.subject}
        log.record(session, _by_provider(token, event("create", "people", person.id, after=after)))
        return person
    if before.state != "active":
        raise error("account_disabled")
    if mapped.role != before.role:
        if mapped.role in ADMINISTRATORS and before.power not in (None, mapped.role):
            raise error("powers_exclude_each_other")
        check_not_last(session, before)
    tenant = before.id if mapped.tenant is None else mapped.tenant
    person = repository.change(
        session,
        before.id,
        role=mapped.role,
        power=mapped.role if mapped.role in ADMINISTRATORS else before.power,
        tenant=tenant,
        display_name=_label(token.display_name) or before.display_name,
        last_login_at=now,
    )
    if tenant != before.tenant and groups.group_of(session, person.id) is not None:
        groups.take_out(session, person.id)  # a group is of one tenant
    if powers_of(person) != powers_of(before):
        told = event("update", "roles", person.id, before=powers_of(before), after=powers_of(person))
        log.record(session, _by_provider(token, told))
    return person


def put_out(session: Session, log: AuditLog, token: IdToken, because: str) -> str | None:
    """End the sessions of somebody whom the provider has just said to be nobody here any more.

    Args:
        because: code of what was refused.

    Returns:
        The id of the account, if there is one.
    """
    person = repository.find_external(session, token.issuer, token.subject)
    if person is None:
        return None
    repository.end_sessions(session, person.id)
    log.record(session, _by_provider(token, event("delete", "sessions", person.id, after={"because": because})))
    return person.id


def _by_provider(token: IdToken, told: AuditEvent) -> AuditEvent:
    who = acting.get() or Acting(None, "system")
    return replace(told, actor_id=token.issuer, actor_kind="system", address=who.address, request_id=who.request_id)


def _new(session: Session, token: IdToken, mapped: Mapped, now: int) -> Person:
    person_id, name = PERSON_IDS.new(), _name(session, token)
    return Person(
        id=person_id,
        name=name,
        display_name=_label(token.display_name) or name,
        tenant=person_id if mapped.tenant is None else mapped.tenant,
        role=mapped.role,
        power=mapped.role if mapped.role in ADMINISTRATORS else None,
        password_hash="",
        password_changed_at=now,
        one_time_until=None,
        totp_secret=None,
        totp_since=None,
        totp_step=None,
        generation=1,
        created_at=now,
        disabled_at=None,
        last_login_at=now,
        issuer=token.issuer,
        subject=token.subject,
    )


def _name(session: Session, token: IdToken) -> str:
    """As the provider calls them, unless somebody here has that name: nobody gets another one's account by its name."""
    name = name_of(token.name or "")
    try:
        check_name(name)
    except KantuError:
        name = ""
    if name and repository.find_by_name(session, name) is None:
        return name
    digest = hashlib.sha256(f"{token.issuer} {token.subject}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"oidc-{digest[:_DIGITS]}"


def _label(text: str | None) -> str | None:
    try:
        check_label("name", text or "")
    except KantuError:
        return None
    return text

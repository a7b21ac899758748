"""What an audit event is, and the one form in which it is signed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

ActorKind = Literal["key", "person", "system", "anonymous"]
Result = Literal["ok", "refused", "failed"]

VERSION = 1
"""Of the signed form. Old entries keep theirs; a new form is another version."""

_DOMAIN = "kantu-audit"
_MOST_DETAILS = 16_384  # characters of JSON: an event describes a change, it does not carry it
_MOST_TEXT = {"address": 64, "action": 32, "resource": 32, "request_id": 64, "session_id": 64}
_MOST_OTHER_TEXT = 255
# Half characters, and what PostgreSQL does not store.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One act. Never with pictures, prompts or answers; with their hashes.

    Attributes:
        actor_id: of the key or person; of the system, the account that it runs under.
        address: of the client.
        action, resource: as in `permissions`.
        target_id: of the object that was acted on.
        before, after: what has changed, as JSON.
        result: "refused" is the actor's fault, "failed" is ours.
        session_id: that a person asks in.
    """

    actor_id: str | None
    actor_kind: ActorKind
    role: str | None
    tenant: str | None
    address: str | None
    action: str
    resource: str
    target_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    result: Result = "ok"
    request_id: str | None = None
    session_id: str | None = None


def of_the_chain(
    action: str,
    resource: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    result: Result = "ok",
) -> AuditEvent:
    """What the chain itself has seen: nobody has done it."""
    return AuditEvent(None, "system", None, None, None, action, resource, None, before, after, result)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in the chain. Fields are in the order in which they are signed; `mac` signs all others.

    Attributes:
        sequence: 1, 2, 3 and so on; says what came first whatever the clock said.
        recorded_ms: milliseconds since 1970, UTC.
        key_id: of the key that has signed it.
        before, after: JSON text, kept to the character.
        previous: the `mac` of the entry before.
    """

    version: int
    sequence: int
    recorded_ms: int
    algorithm: str
    key_id: str
    actor_id: str | None
    actor_kind: str
    role: str | None
    tenant: str | None
    address: str | None
    action: str
    resource: str
    target_id: str | None
    before: str | None
    after: str | None
    result: str
    request_id: str | None
    session_id: str | None
    previous: bytes
    mac: bytes


FIELDS = tuple(field.name for field in fields(Entry))
_TEXTS = ("actor_id", "actor_kind", "role", "tenant", "address", "action", "resource", "target_id")
_LATER_TEXTS = ("result", "request_id", "session_id")


def canonical(entry: Entry) -> bytes:
    """What is signed of an entry: a JSON array in ASCII without blanks, see docs/audit.md."""
    values: list[Any] = [_DOMAIN]
    values += [getattr(entry, name) for name in FIELDS[:-2]]
    values.append(entry.previous.hex())
    return canonical_json(values)


def canonical_as(entry: Entry, numbers: Iterable[int]) -> Iterator[bytes]:
    """What would be signed if the entry had each of these numbers."""
    before = canonical_json([_DOMAIN, entry.version])[:-1]
    behind = canonical(entry).removeprefix(before + b",%d" % entry.sequence)
    return (b"%b,%d%b" % (before, number, behind) for number in numbers)


def canonical_json(value: Any) -> bytes:
    """JSON that has one form only: ASCII, no blanks, names in order."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def storable(event: AuditEvent) -> dict[str, Any]:
    """The event's fields as a row keeps them: texts without what no database stores and not too long, JSON as text."""
    values: dict[str, Any] = {name: _text(name, getattr(event, name)) for name in (*_TEXTS, *_LATER_TEXTS)}
    return values | {"before": _details(event.before), "after": _details(event.after)}


def _text(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    return _UNSTORABLE.sub("\ufffd", value)[: _MOST_TEXT.get(name, _MOST_OTHER_TEXT)]


def _details(value: Mapping[str, Any] | None) -> str | None:
    if value is None:
        return None
    text = canonical_json(value).decode("ascii")
    return text if len(text) <= _MOST_DETAILS else canonical_json({"too_long_characters": len(text)}).decode("ascii")

"""The signed form is fixed to the byte: what was signed once can be verified for ever."""

from __future__ import annotations

from dataclasses import replace

from kantu.service.audit.event import AuditEvent, Entry, canonical, canonical_as, storable

ENTRY = Entry(
    version=1,
    sequence=7,
    recorded_ms=1_700_000_000_123,
    algorithm="hmac-sha256",
    key_id="0123456789abcdef",
    actor_id="key_1",
    actor_kind="key",
    role=None,
    tenant="客服部",
    address="10.0.0.1",
    action="create",
    resource="keys",
    target_id="key_2",
    before=None,
    after='{"name":"a"}',
    result="ok",
    request_id="req_1",
    session_id=None,
    previous=b"\x01\xff",
    mac=b"\x02",
)


def test_version_1_is_a_json_array_in_ascii_without_blanks() -> None:
    assert canonical(ENTRY) == (
        b'["kantu-audit",1,7,1700000000123,"hmac-sha256","0123456789abcdef","key_1","key",null,'
        b'"\\u5ba2\\u670d\\u90e8","10.0.0.1","create","keys","key_2",null,"{\\"name\\":\\"a\\"}","ok","req_1",null,"01ff"]'
    )


def test_everything_but_the_signature_is_signed() -> None:
    assert canonical(replace(ENTRY, mac=b"other")) == canonical(ENTRY)
    for name in set(Entry.__dataclass_fields__) - {"mac"}:
        value = getattr(ENTRY, name)
        other = value + 1 if isinstance(value, int) else b"other" if isinstance(value, bytes) else "other"
        assert canonical(replace(ENTRY, **{name: other})) != canonical(ENTRY), name


def test_nothing_is_the_same_as_an_empty_text_or_the_word_null() -> None:
    forms = {canonical(replace(ENTRY, target_id=value)) for value in (None, "", "null")}
    assert len(forms) == 3


def test_the_form_under_another_number() -> None:
    numbers = [1, 7, 12345]
    assert list(canonical_as(ENTRY, numbers)) == [canonical(replace(ENTRY, sequence=number)) for number in numbers]


def test_what_no_database_keeps_is_replaced_and_what_is_too_long_is_cut() -> None:
    event = AuditEvent("k\0", "key", None, "\ud800", None, "a" * 99, "files", "x" * 999, after={"text": "\0\ud800"})
    values = storable(event)
    assert (values["actor_id"], values["tenant"]) == ("k\ufffd", "\ufffd")
    assert (len(values["action"]), len(values["target_id"])) == (32, 255)
    assert values["after"] == '{"text":"\\u0000\\ud800"}'


def test_details_that_are_too_long_are_left_out_and_said_to_be() -> None:
    event = AuditEvent(None, "system", None, None, None, "a", "b", after={"text": "x" * 20_000})
    assert storable(event)["after"] == '{"too_long_characters":20011}'

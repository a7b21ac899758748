"""What is known of a kept exchange: the vocabulary between the layers of this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kantu.errors import KantuError, error
from kantu.service.actor import Actor
from kantu.service.database.ids import Ids
from kantu.service.gcm import CipherName

HISTORY_IDS = Ids("hist_")

_TITLE_CHARACTERS = 80
_PERSON = "person\t"  # no owner of a key has this in it: a key never sees what a person has asked


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what was answered, as it is to be kept.

    Attributes:
        kind: the task, or `chat`.
        question, answer: anything that JSON holds; pictures in the question are told by their numbers.
        pictures: their files, as the decode guard has rebuilt them: pixels only, no EXIF.
    """

    kind: str
    model: str
    question: Any
    answer: Any
    pictures: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One kept exchange, as the database has it.

    Attributes:
        cipher: of the summary, the content and the pictures.
        master_key_id: of the key that `wrapped_key` is sealed with; the data key is in there.
        summary: kind, model and title, sealed: what a list shows. The content is read when it is asked for.
        pictures: how many there are.
        size: bytes of all that is sealed.
        created_at, expires_at: unix seconds; from `expires_at` on it does not exist for anybody.
    """

    id: str
    owner: str
    created_at: int
    expires_at: int
    cipher: CipherName
    master_key_id: str
    wrapped_key: bytes
    summary: bytes
    pictures: int
    size: int


def title_of(question: Any) -> str:
    """The beginning of the last text in a question."""
    waiting = [question]
    while waiting:
        told = waiting.pop()
        if isinstance(told, str) and told.strip():
            return told.strip()[:_TITLE_CHARACTERS]
        if isinstance(told, dict):
            waiting += told["content"] if isinstance(told.get("content"), list) else told.values()
        elif isinstance(told, list):
            waiting += told
    return ""


def subject_of(actor: Actor) -> str:
    """Whose history an actor's requests go to, and whose it may see: a person's own, or that of a key's owner."""
    return actor.tenant if actor.person_id is None else f"{_PERSON}{actor.person_id}"


def subjects_of(owner: str) -> tuple[str, str]:
    """Whose history goes with what an owner has: that of its keys, and where it is a person's id, the person's."""
    return owner, f"{_PERSON}{owner}"


def history_not_found(param: str | None = None) -> KantuError:
    """There is none, or it is somebody else's: nobody can tell which."""
    return error("history_not_found", param=param)

"""What the two processes tell each other: frozen dataclasses. A number names a request over all restarts."""

from __future__ import annotations

from dataclasses import dataclass

from kantu.engine.metrics import Stats
from kantu.engine.request import Delta, Request, Scores
from kantu.errors import KantuError

# To the child


@dataclass(frozen=True, slots=True)
class Load:
    """The first message.

    Attributes:
        factory: the pickled function that makes the engine; in bytes, so that failing to import it is a load error.
        close_seconds: how long the child may take to end once it is told to.
    """

    factory: bytes
    close_seconds: float


@dataclass(frozen=True, slots=True)
class Submit:
    number: int
    request: Request


@dataclass(frozen=True, slots=True)
class Score:
    number: int
    request: Request
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    number: int


@dataclass(frozen=True, slots=True)
class Check:
    """`Engine.check`; answered by a Reply of None or of what does not add up."""

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Close:
    """Cancel what runs, and end."""


# From the child


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine takes requests."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """It never will; the child ends."""

    error: KantuError


@dataclass(frozen=True, slots=True)
class Reply:
    """A piece of the answer to the message of this number; `last` says that nothing more comes."""

    number: int
    item: Delta | Scores | KantuError | str | None
    last: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's stats: every half second while something runs, and once more when nothing does."""

    stats: Stats


@dataclass(frozen=True, slots=True)
class Pong:
    """I am."""


Message = Load | Submit | Score | Cancel | Check | Ping | Close | Loaded | LoadFailed | Reply | Snapshot | Pong

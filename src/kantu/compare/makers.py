"""How the two contenders are made: in this process, in another one, or as services behind HTTP."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import kantu
from kantu import hub
from kantu.compare.deployment import Deployment, kantu_deployment
from kantu.compare.disk import KANTU
from kantu.compare.glue import kantu_lines
from kantu.compare.gradients import Reach, kantu_reach
from kantu.contenders.contender import Contender
from kantu.contenders.kantu import Kantu
from kantu.contenders.server import Server, is_url
from kantu.vlm import identify

C = TypeVar("C", bound=Contender)


@dataclass(frozen=True)
class Maker(Generic[C]):
    """A contender before it is made.

    Attributes:
        name: what reports call it, weights and all.
        services: which take part in an answer, in order.
        glue_lines: see `compare.glue`.
        make: makes it, in whichever process.
        deploy: starts its services behind HTTP; None where it is a server already.
        deploy_provider: starts the same with its text model at a provider, which is all that talks HTTP; None where
            there is no text model.
        weights: folders and files of all its networks.
        packages: what must be installed for it.
        reach: how far the gradient of one right answer reaches.
    """

    name: str
    services: tuple[str, ...]
    glue_lines: int
    make: Callable[[], C]
    deploy: Callable[[], AbstractContextManager[Deployment]] | None = None
    deploy_provider: Callable[[], AbstractContextManager[Deployment]] | None = None
    weights: tuple[Path, ...] = ()
    packages: tuple[str, ...] = ()
    reach: Callable[[Example], Reach] | None = None


@dataclass(frozen=True)
class Example:
    """One question with its right answer, and what a text model is told of it."""

    picture: Path | bytes
    question: str
    answer: str
    prompt: str


def kantu_maker(model: str | None) -> Maker[Contender]:
    """A model of ours by name or folder, or one that a server has.

    Raises ModelNotFoundError.
    """
    if model is not None and is_url(model):
        return Maker(model, ("server",), kantu_lines(), functools.partial(Server, model, parallel=16))
    folder = hub.locate(model)
    return Maker(
        named(model or hub.EMBEDDED, folder),
        ("kantu",),
        kantu_lines(),
        functools.partial(make_kantu, model),
        functools.partial(kantu_deployment, model),
        weights=(folder,),
        packages=KANTU,
        reach=functools.partial(_reach, folder),
    )


def make_kantu(model: str | None) -> Contender:
    """Loaded, in this process."""
    return Kantu(kantu.load(model))


def named(model: str, folder: Path) -> str:
    """A model's name with the beginning of its weights' digest."""
    found = identify(str(folder))
    return f"{Path(model).name} {found.weights[:12]} {found.precision}"


def _reach(folder: Path, example: Example) -> Reach:
    return kantu_reach(folder, example.picture, example.question, example.answer)

"""What stands for the decoder processes where a test is about something else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kantu.processing.container import Container
from kantu.processing.decode import load, render
from kantu.processing.guard import guard
from kantu.service.actor import Actor
from kantu.service.decoders.pool import Decoders


class DecodersHere(Decoders):
    """Decodes in this process.

    Attributes:
        begun: how many pictures.
    """

    def __init__(self) -> None:
        super().__init__(1, 2**28)
        self.begun = 0

    async def render(self, tenant: str, picture: Container, width: int, height: int) -> npt.NDArray[np.uint8]:
        self.begun += 1
        return render(picture, width, height)

    async def verify(self, tenant: str, picture: Container) -> None:
        self.begun += 1
        load(picture)


async def check_picture(actor: Actor, data: bytes) -> None:
    """As `Pictures.check`."""
    load(guard(data))

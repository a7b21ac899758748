"""A line of a batch is answered like a request over HTTP by the key that made the batch, as that key is now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from kantu.service.actor import Actor
from kantu.service.permissions import check


@dataclass(frozen=True)
class LineAnswerer:
    """What stands between a line and its answer.

    Attributes:
        actor: id of a key -> who holds it; raises AuthenticationError if it has been revoked or has expired.
        admit: counts one request of an actor's; raises LimitExceededError.
        complete: (actor, body) -> answer as JSON, for an actor that has been admitted.
    """

    actor: Callable[[str], Awaitable[Actor]]
    admit: Callable[[Actor], Awaitable[None]]
    complete: Callable[[Actor, dict[str, Any]], Awaitable[str]]

    async def __call__(self, key_id: str, body: dict[str, Any]) -> str:
        """The answer to one body. Raises whatever is wrong with the key, its limits, the body or the engine."""
        actor = await self.actor(key_id)
        check(actor, "create", "chat")
        await self.admit(actor)
        return await self.complete(actor, body)

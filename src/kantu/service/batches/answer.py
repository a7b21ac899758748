"""A line of a batch is answered like a request over HTTP by the key that made the batch, as that key is now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from kantu.service.identity import Caller
from kantu.service.permissions import check


@dataclass(frozen=True)
class LineAnswerer:
    """What stands between a line and its answer.

    Attributes:
        caller: id of a key -> who holds it; raises AuthenticationError if it has been revoked or has expired.
        admit: counts one request of a caller's; raises LimitExceededError.
        complete: (caller, body) -> answer as JSON, for a caller that has been admitted.
    """

    caller: Callable[[str], Awaitable[Caller]]
    admit: Callable[[Caller], Awaitable[None]]
    complete: Callable[[Caller, dict[str, Any]], Awaitable[str]]

    async def __call__(self, key_id: str, body: dict[str, Any]) -> str:
        """The answer to one body. Raises whatever is wrong with the key, its limits, the body or the engine."""
        caller = await self.caller(key_id)
        check(caller, "create", "chat")
        await self.admit(caller)
        return await self.complete(caller, body)

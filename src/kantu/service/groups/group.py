"""What is known of a group."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kantu.errors import KantuError, error
from kantu.service.actor import Limits, Quota
from kantu.service.database.ids import Ids

GROUP_IDS = Ids("grp_")


@dataclass(frozen=True, slots=True)
class Group:
    """People of one tenant, each of whom is in one group at most: what they use is counted once, in one place.

    Attributes:
        limits: of all of its people together, beside each one's own.
        created_at: seconds since 1970.
    """

    id: str
    tenant: str
    name: str
    limits: Limits
    created_at: int

    @property
    def quota(self) -> Quota:
        """What its people are limited by."""
        return Quota(self.id, self.limits)


def described(group: Group) -> dict[str, Any]:
    """What an event says of a group before and after a change."""
    limits = {name: value for name, value in asdict(group.limits).items() if value is not None}
    return {"tenant": group.tenant, "name": group.name, "limits": limits}


def group_not_found(param: str | None = None) -> KantuError:
    """There is no such group."""
    return error("group_not_found", param=param)

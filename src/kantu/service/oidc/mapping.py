"""What somebody is here by the groups that the provider says they are in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self, get_args

from kantu.errors import error
from kantu.service.actor import ADMINISTRATORS, Role

_ROLES: tuple[Role, ...] = get_args(Role)
_OTHERS: tuple[Role, ...] = ("operator", "member")
"""The one that can more comes first."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What an account gets; `tenant` is None for one of its own."""

    role: Role
    tenant: str | None


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """By names of groups. Whoever is in none that stands for a role is nobody here.

    Raises:
        ValueError: of `read`: no such role, an empty name, or a group twice.
    """

    roles: Mapping[str, Role]
    tenants: Mapping[str, str]

    @classmethod
    def read(cls, roles: Iterable[str], tenants: Iterable[str]) -> Self:
        """From texts such as `kantu-admins=system` and `dept-a=研发`; a group's name may have `=` in it."""
        by_group = _read(roles)
        if not set(by_group.values()) <= set(_ROLES):
            raise ValueError("no such role")
        found: dict[str, Role] = {group: role for group, role in by_group.items() if role in _ROLES}
        return cls(found, _read(tenants))

    def of(self, groups: Collection[str]) -> Mapped:
        """What the groups make of somebody.

        Raises:
            PermissionDeniedError: `oidc_not_admitted`; `oidc_powers_conflict`: two of the three powers;
                `oidc_tenants_conflict`.
        """
        roles = {self.roles[group] for group in groups if group in self.roles}
        tenants = {self.tenants[group] for group in groups if group in self.tenants}
        powers = [role for role in ADMINISTRATORS if role in roles]
        if not roles:
            raise error("oidc_not_admitted")
        if len(powers) > 1:
            raise error("oidc_powers_conflict")
        if len(tenants) > 1:
            raise error("oidc_tenants_conflict")
        role = powers[0] if powers else next(role for role in _OTHERS if role in roles)
        return Mapped(role, next(iter(tenants), None))


def _read(texts: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        group, sign, value = (part.strip() for part in text.rpartition("="))
        if not (group and sign and value) or group in found:
            raise ValueError("not a mapping")
        found[group] = value
    return found

"""What groups make of somebody: one role, one tenant, or nobody."""

from __future__ import annotations

from itertools import combinations, permutations

import pytest

from kantu.errors import KantuError, PermissionDeniedError
from kantu.service.actor import ADMINISTRATORS
from kantu.service.oidc.mapping import GroupMapping, Mapped

MAPPING = GroupMapping.read(
    ["sys=system", "sec=security", "aud=audit", "ops=operator", "all=member", "cn=x,ou=y=member"], ["a=研发", "b=市场"]
)


def refusal(*groups: str) -> str:
    with pytest.raises(PermissionDeniedError) as caught:
        MAPPING.of(groups)
    return caught.value.code


def test_a_group_stands_for_a_role_and_one_for_a_tenant() -> None:
    assert MAPPING.of(["all", "a", "other"]) == Mapped("member", "研发")
    assert MAPPING.of(["ops"]) == Mapped("operator", None)
    assert MAPPING.of(["cn=x,ou=y"]) == Mapped("member", None)


@pytest.mark.parametrize("groups", list(permutations(["all", "ops", "aud"])))
def test_of_several_roles_it_is_the_one_that_can_most_in_any_order(groups: tuple[str, ...]) -> None:
    assert MAPPING.of(groups).role == "audit"
    assert MAPPING.of([group for group in groups if group != "aud"]).role == "operator"


@pytest.mark.parametrize("groups", [(), ("other",), ("a",), ("ALL",), ("all ",), ("",)])
def test_whoever_is_in_no_group_that_stands_for_a_role_is_nobody(groups: tuple[str, ...]) -> None:
    assert refusal(*groups) == "oidc_not_admitted"


def test_nobody_has_two_of_the_three_powers() -> None:
    group_of = dict(zip(ADMINISTRATORS, ("sys", "sec", "aud"), strict=True))
    for pair in combinations(ADMINISTRATORS, 2):
        assert refusal("all", *(group_of[role] for role in pair)) == "oidc_powers_conflict"


def test_nobody_is_of_two_tenants() -> None:
    assert refusal("all", "a", "b") == "oidc_tenants_conflict"


def test_without_a_mapping_nobody_is_anybody() -> None:
    with pytest.raises(KantuError, match="oidc_not_admitted"):
        GroupMapping.read([], []).of(["all"])


@pytest.mark.parametrize("text", ["", "x", "=member", "x=", "x=root", "x=Member"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"role|mapping"):
        GroupMapping.read([text], [])


def test_a_group_stands_for_one_thing() -> None:
    with pytest.raises(ValueError, match="mapping"):
        GroupMapping.read(["x=member", "x=audit"], [])

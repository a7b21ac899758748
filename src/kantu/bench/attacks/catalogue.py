"""All attacks, in the order of the table."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.bench.attacks import bodies, connections, constraints, faults, pictures, stores, streams, texts
from kantu.bench.attacks.attack import Attack
from kantu.errors import error, listed

_GROUPS = (constraints, bodies, texts, pictures, streams, connections, stores, faults)
ATTACKS: tuple[Attack, ...] = tuple(attack for group in _GROUPS for attack in group.ATTACKS)


def chosen(names: Sequence[str]) -> tuple[Attack, ...]:
    """Those of these names; all for none.

    Raises:
        InvalidRequestError: `unknown_attack`.
    """
    known = {attack.name: attack for attack in ATTACKS}
    for name in names:
        if name not in known:
            raise error("unknown_attack", name=name, known=listed(known))
    return tuple(known[name] for name in names) or ATTACKS

"""Those who ask in tests: each has a key, and files and batches of its own."""

from __future__ import annotations

from kantu.service.actor import Actor


def actor(tenant: str) -> Actor:
    """Who may use everything, without limits."""
    return Actor(f"key_{tenant}", tenant)


ALICE, BOB, CAROL = actor("alice"), actor("bob"), actor("carol")

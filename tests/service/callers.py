"""Those who ask in tests: each has a key, and files and batches of its own."""

from __future__ import annotations

from kantu.service.identity import Caller


def caller(owner: str) -> Caller:
    """Who may use everything, without limits."""
    return Caller(f"key_{owner}", owner)


ALICE, BOB, CAROL = caller("alice"), caller("bob"), caller("carol")

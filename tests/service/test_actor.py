"""Who asks, and what of the engine's caches is whose."""

from __future__ import annotations

from tests.service.actors import ALICE, BOB, actor


def test_keys_of_one_owner_share_caches_and_others_have_their_own() -> None:
    assert ALICE.cache_salt(None) == actor("alice").cache_salt(None)
    assert len({who.cache_salt(own) for who in (ALICE, BOB) for own in (None, "", "a", "alice", "bob")}) == 10


def test_no_salt_of_one_tenant_s_reaches_the_caches_of_another() -> None:
    """A name of a tenant has only printable characters, so that it ends where the salt begins."""
    assert actor("team").cache_salt("a") not in {actor(name).cache_salt(None) for name in ("team", "teama", "team a")}

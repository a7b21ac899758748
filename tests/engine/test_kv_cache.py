"""Blocks always add up, and a block is found again only by all that its content depends on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kantu.engine.kv_cache import BlockPool, ImageSpan, PrefixKeys, block_key, root_key

IMAGE = ImageSpan(start=4, length=20, sha256="ab" * 32, grid=(1, 4, 20))
OTHER_IMAGES = [
    replace(IMAGE, sha256="ab" * 31 + "ac"),  # differs in its last byte
    replace(IMAGE, sha256="ac" + "ab" * 31),  # differs in its first
    replace(IMAGE, grid=(1, 20, 4)),  # the same bytes with swapped sides
    replace(IMAGE, start=3, length=20),  # cut elsewhere
]
PAD = 7


class TestKeys:
    def test_equal_content_has_equal_keys(self) -> None:
        assert block_key(root_key("a"), 8, [PAD] * 8, [IMAGE]) == block_key(root_key("a"), 8, [PAD] * 8, [IMAGE])

    @pytest.mark.parametrize("other", OTHER_IMAGES)
    def test_another_picture_has_another_key(self, other: ImageSpan) -> None:
        root = root_key("")
        assert block_key(root, 8, [PAD] * 8, [IMAGE]) != block_key(root, 8, [PAD] * 8, [other])

    def test_a_picture_outside_the_block_does_not_enter_but_through_its_parent(self) -> None:
        root = root_key("")
        assert block_key(root, 24, [1, 2, 3, 4], [IMAGE]) == block_key(root, 24, [1, 2, 3, 4], OTHER_IMAGES[:1])
        chains = [PrefixKeys(root, 8, [image]).upto([PAD] * 32, 4) for image in (IMAGE, OTHER_IMAGES[0])]
        assert chains[0][3] != chains[1][3]

    @pytest.mark.parametrize(
        ("one", "two"),
        [(("a", ""), ("b", "")), (("a", ""), ("", "a")), (("", ""), ("", "adapter")), (("ab", "c"), ("a", "bc"))],
    )
    def test_tenant_and_adapter_are_worlds_apart(self, one: tuple[str, str], two: tuple[str, str]) -> None:
        assert root_key(*one) != root_key(*two)

    @given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40))
    def test_keys_agree_exactly_as_far_as_the_tokens(self, one: list[int], two: list[int]) -> None:
        first, second = (PrefixKeys(root_key(""), 4, []).upto(t, len(t) // 4) for t in (one, two))
        same = sum(a == b for a, b in zip(first, second, strict=False))
        expected = 0
        while (end := 4 * (expected + 1)) <= min(len(one), len(two)) and one[:end] == two[:end]:
            expected += 1
        assert same == expected

    def test_keys_grow_with_the_tokens(self) -> None:
        keys = PrefixKeys(root_key(""), 4, [])
        first = keys.upto([1, 2, 3, 4, 5], 1)
        assert keys.upto([1, 2, 3, 4, 5, 6, 7, 8], 2)[:1] == first


class TestBlockPool:
    def test_a_released_block_is_found_until_it_is_handed_out_again(self) -> None:
        pool = BlockPool(3, 4)
        (block,) = pool.allocate(1) or []
        pool.register(block, b"key")
        pool.release([block])
        assert pool.match([b"key"]) == [block]
        pool.allocate(3)
        assert pool.match([b"key"]) == []

    def test_the_longest_unused_goes_first_and_unkeyed_blocks_before_all(self) -> None:
        pool = BlockPool(3, 4)
        old, new, unkeyed = pool.allocate(3) or []
        pool.register(old, b"old")
        pool.register(new, b"new")
        for block in (old, new, unkeyed):
            pool.release([block])
        assert [pool.allocate(1) for _ in range(3)] == [[unkeyed], [old], [new]]

    def test_the_end_of_a_sequence_goes_before_its_start(self) -> None:
        pool = BlockPool(2, 4)
        blocks = pool.allocate(2) or []
        for block, key in zip(blocks, (b"start", b"end"), strict=True):
            pool.register(block, key)
        pool.release(blocks)
        pool.allocate(1)
        assert pool.match([b"start", b"end"]) == blocks[:1]

    def test_too_many_is_none_and_changes_nothing(self) -> None:
        pool = BlockPool(2, 4)
        assert pool.allocate(3) is None
        assert pool.free == 2

    def test_a_miscount_is_noticed(self) -> None:
        pool = BlockPool(2, 4)
        blocks = pool.allocate(1) or []
        pool.release(blocks)
        pool.release(blocks)
        with pytest.raises(AssertionError):
            pool.check()


class PoolUse(RuleBasedStateMachine):
    """Any use of a pool: sequences that hold shared and own blocks come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = BlockPool(6, 4)
        self.held: list[list[int]] = []
        self.keys = 0

    @rule(count=st.integers(0, 7))
    def allocate(self, count: int) -> None:
        free = self.pool.free
        blocks = self.pool.allocate(count)
        assert (blocks is None) == (count > free)
        if blocks is not None:
            self.held.append(blocks)

    @rule(data=st.data())
    def register(self, data: st.DataObject) -> None:
        blocks = [block for blocks in self.held for block in blocks]
        if blocks:
            self.pool.register(data.draw(st.sampled_from(blocks)), str(data.draw(st.integers(0, 8))).encode())

    @rule(keys=st.lists(st.integers(0, 8), max_size=3))
    def share(self, keys: list[int]) -> None:
        blocks = self.pool.match([str(key).encode() for key in keys])
        self.pool.hold(blocks)
        self.held.append(blocks)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.held:
            self.pool.release(self.held.pop(data.draw(st.integers(0, len(self.held) - 1))))

    @rule()
    def clear(self) -> None:
        self.pool.clear()

    @invariant()
    def books_add_up(self) -> None:
        self.pool.check()
        held = {block for blocks in self.held for block in blocks}
        assert self.pool.free == self.pool.total - len(held)


TestPoolUse = PoolUse.TestCase

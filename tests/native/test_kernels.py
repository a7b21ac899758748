"""The compiled kernels compute what PyTorch's operators compute, to the last bit where nothing is quantized."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.model import rope
from kantu.native import kernels
from kantu.native.kernels import Bits

pytestmark = pytest.mark.skipif(not kernels.is_available(), reason="no compiled kernels, or a CPU they are not for")


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    """Whatever the environment says: the kernels share out their work."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def can_attend_many() -> bool:
    with torch.no_grad():
        return kernels.can_attend_many(torch.empty(1, 1, 64, dtype=torch.bfloat16))


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).bfloat16()


def widened(levels: Tensor, scales: Tensor, bits: Bits, outputs: int, inputs: int) -> Tensor:
    """The weights in float32, [N, K], from the layout that `kernels.c` describes, in PyTorch."""
    tiles = levels.view(outputs // 16, inputs // 32, -1, 16, 4).int()  # blocks, groups, registers, outputs, bytes
    if bits == 8:
        steps = (tiles - 128).permute(0, 3, 1, 2, 4).reshape(outputs, inputs)
        return steps.float() * scales[:, None]
    halves = torch.stack((tiles & 15, tiles >> 4), dim=3) - 8  # blocks, groups, registers, halves, outputs, bytes
    steps = halves.permute(0, 4, 1, 2, 3, 5).reshape(outputs // 16, 16, inputs // 32, 32)
    return (steps.float() * scales.float().permute(0, 2, 1)[..., None]).reshape(outputs, inputs)


def relative(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected).norm() / expected.norm())


@pytest.mark.parametrize("bits", [4, 8])
class TestQuantizedLinear:
    @pytest.mark.parametrize(("rows", "columns", "outputs"), [(1, 32, 16), (3, 64, 48), (16, 128, 64), (37, 256, 2064)])
    def test_it_multiplies_by_the_weights_it_keeps(self, bits: Bits, rows: int, columns: int, outputs: int) -> None:
        x, weight = noise(rows, columns), noise(outputs, columns, seed=1)
        levels, scales = kernels.quantize(weight, bits)
        expected = x.float() @ widened(levels, scales, bits, outputs, columns).t()
        assert relative(kernels.linear(x, bits, levels, scales, outputs), expected) < 0.01
        assert relative(kernels.widened_linear(x, bits, levels, scales, outputs), expected) < 0.005

    def test_a_row_does_not_depend_on_its_neighbours(self, bits: Bits) -> None:
        x = noise(31, 96)  # 16 + 8 + 4 + 2 + 1
        levels, scales = kernels.quantize(noise(48, 96, seed=1), bits)
        alone = [kernels.linear(x[row : row + 1], bits, levels, scales, 48) for row in range(31)]
        assert torch.equal(kernels.linear(x, bits, levels, scales, 48), torch.cat(alone))

    @pytest.mark.parametrize("gelu", [False, True])
    def test_bias_and_gelu_come_before_the_rounding(self, bits: Bits, gelu: bool) -> None:
        x, bias = noise(5, 64), noise(32, seed=2) * 3
        levels, scales = kernels.quantize(noise(32, 64, seed=1), bits)
        expected = x.float() @ widened(levels, scales, bits, 32, 64).t() + bias.float()
        expected = F.gelu(expected, approximate="tanh") if gelu else expected
        found = kernels.linear(x, bits, levels, scales, 32, bias=bias, gelu_tanh=gelu)
        assert relative(found, expected) < 0.01

    def test_weights_are_as_near_as_their_levels_allow(self, bits: Bits) -> None:
        weight = noise(64, 256)
        levels, scales = kernels.quantize(weight, bits)
        error = relative(widened(levels, scales, bits, 64, 256), weight.float())
        assert error < {8: 0.01, 4: 0.1}[bits]

    def test_an_outlier_spoils_only_its_own_group(self, bits: Bits) -> None:
        x = noise(1, 64)
        x[0, 0] = 1000
        weight = torch.cat((torch.zeros(16, 32), noise(16, 32).float()), dim=1).bfloat16()
        levels, scales = kernels.quantize(weight, bits)
        expected = x.float() @ widened(levels, scales, bits, 16, 64).t()
        assert relative(kernels.linear(x, bits, levels, scales, 16), expected) < 0.02

    def test_zeros_stay_zeros(self, bits: Bits) -> None:
        levels, scales = kernels.quantize(torch.zeros(16, 32, dtype=torch.bfloat16), bits)
        assert torch.equal(kernels.linear(noise(2, 32), bits, levels, scales, 16), torch.zeros(2, 16).bfloat16())
        levels, scales = kernels.quantize(noise(16, 32), bits)
        zeros = torch.zeros(2, 32, dtype=torch.bfloat16)
        assert torch.equal(kernels.linear(zeros, bits, levels, scales, 16), torch.zeros(2, 16).bfloat16())

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_what_is_not_finite_is_not_lost(self, bits: Bits, bad: float) -> None:
        x = noise(3, 64)
        x[1, 40] = bad
        levels, scales = kernels.quantize(noise(16, 64, seed=1), bits)
        found = kernels.linear(x, bits, levels, scales, 16)
        assert found[1].isnan().all()
        assert found[[0, 2]].isfinite().all()

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_a_weight_that_is_not_finite_shows(self, bits: Bits, bad: float) -> None:
        weight = noise(16, 64, seed=1)
        weight[5, 3] = bad
        levels, scales = kernels.quantize(weight, bits)
        found = kernels.linear(noise(1, 64), bits, levels, scales, 16)[0]
        assert found.isnan().nonzero().flatten().tolist() == [5]

    @pytest.mark.parametrize("size", [1e-38, 1e-40, 1e33])
    def test_extreme_activations_stay_finite(self, bits: Bits, size: float) -> None:
        x = torch.full((1, 32), size).bfloat16()
        levels, scales = kernels.quantize(torch.full((16, 32), 2.0**-8).bfloat16(), bits)
        assert kernels.linear(x, bits, levels, scales, 16).isfinite().all()


@pytest.mark.parametrize("rows", [1, 8, 9, 100])
class TestBetweenTheProducts:
    def test_rms_norm(self, rows: int) -> None:
        x, weight = noise(rows, 96), noise(96, seed=1)
        wide = x.float()
        expected = weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)).bfloat16()
        assert_equal_but_for_ties(kernels.rms_norm(x, weight, 1e-6), expected)

    def test_norm_and_rotation_of_heads_that_lie_among_others(self, rows: int) -> None:
        everything, weight = noise(rows, 6, 64), noise(64, seed=1)
        cos, sin = noise(rows, 64, seed=2), noise(rows, 64, seed=3)
        for heads in (everything[:, :4], everything[:, 4:5]):
            normed = kernels.rms_norm(heads, weight, 1e-6)
            expected = rope.rotate(normed, cos, sin)
            assert torch.equal(kernels.norm_rotate(heads, weight, 1e-6, cos, sin), expected)

    def test_rotation_in_float32(self, rows: int) -> None:
        everything = noise(rows, 6, 72)
        angles = torch.rand(rows, 72, generator=torch.Generator().manual_seed(1)) * 6
        cos, sin = angles.cos(), angles.sin()
        for heads in (everything[:, :4], everything[:, 4:5]):
            expected = rope.rotate(heads.float(), cos, sin).bfloat16()
            torch.testing.assert_close(kernels.rotate(heads, cos, sin), expected, rtol=2**-6, atol=2**-8)

    def test_silu_mul(self, rows: int) -> None:
        gate_up = noise(rows, 192) * 20
        gate, up = gate_up.chunk(2, dim=1)
        assert_equal_but_for_ties(kernels.silu_mul(gate_up), F.silu(gate) * up)

    def test_silu_of_what_is_not_finite(self, rows: int) -> None:
        gate_up = noise(rows, 64)
        gate_up[0, :3] = torch.tensor([math.nan, math.inf, -math.inf])
        gate, up = gate_up.chunk(2, dim=1)
        found, expected = kernels.silu_mul(gate_up), F.silu(gate) * up
        assert torch.equal(found.isnan(), expected.isnan())


class TestAttention:
    @pytest.mark.parametrize("lengths", [(1,), (17,), (16, 1, 300)])
    @pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (8, 2)])
    def test_each_sequence_sees_its_own_slots(self, lengths: tuple[int, ...], heads: int, kv_heads: int) -> None:
        capacity, size = 512, 64
        keys, values = noise(kv_heads, capacity, size), noise(kv_heads, capacity, size, seed=1)
        q = noise(len(lengths), heads, size, seed=2)
        order = torch.randperm(capacity, generator=torch.Generator().manual_seed(3))
        slots, ends = order[: sum(lengths)], torch.tensor(lengths).cumsum(0)
        found = kernels.attend(q, keys, values, slots, ends)
        for row, own in enumerate(torch.split(slots, lengths)):
            expected = attention(q[row : row + 1], keys[:, own], values[:, own], None)
            torch.testing.assert_close(found[row : row + 1].float(), expected, atol=0.01, rtol=0.01)

    def test_large_scores_do_not_overflow(self) -> None:
        keys = torch.full((1, 16, 32), 100.0).bfloat16()
        keys[0, 5] = 101
        found = kernels.attend(keys[:, 5:6].clone(), keys, noise(1, 16, 32), torch.arange(16), torch.tensor([16]))
        assert torch.equal(found[0, 0], noise(1, 16, 32)[0, 5])


@pytest.mark.skipif(not can_attend_many(), reason="this CPU has something faster, or no BF16")
class TestAttentionOfManyTokens:
    @pytest.mark.parametrize("size", [16, 32, 64, 72, 80, 128])
    @pytest.mark.parametrize(("tokens", "length"), [(1, 1), (7, 7), (9, 40), (33, 33), (16, 100)])
    @pytest.mark.parametrize("causal", [False, True])
    def test_it_is_attention(self, size: int, tokens: int, length: int, causal: bool) -> None:
        q, keys, values = noise(tokens, 4, size), noise(2, length, size, seed=1), noise(2, length, size, seed=2)
        mask = torch.ones(tokens, length, dtype=torch.bool).tril(length - tokens) if causal else None
        expected = attention(q, keys, values, mask)
        found = kernels.attend_many(q, keys, values, causal=causal)
        torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0.02)

    def test_keys_may_lie_anywhere(self) -> None:
        q, keys, values = noise(5, 4, 64), noise(2, 100, 64, seed=1), noise(2, 100, 64, seed=2)
        slots = torch.randperm(100, generator=torch.Generator().manual_seed(3))[:37]
        expected = kernels.attend_many(q, keys[:, slots], values[:, slots], causal=True)
        assert torch.equal(kernels.attend_many(q, keys, values, slots=slots, causal=True), expected)

    def test_heads_may_lie_among_others(self) -> None:
        q, k, v = noise(20, 3, 4, 64).unbind(1)
        expected = kernels.attend_many(q.contiguous(), *(x.transpose(0, 1).contiguous() for x in (k, v)))
        assert torch.equal(kernels.attend_many(q, k.transpose(0, 1), v.transpose(0, 1)), expected)

    def test_a_token_does_not_depend_on_those_it_does_not_see(self) -> None:
        q, keys, values = noise(20, 4, 64), noise(2, 20, 64, seed=1), noise(2, 20, 64, seed=2)
        found = kernels.attend_many(q, keys, values, causal=True)
        alone = [
            kernels.attend_many(q[i : i + 1], keys[:, : i + 1], values[:, : i + 1], causal=True) for i in range(20)
        ]
        assert torch.equal(found, torch.cat(alone))

    def test_large_scores_do_not_overflow(self) -> None:
        keys = torch.full((1, 16, 32), 100.0).bfloat16()
        keys[0, 5] = 101
        found = kernels.attend_many(keys[:, 5:6].clone(), keys, noise(1, 16, 32))
        assert torch.equal(found[0, 0], noise(1, 16, 32)[0, 5])

    def test_what_is_not_a_number_stays_in_its_row(self) -> None:
        q = noise(10, 1, 32)
        q[4, 0, 3] = math.nan
        found = kernels.attend_many(q, noise(1, 40, 32), noise(1, 40, 32, seed=1))
        assert found[4].isnan().all()
        assert found[[0, 3, 5, 9]].isfinite().all()


def attention(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """In float32, [tokens, heads, size]."""
    q, keys, values = q.transpose(0, 1)[None].float(), keys[None].float(), values[None].float()
    return F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, enable_gqa=True)[0].transpose(0, 1)


def test_gradients_are_left_to_pytorch() -> None:
    assert kernels.can(noise(1, 32))
    with torch.enable_grad():
        assert not kernels.can(noise(1, 32))
    assert not kernels.can(noise(1, 32).float())
    assert not kernels.can(noise(1, 33))


def assert_equal_but_for_ties(found: Tensor, expected: Tensor) -> None:
    """Equal, but where sums in another order round the other way: one step of BF16, at a few places."""
    torch.testing.assert_close(found, expected, rtol=2**-6, atol=0)
    assert (found != expected).float().mean() < 0.02

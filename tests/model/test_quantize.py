"""INT8, INT4 and packed BF16 linears: exact where they claim it, close where they round, the same on every path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.errors import InvalidRequestError
from kantu.model import quantize
from kantu.model.attention import ContiguousCache
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.native_linear import fits_native
from kantu.model.quantize import (
    GROUP,
    Int4Linear,
    Int8Linear,
    PackedLinear,
    Preparation,
    can_prepack,
    fits_int4,
    int8_product_is_exact,
    pack,
    packed_block,
    quantize_groups,
    quantize_rows,
    quantized,
    split_rows,
    unpack,
    weight_bytes,
    widen,
)
from kantu.model.qwen3vl import Qwen3VL
from kantu.native import kernels
from kantu.native.kernels import Bits
from tests.tiny_checkpoint import write_tiny_checkpoint

CPU = torch.device("cpu")
DTYPES = (torch.float32, torch.bfloat16)


def has_int4() -> bool:
    try:
        packed_block()
    except InvalidRequestError:
        return False
    return True


needs_int4 = pytest.mark.skipif(not has_int4(), reason="this CPU has no known INT4 layout")
needs_prepack = pytest.mark.skipif(not can_prepack(CPU, torch.bfloat16), reason="this CPU does not compute in BF16")
either_kind = pytest.mark.parametrize("kind", ["int8", pytest.param("int4", marks=needs_int4)])
any_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def random_weight(rows: int, columns: int) -> Tensor:
    """[rows, columns] float32 with rows of different sizes, as trained weights have."""
    return torch.randn(rows, columns) * torch.rand(rows, 1) * columns**-0.5


def int8_values(weight: Tensor) -> Tensor:
    steps, scales = quantize_rows(weight)
    return torch.mul(steps.float(), scales[:, None])


def int4_values(weight: Tensor) -> Tensor:
    levels, numbers = quantize_groups(weight)
    scales, zeros = numbers.float().transpose(0, 1).unbind(-1)
    groups = (levels - 8).view(*scales.shape, GROUP)
    return torch.addcmul(zeros[..., None], groups.float(), scales[..., None]).flatten(1)


def relative_error(actual: Tensor, expected: Tensor) -> float:
    return float((actual.double() - expected.double()).norm() / expected.double().norm())


class TestInt8:
    def test_the_largest_weight_of_a_row_becomes_127_and_none_is_off_by_more_than_half_a_step(self) -> None:
        weight = random_weight(48, 40)
        steps, scales = quantize_rows(weight)
        assert steps.dtype == torch.int8
        assert torch.equal(steps.abs().amax(1), torch.full((48,), 127, dtype=torch.int8))
        assert ((steps * scales[:, None] - weight).abs() <= scales[:, None] * 0.5001).all()

    def test_chunks_make_no_difference(self, monkeypatch: pytest.MonkeyPatch) -> None:
        weight = random_weight(200, 64)
        whole = quantize_rows(weight)
        monkeypatch.setattr(quantize, "_QUANTIZED_AT_ONCE", 1)
        for chunked, expected in zip(quantize_rows(weight), whole, strict=True):
            assert torch.equal(chunked, expected)

    def test_a_row_of_zeros_stays_zeros(self) -> None:
        assert not int8_values(torch.zeros(2, 32)).any()

    @pytest.mark.parametrize(("rows", "shape"), [(1, (96, 80)), (7, (33, 65)), (216, (64, 512))])
    def test_products_of_whole_numbers_are_exact(self, rows: int, shape: tuple[int, int]) -> None:
        weight = torch.randint(-127, 128, shape).float()
        x = torch.randint(-127, 128, (rows, shape[1])).float()
        weight[:, 0], x[:, 0] = 127, 127  # every scale is 1
        assert torch.equal(Int8Linear(weight)(x), F.linear(x.double(), weight.double()).float())

    def test_activations_are_written_to_within_one_64516th_of_the_largest_of_their_row(self) -> None:
        x = torch.randn(50, 300) * torch.logspace(-20, 20, 50)[:, None]
        x[:, 0] *= 1000  # an outlier a row
        rows, scale = split_rows(x)
        high, low = (rows.double() - 128).chunk(2)
        error = (scale.double() * (high + low / 254) - x.double()).abs()
        assert rows.dtype == torch.uint8
        assert (error <= x.double().abs().amax(1, keepdim=True) / 64_516 * 1.01).all()

    @any_dtype
    def test_the_product_is_that_of_the_rounded_weights(self, dtype: torch.dtype) -> None:
        weight, x = random_weight(96, 256), torch.randn(9, 256).to(dtype)
        actual = Int8Linear(weight)(x)
        assert actual.dtype == dtype
        rounding = 1e-4 if dtype == torch.float32 else 3e-3  # BF16 has 8 bits
        assert relative_error(actual, x.double() @ int8_values(weight).double().T) < rounding

    def test_a_row_has_the_same_answer_alone_and_in_a_batch(self) -> None:
        linear, x = Int8Linear(random_weight(96, 256)), torch.randn(40, 256)
        if not linear.packed:
            pytest.skip("float products may round otherwise")
        together = linear(x)
        for row in (0, 17, 39):
            assert torch.equal(linear(x[row : row + 1]), together[row : row + 1])

    @any_dtype
    def test_the_plain_path_agrees(self, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
        weight, x = random_weight(96, 256), torch.randn(9, 256).to(dtype)
        expected = Int8Linear(weight)(x)
        monkeypatch.setattr(quantize, "int8_product_is_exact", lambda: False)
        plain = Int8Linear(weight)
        assert not plain.packed
        assert relative_error(plain(x), expected) < (1e-4 if dtype == torch.float32 else 1e-2)

    def test_no_rows_give_no_rows(self) -> None:
        assert Int8Linear(random_weight(96, 64))(torch.empty(0, 64)).shape == (0, 96)


@needs_int4
class TestInt4:
    def test_unpack_is_the_inverse_of_pack(self) -> None:
        levels = torch.randint(0, 16, (4 * packed_block(), 96), dtype=torch.int32)
        assert torch.equal(unpack(pack(levels), packed_block()).int(), levels)

    def test_an_unknown_layout_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(quantize, "unpack", lambda packed, block: torch.zeros(1))
        with pytest.raises(InvalidRequestError, match="int8") as caught:
            packed_block.__wrapped__()
        assert caught.value.code == "quantize_not_supported"

    def test_each_weight_has_the_nearest_level_of_its_group(self) -> None:
        weight = random_weight(64, 128)
        levels, numbers = quantize_groups(weight)
        scales, zeros = (each.float().T.repeat_interleave(GROUP, dim=1) for each in numbers.unbind(-1))
        nearest = ((weight - zeros) / scales + 8).round().clamp(0, 15)
        assert torch.equal(levels, nearest.int())

    def test_no_group_errs_more_than_with_its_smallest_and_largest_weight_as_the_ends(self) -> None:
        groups = random_weight(64, 128).view(64, -1, GROUP)
        low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
        scale = ((high - low) / 15).bfloat16()
        zero = (low + 8 * scale).bfloat16()
        ends = ((groups - zero) / scale).round().clamp(-8, 7) * scale.float() + zero
        error = (int4_values(groups.flatten(1)).view_as(groups) - groups).square().sum(2)
        plain = (ends - groups).square().sum(2)
        assert (error <= plain * 1.0001).all()
        assert float(error.sum() / plain.sum()) < 0.92

    def test_groups_far_from_zero_and_groups_of_one_number_keep_their_value(self) -> None:
        weight = torch.full((64, 64), 0.5)
        weight[:, GROUP:] = 0
        assert torch.equal(int4_values(weight), weight)

    def test_widening_gives_each_level_times_its_scale(self) -> None:
        weight = random_weight(2 * packed_block(), 96)
        levels, numbers = quantize_groups(weight)
        scales = numbers[..., 0]
        expected = (levels - 8) * scales.float().T.repeat_interleave(GROUP, dim=1)
        assert torch.equal(widen(pack(levels), scales.float()), expected)
        assert torch.equal(widen(pack(levels), scales), expected.bfloat16())

    @any_dtype
    @pytest.mark.parametrize("rows", [1, 4, 5, 64, 65, 216])
    def test_the_product_is_that_of_the_rounded_weights(self, dtype: torch.dtype, rows: int) -> None:
        weight, x = random_weight(192, 256), torch.randn(rows, 256).to(dtype)
        actual = Int4Linear(weight, dtype)(x)
        assert actual.dtype == dtype
        rounding = 1e-5 if dtype == torch.float32 else 6e-3
        assert relative_error(actual, x.double() @ int4_values(weight).double().T) < rounding

    @any_dtype
    def test_few_rows_and_many_rows_agree(self, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
        linear, x = Int4Linear(random_weight(192, 256), dtype), torch.randn(8, 256).to(dtype)
        few = linear(x)
        monkeypatch.setattr(quantize, "_FEW_ROWS", 0)
        monkeypatch.setattr(quantize, "_WIDENED_AT_ONCE", 1)  # and one block at a time
        assert relative_error(linear(x), few) < (1e-5 if dtype == torch.float32 else 1e-2)

    def test_chunks_make_no_difference(self, monkeypatch: pytest.MonkeyPatch) -> None:
        weight = random_weight(320, 64)
        whole = Int4Linear(weight, torch.bfloat16)
        monkeypatch.setattr(quantize, "_QUANTIZED_AT_ONCE", 1)
        chunked = Int4Linear(weight, torch.bfloat16)
        assert torch.equal(chunked.packed, whole.packed)
        assert torch.equal(chunked.scales_and_zeros, whole.scales_and_zeros)

    def test_rows_that_do_not_lie_together_are_accepted(self) -> None:
        linear, x = Int4Linear(random_weight(64, 64), torch.float32), torch.randn(3, 128)
        assert torch.equal(linear(x[:, ::2]), linear(x[:, ::2].clone()))

    @pytest.mark.parametrize("shape", [(64, 48), (72, 64), (65, 33)])
    def test_a_shape_that_does_not_fit_becomes_int8(self, shape: tuple[int, int]) -> None:
        weight, x = random_weight(*shape), torch.randn(3, shape[1])
        assert not fits_int4(weight)
        linear = quantized(weight, "int4", torch.float32)
        assert isinstance(linear, Int8Linear)
        assert relative_error(linear(x), F.linear(x, weight)) < 0.02

    def test_a_shape_that_fits_becomes_int4(self) -> None:
        assert isinstance(quantized(random_weight(64, 64), "int4", torch.float32), Int4Linear)


@either_kind
@any_dtype
def test_quantizing_leaves_the_original_alone(kind: quantize.Quantize, dtype: torch.dtype) -> None:
    weight = random_weight(64, 64).to(dtype)
    before = weight.clone()
    quantized(weight, kind, dtype)
    assert torch.equal(weight, before)


@either_kind
class TestNotANumber:
    """A broken activation has to reach whoever checks the logits: a cast to int8 would make a number of it."""

    def answer(self, kind: quantize.Quantize, dtype: torch.dtype, value: float, rows: int) -> Tensor:
        x = torch.randn(rows, 64).to(dtype)
        x[0, 5] = value
        answer: Tensor = quantized(random_weight(64, 64), kind, dtype)(x)
        return answer

    @any_dtype
    @pytest.mark.parametrize("rows", [2, 70])
    def test_nan_stays_nan_in_its_row_alone(self, kind: quantize.Quantize, dtype: torch.dtype, rows: int) -> None:
        answer = self.answer(kind, dtype, torch.nan, rows)
        assert answer[0].isnan().all()
        assert answer[1:].isfinite().all()

    @any_dtype
    @pytest.mark.parametrize("value", [torch.inf, -torch.inf])
    def test_infinity_stays_no_finite_number(self, kind: quantize.Quantize, dtype: torch.dtype, value: float) -> None:
        answer = self.answer(kind, dtype, value, 2)
        assert not answer[0].isfinite().any()
        assert answer[1].isfinite().all()


@needs_prepack
class TestPacked:
    @pytest.mark.parametrize("bias", [True, False])
    def test_it_answers_as_the_linear_it_came_from(self, bias: bool) -> None:
        linear = nn.Linear(96, 160, bias=bias).bfloat16().requires_grad_(False)
        packed = PackedLinear(linear.weight, linear.bias)
        for rows in (0, 1, 50):
            x = torch.randn(rows, 96).bfloat16()
            torch.testing.assert_close(packed(x), linear(x), rtol=1e-2, atol=1e-2)

    def test_nothing_is_packed_for_other_dtypes_and_devices(self) -> None:
        assert not can_prepack(CPU, torch.float32)
        assert not can_prepack(torch.device("cuda"), torch.bfloat16)


class TestWeightBytes:
    def test_plain_weights(self) -> None:
        assert weight_bytes(nn.Linear(10, 6)) == 4 * (60 + 6)

    def test_int8(self) -> None:
        assert weight_bytes(Int8Linear(random_weight(64, 128))) == 64 * 128 + 64 * (4 + 4)  # scales and zero points

    @needs_int4
    def test_int4(self) -> None:
        linear = Int4Linear(random_weight(64, 128), torch.bfloat16)
        assert weight_bytes(linear) == 64 * 128 // 2 + 64 * 128 // GROUP * 2 * 2

    @needs_prepack
    def test_packed_bf16(self) -> None:
        assert weight_bytes(PackedLinear(torch.zeros(64, 128, dtype=torch.bfloat16))) == 64 * 128 * 2

    def test_a_weight_used_twice_counts_once(self, tiny_folder: Path) -> None:
        model = load(tiny_folder)
        assert model.config.tie_word_embeddings
        assert weight_bytes(model) == sum(weight.nbytes for weight in model.state_dict().values())


def load(
    folder: Path, kind: quantize.Quantize | None = None, dtype: torch.dtype = torch.float32, *, prepack: bool = False
) -> Qwen3VL:
    return load_model(ModelFolder.open(folder), device=CPU, dtype=dtype, quantize=kind, prepack=prepack)


@pytest.fixture(scope="module")
def untied_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint with an output projection of its own, in three files that cut every layer apart."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("untied"), tied=False, shards=3)


@pytest.fixture(params=["tied", "untied"])
def folder(request: pytest.FixtureRequest, tiny_folder: Path, untied_folder: Path) -> Path:
    return tiny_folder if request.param == "tied" else untied_folder


def logits(model: Qwen3VL, tokens: int = 70) -> Tensor:
    """Of a picture of two visual tokens in a row of text; [tokens, vocab]."""
    dtype = model.language_model.embed_tokens.weight.dtype
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 256, (tokens,), generator=generator)
    patches = torch.rand(8, model.config.vision.patch_dim, generator=generator) * 2 - 1
    cache = ContiguousCache(model.config.text, tokens, device=CPU, dtype=dtype)
    with torch.inference_mode():
        visual = model.encode_images(patches, [(1, 2, 4)])
        positions = torch.arange(tokens).expand(3, -1)
        output: Tensor = model(ids, positions, cache, visual=visual, visual_index=torch.tensor([3, 4]))
    return output


def rounded(model: Qwen3VL, kind: quantize.Quantize, dtype: torch.dtype = torch.float32) -> Qwen3VL:
    """A plain model whose weights are those that `kind` can tell apart; the embedding table looks rows up as it was."""

    def values(weight: Tensor, bits: Bits) -> Tensor:
        if fits_native(weight.to(dtype), dtype):
            levels, scales = kernels.quantize(weight.to(dtype), bits)
            inputs = torch.eye(weight.shape[1], dtype=dtype)
            return kernels.widened_linear(inputs, bits, levels, scales, weight.shape[0]).t().float()
        return int8_values(weight) if bits == 8 else int4_values(weight)

    for module in model.language_model.modules():
        if isinstance(module, nn.Linear):
            module.weight.data = values(module.weight.data, 8 if kind == "int8" else 4)
    model.output_projection = nn.Linear(1, 1, bias=False)
    model.output_projection.weight = nn.Parameter(values(model.output_weight.data, 8))
    return model


@either_kind
class TestQuantizedModel:
    def test_it_answers_as_a_plain_model_with_the_rounded_weights(self, folder: Path, kind: quantize.Quantize) -> None:
        expected = logits(rounded(load(folder), kind))
        torch.testing.assert_close(logits(load(folder, kind)), expected, rtol=1e-3, atol=2e-3)

    def test_it_answers_nearly_as_the_plain_model(self, folder: Path, kind: quantize.Quantize) -> None:
        assert relative_error(logits(load(folder, kind)), logits(load(folder))) < (0.05 if kind == "int8" else 0.4)

    def test_in_bf16_too(self, folder: Path, kind: quantize.Quantize) -> None:
        expected = logits(rounded(load(folder, dtype=torch.bfloat16).float(), kind, torch.bfloat16))
        actual = logits(load(folder, kind, torch.bfloat16, prepack=True))
        assert actual.dtype == torch.bfloat16
        assert relative_error(actual, expected) < 0.05

    def test_a_few_tokens_at_a_time_answer_as_all_at_once(self, tiny_folder: Path, kind: quantize.Quantize) -> None:
        model, tokens = load(tiny_folder, kind), 72
        ids, positions = torch.arange(tokens), torch.arange(tokens).expand(3, -1)
        together, apart = (ContiguousCache(model.config.text, tokens, device=CPU, dtype=torch.float32) for _ in "ab")
        with torch.inference_mode():
            expected = model(ids, positions, together)
            few = [slice(0, 1), *(slice(i, i + 6) for i in range(1, tokens, 6))]
            actual = torch.cat([model(ids[part], positions[:, part], apart) for part in few])
        torch.testing.assert_close(actual, expected, rtol=1e-3, atol=2e-3)

    def test_layers_cut_apart_over_shards_load_the_same(
        self, tiny_folder: Path, tmp_path: Path, kind: quantize.Quantize
    ) -> None:
        sharded = write_tiny_checkpoint(tmp_path / "sharded", shards=5)
        assert torch.equal(logits(load(sharded, kind)), logits(load(tiny_folder, kind)))

    def test_the_decoder_holds_no_plain_linear_and_the_vision_tower_no_other(
        self, folder: Path, kind: quantize.Quantize
    ) -> None:
        model = load(folder, kind)
        assert not [name for name, module in model.language_model.named_modules() if type(module) is nn.Linear]
        assert not [module for module in model.visual.modules() if isinstance(module, Int8Linear | Int4Linear)]
        assert isinstance(model.output_projection, Int8Linear)
        assert isinstance(model.language_model.embed_tokens, nn.Embedding)
        assert not hasattr(model, "lm_head")

    def test_no_page_of_the_files_is_held(self, folder: Path, kind: quantize.Quantize, tmp_path: Path) -> None:
        """Small tensors are copied; one norm would keep all that was read beside it."""
        maps = Path("/proc/self/maps")
        if not maps.exists():
            pytest.skip("needs /proc to see mappings")
        own = shutil.copytree(folder, tmp_path / "own")  # others map the shared one
        model = load(own, kind)
        assert str(own) not in maps.read_text("utf-8")
        assert not any(weight.requires_grad or weight.is_meta for weight in model.parameters())

    def test_other_dtypes_are_refused(self, tiny_folder: Path, kind: quantize.Quantize) -> None:
        with pytest.raises(InvalidRequestError, match="bfloat16") as caught:
            load(tiny_folder, kind, torch.float16)
        assert (caught.value.code, caught.value.param) == ("quantize_not_supported", "quantize")


class TestPreparation:
    def test_nothing_asked_for_changes_nothing(self, tiny_folder: Path) -> None:
        plain, asked = load(tiny_folder).state_dict(), load(tiny_folder, prepack=True).state_dict()  # float32: no gain
        assert plain.keys() == asked.keys()

    def test_an_unknown_name_is_refused(self, tiny_folder: Path) -> None:
        with pytest.raises(InvalidRequestError, match="int5"):
            load(tiny_folder, "int5")  # type: ignore[arg-type]

    def test_linears_are_joined_when_the_last_of_them_has_arrived(self, tiny_folder: Path) -> None:
        model = load(tiny_folder)
        preparation = Preparation(model, device=CPU, dtype=torch.float32, quantize="int8", prepack=False)
        attention = model.language_model.layers[0].self_attn
        for name in "vq":
            preparation.arrived(f"language_model.layers.0.self_attn.{name}_proj.weight")
            assert attention.qkv_proj is None
        preparation.arrived("language_model.layers.0.self_attn.k_proj.weight")
        assert isinstance(attention.qkv_proj, Int8Linear)
        assert not any(hasattr(attention, f"{name}_proj") for name in "qkv")
        assert isinstance(attention.o_proj, nn.Linear)

    @pytest.mark.parametrize("part", ["self_attn", "mlp"])
    def test_joined_equals_apart(self, tiny_folder: Path, part: str) -> None:
        """Rows of a weight are rounded each on its own, so that joining changes nothing."""
        joined = load(tiny_folder, "int8").language_model.layers[0].get_submodule(part)
        plain = load(tiny_folder).language_model.layers[0].get_submodule(part)
        names = ("q_proj", "k_proj", "v_proj") if part == "self_attn" else ("gate_proj", "up_proj")
        together = joined.qkv_proj if part == "self_attn" else joined.gate_up_proj
        x = torch.randn(6, 64)
        apart = torch.cat([Int8Linear(getattr(plain, name).weight)(x) for name in names], dim=1)
        assert torch.equal(together(x), apart)

    @needs_prepack
    def test_prepacked_bf16_answers_as_bf16(self, folder: Path) -> None:
        expected = logits(load(folder, dtype=torch.bfloat16))
        model = load(folder, dtype=torch.bfloat16, prepack=True)
        assert relative_error(logits(model), expected) < 0.03
        linears = [name for name, module in model.named_modules() if type(module) is nn.Linear]
        assert linears == ["visual.patch_embed.proj"]
        assert (model.output_projection is None) == model.config.tie_word_embeddings

    def test_the_int8_product_is_tried_before_it_is_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(quantize, "_int8_product", lambda rows, *_: torch.full((16, 16), 32767.0))
        assert not int8_product_is_exact.__wrapped__()

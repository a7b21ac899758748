"""The doctor: what fits on this machine, whether a folder is whole, and whether our numbers are transformers'."""

from __future__ import annotations

import builtins
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from typer.testing import CliRunner, Result

from kantu import hub
from kantu.cli import app
from kantu.doctor import bf16, forward, machine, precision
from kantu.doctor.folder import check_folder
from kantu.doctor.parity import compare, difference
from kantu.doctor.precision import precisions
from kantu.errors import InvalidRequestError, MissingDependencyError
from kantu.model.checkpoint import expected_shapes, load_model
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Quantize, weight_bytes
from kantu.native import kernels
from kantu.processing.image_config import ImageConfig

pytestmark = pytest.mark.whole

PUBLISHED = Path(__file__).parent / "model" / "published"


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments], catch_exceptions=False)


# The machine


def test_it_says_what_this_machine_can_run_and_why() -> None:
    result = doctor()
    assert result.exit_code == 0
    assert "尚未支持" not in result.stdout
    for word in ("处理器", "指令集", "可用内存", "GFLOP/s", "GB/s", "默认精度", "INT8", "INT4", "qwen3-vl-32b"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("available", "built", "said"), [(True, True, "在用"), (False, True, "用不上"), (False, False, "没有")]
)
def test_it_says_whether_our_own_kernels_are_in_use(
    available: bool, built: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "libkantu.so"
    if built:
        library.touch()
    monkeypatch.setattr(kernels, "LIBRARY", library)
    monkeypatch.setattr(kernels, "is_available", lambda: available)
    assert machine.cpu().kernels.startswith(said)


@pytest.mark.parametrize("size", ["2b", "4b", "8b", "32b"])
def test_the_table_reckons_with_the_published_shapes(size: str) -> None:
    config = ModelFolder.open(PUBLISHED / size).config
    rows, _ = machine.sizes()
    (row,) = (row for row in rows if row.name in (f"qwen3-vl-{size}", hub.PUBLISHED[f"qwen3-vl-{size}"][0]))
    counts = {name: math.prod(shape) for name, shape in expected_shapes(config).items()}
    assert row.parameters == sum(counts.values())
    assert row.tower == sum(count for name, count in counts.items() if ".visual." in name)
    assert row.embedding == counts["model.language_model.embed_tokens.weight"]
    assert row.is_tied == ("lm_head.weight" not in counts)
    text = config.text
    assert row.kv_numbers == 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim


def test_memory_needed_grows_with_the_precision() -> None:
    row = machine.Size("x", 1_000_000_000, embedding=100_000_000, tower=200_000_000, is_tied=True, kv_numbers=500)
    wide, int8, int4 = precisions("cpu", torch.bfloat16, "")
    assert row.needed_bytes(wide) == 2_000_000_000 + 4_096_000 + 1_000_000_000
    assert row.needed_bytes(int4) < row.needed_bytes(int8) < row.needed_bytes(wide)
    assert row.needed_bytes(wide) < row.needed_bytes(precisions("cpu", torch.float32, "")[0])
    speed = machine.Speed(gflops=1, gbytes_per_second=16)
    assert row.tokens_per_second(wide, speed) == 10  # 800 million weights of the decoder and the output projection
    assert row.tokens_per_second(int8, speed) == 20


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_memory_told_is_the_memory_taken(dtype: torch.dtype, native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if native and not kernels.is_available():
        pytest.skip("our kernels do not run here")
    if not native:
        monkeypatch.setattr(kernels, "is_available", lambda: False)
    (size,) = (size for size in machine.sizes()[0] if size.name == hub.EMBEDDED)
    ways: tuple[Quantize | None, ...] = (None, "int8", "int4")
    for way, quantize in zip(precisions("cpu", dtype, ""), ways, strict=True):
        model = load_model(
            ModelFolder.open(hub.locate(None)), device=torch.device("cpu"), dtype=dtype, quantize=quantize, prepack=True
        )
        assert weight_bytes(model) == pytest.approx(size.weight_bytes(way), rel=0.08), way.name  # the tower's tables


@pytest.mark.parametrize(
    ("device", "dtype", "native", "exact", "int8", "int4"),
    [
        ("cpu", torch.bfloat16, True, True, (True, "看图的 CPU 内核"), (True, "看图的 CPU 内核")),
        ("cpu", torch.bfloat16, False, True, (True, "PyTorch 的 INT8 内核"), (True, "PyTorch 的 INT4 内核")),
        ("cpu", torch.float32, True, False, (False, "先展开再算"), (True, "PyTorch 的 INT4 内核")),
        ("cuda", torch.bfloat16, True, True, (False, "先展开再算"), (False, "先展开再算")),
    ],
)
def test_it_says_on_whose_kernels_a_precision_runs(
    device: str,
    dtype: torch.dtype,
    native: bool,
    exact: bool,
    int8: tuple[bool, str],
    int4: tuple[bool, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "is_available", lambda: native)
    monkeypatch.setattr(precision, "int8_product_is_exact", lambda: exact)
    _, eight, four = precisions(device, dtype, "")
    for found, (is_fast, why) in ((eight, int8), (four, int4)):
        assert found.is_supported
        assert found.is_fast == is_fast
        assert found.why.startswith(why)


def test_it_says_that_a_machine_cannot_do_int4_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise InvalidRequestError("quantize_not_supported", "本机的 CPU 不支持 INT4，请改用 int8。", "")

    monkeypatch.setattr(precision, "packed_block", refuse)
    shown = doctor().stdout
    assert "INT4：不可用（本机的 CPU 不支持 INT4，请改用 int8。）" in shown
    assert "INT8：可用，加 --quantize int8" in shown


def test_the_machine_s_figures_are_sane() -> None:
    cpu, (device, *_) = machine.cpu(), machine.devices()
    speed = machine.measure(device)
    assert cpu.cores >= 1
    assert device.name == "cpu"
    assert 0 < device.available_bytes < 1e14
    assert 0.1 < speed.gflops < 1e7
    assert 0.1 < speed.gbytes_per_second < 1e5


def test_a_container_s_limit_is_the_memory_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1_024_000_000))
    files = {
        "/sys/fs/cgroup/memory.max": "5000000",
        "/sys/fs/cgroup/memory.current": "2000000",
    }
    monkeypatch.setattr(machine, "_words", lambda path: files[str(path)].split())
    assert machine.available_memory_bytes() == 3_000_000
    files["/sys/fs/cgroup/memory.max"] = "max"
    assert machine.available_memory_bytes() == 1_024_000_000


# A folder


def test_a_whole_folder_passes(tiny_folder: Path) -> None:
    assert [check.passed for check in check_folder(ModelFolder.open(tiny_folder))] == [True] * 5
    assert doctor(str(tiny_folder)).exit_code == 0


def _edit(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "failing"),
    [
        (lambda f: (f / "model.safetensors").write_bytes(b"short"), {"权重"}),
        (lambda f: (f / "tokenizer.json").unlink(), {"分词与对话模板"}),
        (lambda f: (f / "preprocessor_config.json").write_text("{}"), {"图片设置"}),
        (lambda f: (f / "generation_config.json").unlink(), {"生成设置"}),
        (lambda f: _edit(f, "config.json", lambda c: c["text_config"].update(num_hidden_layers=4)), {"权重"}),
        (lambda f: (f / "config.json").unlink(), {"配置", "权重", "分词与对话模板"}),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_still_checked(
    tiny_folder: Path, tmp_path: Path, damage: Callable[[Path], None], failing: set[str]
) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "damaged")
    damage(folder)
    failed = [check for check in check_folder(ModelFolder.open(folder)) if not check.passed]
    assert {check.name for check in failed} == failing
    result = doctor(str(folder))
    assert result.exit_code == 1
    assert "失败" in result.stdout
    codes = {check.detail.rsplit("[", 1)[1] for check in failed}
    assert all(f"[{code}" in result.stdout.replace("\n", "") for code in codes)


def test_a_path_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    result = doctor(str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "[model_folder_not_found]" in result.stderr


def test_a_model_that_cannot_be_read_is_named_and_the_rest_still_listed(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    folder = shutil.copytree(tiny_folder, tmp_path / "models/someone/thinks")
    _edit(folder, "config.json", lambda c: c.update(architectures=["Qwen3VLMoeForConditionalGeneration"]))
    result = doctor()
    assert result.exit_code == 0
    assert "someone/thinks：暂不支持这类模型（MoE）" in result.stdout
    assert "kantu-mini" in result.stdout


# Against transformers


def test_our_numbers_are_those_of_transformers(tiny_folder: Path) -> None:
    result = compare(ModelFolder.open(tiny_folder))
    assert result.passed
    assert result.dtype == torch.float32
    assert result.top_token_agreement == 1.0
    names = [row.name for row in result.differences]
    assert names[:4] == ["词元编号", "三轴位置", "像素", "视觉词元"]
    assert names[-1] == "输出分数"
    assert len(names) == 8  # three DeepStack levels
    shown = doctor(str(tiny_folder), "--against", "transformers")
    assert shown.exit_code == 0
    assert shown.stdout.count("一致") >= 8


def test_a_folder_whose_pictures_have_more_than_the_usual_budget_is_compared_too() -> None:
    folder = ModelFolder.open(hub.locate(hub.EMBEDDED))
    assert ImageConfig.from_folder(folder).min_pixels > forward._MAX_PIXELS
    assert compare(folder).passed


def test_a_difference_is_shown_with_its_place_and_fails(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patchify = forward.patchify

    def wrong(*arguments: Any) -> np.ndarray[Any, Any]:
        patches = patchify(*arguments)
        patches[5, 7] += 0.5
        return patches

    monkeypatch.setattr(forward, "patchify", wrong)
    rows = {row.name: row for row in compare(ModelFolder.open(tiny_folder)).differences}
    assert not rows["像素"].passed
    assert rows["像素"].first == (5, 7)
    assert rows["像素"].max_abs == pytest.approx(0.5)
    assert rows["词元编号"].passed
    assert not rows["视觉词元"].passed
    result = doctor(str(tiny_folder), "--against", "transformers")
    assert result.exit_code == 1
    assert "不一致" in result.stdout
    assert "5, 7" in result.stdout


def test_what_bf16_costs_is_told_beside_transformers(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bf16, "apart", lambda function: function())
    found = bf16.measure(ModelFolder.open(tiny_folder))
    assert found.float32.max_abs < 1e-3 * found.deviation
    assert 0 < found.ours.mean_abs < found.ours.rms < found.ours.max_abs < found.deviation
    assert found.clear_agree <= found.clear_tokens <= found.tokens
    shown = doctor(str(tiny_folder), "--against", "transformers", "--bf16")
    assert shown.exit_code == (0 if found.passed else 1)
    assert f"{found.tokens} 个词元" in shown.stdout
    assert "看图 BF16 − FP32" in shown.stdout


def test_bf16_fails_where_it_costs_more_than_transformers_or_a_clear_token() -> None:
    exact = np.array([[9.0, 1.0, 0.0], [2.0, 1.99, 0.0]], np.float32)
    theirs = exact + np.float32(0.1)
    assert bf16.cost(exact, exact, exact, theirs).passed
    assert not bf16.cost(exact, exact + np.float32(0.2), exact, theirs).is_small
    turned = exact[:, [1, 0, 2]]
    wrong = bf16.cost(exact, turned, exact, exact + np.float32(7.5))
    assert (wrong.clear_tokens, wrong.clear_agree, wrong.agree) == (1, 0, 0)
    assert not wrong.passed


def test_differences_of_shape_and_nan_fail() -> None:
    assert not difference("x", torch.zeros(3), torch.zeros(4), 1.0).passed
    assert not difference("x", torch.tensor([0.0, math.nan]), torch.zeros(2), 1.0).passed
    assert difference("x", torch.tensor([0.5]), torch.zeros(1), 1.0).passed


def test_without_transformers_it_says_what_to_install(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("transformers"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingDependencyError):
        compare(ModelFolder.open(tiny_folder))
    result = doctor(str(tiny_folder), "--against", "transformers")
    assert result.exit_code == 1
    assert "[transformers_missing]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--against", "transformers"], "doctor_path_missing"),
        (["x", "--against", "vllm"], "invalid_against"),
        (["x", "--bf16"], "doctor_against_missing"),
    ],
)
def test_senseless_arguments_are_refused(arguments: list[str], code: str) -> None:
    result = doctor(*arguments)
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr

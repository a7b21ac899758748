"""The public Python interface, on a tiny random model."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

import kantu
from kantu.errors import (
    CheckpointError,
    ImageError,
    InvalidRequestError,
    ModelNotFoundError,
    OutOfMemoryError,
    PromptTooLongError,
    UnsupportedModelError,
)
from kantu.model.folder import ModelFolder
from kantu.processing.image import ImageConfig
from kantu.vlm import default_dtype

pytestmark = pytest.mark.whole

QUESTION = "为什么这个还没发货？"


@pytest.fixture(scope="module")
def vlm(tiny_folder: Path) -> kantu.VLM:
    return kantu.load(tiny_folder, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    image = Image.new("RGB", (160, 96), "white")
    ImageDraw.Draw(image).rectangle((10, 10, 80, 60), fill="red")
    return image


@pytest.fixture(scope="module")
def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


# Asking


def test_an_answer_prints_as_its_text_and_says_what_it_cost(vlm: kantu.VLM, picture: Image.Image) -> None:
    answer = vlm.ask(picture, QUESTION, max_tokens=6, min_tokens=6, seed=1)
    assert str(answer) == answer.text
    assert (answer.usage.visual_tokens, answer.usage.completion_tokens) == (15, 6)
    assert 0 < answer.timings.ttft_seconds < answer.timings.total_seconds
    assert answer.finish_reason == "length"
    assert answer.warnings == ()


def test_a_path_bytes_and_a_pil_image_are_the_same_picture(
    vlm: kantu.VLM, picture: Image.Image, png: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "订单.png"
    path.write_bytes(png)
    answers = {
        vlm.ask(source, QUESTION, max_tokens=12, min_tokens=12, temperature=1.0, seed=1).text
        for source in (picture, png, path, str(path), [png], (path,))
    }
    assert len(answers) == 1


def test_the_picture_and_its_place_matter(vlm: kantu.VLM, picture: Image.Image) -> None:
    white = Image.new("RGB", picture.size, "white")
    texts = {
        vlm.ask(images, QUESTION, max_tokens=16, min_tokens=16, temperature=1.0, seed=1).text
        for images in ([picture, white], [white, picture], [picture], [])
    }
    assert len(texts) == 4


def test_no_picture_is_an_empty_list(vlm: kantu.VLM) -> None:
    assert vlm.ask([], "你好", max_tokens=2, min_tokens=2).usage.visual_tokens == 0


def test_the_folder_s_generation_config_is_the_default(vlm: kantu.VLM, tiny_folder: Path, tmp_path: Path) -> None:
    greedy = shutil.copytree(tiny_folder, tmp_path / "greedy")
    settings = json.loads((greedy / "generation_config.json").read_text())
    (greedy / "generation_config.json").write_text(json.dumps({"eos_token_id": settings["eos_token_id"]}))
    other = kantu.load(greedy, device="cpu", dtype="float32")
    options: dict[str, Any] = {"max_tokens": 12, "min_tokens": 12}
    assert other.ask([], "你好", **options).text == vlm.ask([], "你好", temperature=0, **options).text
    sampled = vlm.ask([], "你好", seed=3, **options).text
    assert sampled == other.ask([], "你好", temperature=0.7, top_p=0.8, top_k=20, seed=3, **options).text
    assert sampled != vlm.ask([], "你好", temperature=0, **options).text


def test_the_folder_s_length_is_the_default(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "short")
    settings = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**settings, "max_new_tokens": 3}))
    short = kantu.load(folder, device="cpu", dtype="float32")
    assert short.ask([], "你好", min_tokens=2, seed=1).usage.completion_tokens <= 3
    assert short.ask([], "你好", min_tokens=5, seed=1).usage.completion_tokens == 5
    assert short.ask([], "你好", max_tokens=4, min_tokens=4, seed=1).usage.completion_tokens == 4


def test_a_folder_that_is_not_supported_is_called_so_whatever_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["Qwen3ForCausalLM"]}))
    with pytest.raises(UnsupportedModelError):
        kantu.load(tmp_path)


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_running_out_of_memory_is_a_typed_error(
    vlm: kantu.VLM, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr("kantu.model.text.TextDecoder.forward", fail)
        with pytest.raises(OutOfMemoryError) as caught:
            vlm.ask([], "你好", max_tokens=1)
    assert caught.value.code == "out_of_memory"
    assert vlm.ask([], "你好", max_tokens=1).usage.completion_tokens == 1


def test_a_stream_yields_the_pieces_of_the_answer(vlm: kantu.VLM, picture: Image.Image) -> None:
    options: dict[str, Any] = {"max_tokens": 12, "min_tokens": 12, "temperature": 1.0, "seed": 9}
    stream = vlm.stream(picture, QUESTION, **options)
    with pytest.raises(InvalidRequestError) as caught:
        _ = stream.answer
    assert caught.value.code == "answer_not_finished"
    pieces = list(stream)
    assert len(pieces) > 1
    assert all(pieces)
    assert "".join(pieces) == stream.answer.text == vlm.ask(picture, QUESTION, **options).text
    assert list(stream) == []


# Pixels


@pytest.mark.parametrize("value", [0, -1, 1023, 262_145, 1e5, "100000", True])
def test_a_budget_outside_the_folder_s_limits_is_refused(vlm: kantu.VLM, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        vlm.ask([], "你好", max_pixels=value)
    assert caught.value.code == "invalid_max_pixels"


def test_max_pixels_sets_the_visual_tokens(vlm: kantu.VLM, tiny_folder: Path) -> None:
    image = Image.new("RGB", (512, 512), "white")
    assert vlm.ask(image, QUESTION, max_tokens=1).usage.visual_tokens == 256
    assert vlm.ask(image, QUESTION, max_tokens=1, max_pixels=65536).usage.visual_tokens == 64
    assert ImageConfig.from_folder(ModelFolder.open(tiny_folder)).max_pixels == 262_144


def test_a_picture_shrunk_more_than_twofold_gets_a_chinese_warning(vlm: kantu.VLM) -> None:
    small, large = Image.radial_gradient("L").resize((512, 512)), Image.radial_gradient("L").resize((1080, 2340))
    for picture in (small, large):
        picture.paste(0, (0, 0, picture.width // 2, picture.height // 2))
    answer = vlm.ask([small, large], QUESTION, max_tokens=1)
    (warning,) = answer.warnings
    assert "第 2 张图片从 1080×2340 缩小到" in warning
    assert vlm.ask(small, QUESTION, max_tokens=1, max_pixels=65536).warnings == ()


def test_what_the_pixels_tell_is_warned_about_too(vlm: kantu.VLM) -> None:
    white = Image.new("RGB", (512, 512), "white")
    (warning,) = vlm.ask(white, QUESTION, max_tokens=1).warnings
    assert warning.startswith("第 1 张图片几乎是空白的")
    answers = vlm.ask_many(white, ["有什么？", "多少钱？"], max_tokens=1)
    assert [answer.warnings for answer in answers] == 2 * [(warning,)]


# Conversations


def test_ask_is_a_conversation_of_one_message(vlm: kantu.VLM, png: bytes) -> None:
    url = "data:image/png;base64," + base64.b64encode(png).decode()
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": QUESTION}]
    options: dict[str, Any] = {"max_tokens": 10, "min_tokens": 10, "seed": 2}
    messages = [{"role": "user", "content": parts}]
    assert vlm.chat(messages, **options).text == vlm.ask(png, QUESTION, **options).text
    assert vlm.stream_chat(messages, **options).finish().text == vlm.ask(png, QUESTION, **options).text


def test_earlier_turns_are_part_of_the_prompt(vlm: kantu.VLM, picture: Image.Image) -> None:
    image = {"type": "image", "image": picture}
    first = {"role": "user", "content": [image, {"type": "text", "text": QUESTION}]}
    turns = [first, {"role": "assistant", "content": "商家正在备货。"}, {"role": "user", "content": "什么时候？"}]
    options: dict[str, Any] = {"max_tokens": 2, "min_tokens": 2}
    longer = vlm.chat(turns, **options).usage
    shorter = vlm.chat([first], **options).usage
    assert longer.prompt_tokens > shorter.prompt_tokens
    assert longer.visual_tokens == shorter.visual_tokens == 15


def test_a_low_detail_costs_fewer_visual_tokens(vlm: kantu.VLM) -> None:
    picture = Image.new("RGB", (512, 512), "white")
    file = io.BytesIO()
    picture.save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()

    def cost(part: dict[str, Any], **options: Any) -> int:
        messages = [{"role": "user", "content": [part, {"type": "text", "text": QUESTION}]}]
        return vlm.chat(messages, max_tokens=1, **options).usage.visual_tokens

    for detail, tokens in (("low", 121), ("auto", 256), ("high", 256)):
        assert cost({"type": "image_url", "image_url": {"url": url, "detail": detail}}) == tokens
        assert cost({"type": "image", "image": picture, "detail": detail}) == tokens
    assert cost({"type": "image", "image": picture, "detail": "low"}, max_pixels=200 * 1024) == 196


# Errors


def test_of_several_pictures_the_broken_one_is_named(vlm: kantu.VLM, png: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        vlm.ask([png, b"%PDF-1.7"], "你好")
    assert caught.value.param == "images.1"
    assert caught.value.message.startswith("第 2 张图片：")
    broken = {"role": "user", "content": [{"type": "image", "image": image} for image in (png, b"")]}
    with pytest.raises(ImageError) as caught:
        vlm.chat([{"role": "system", "content": "这是什么？"}, broken])
    assert caught.value.param == "messages.1.content.1.image"


@pytest.mark.parametrize(
    ("images", "question", "options", "code"),
    [
        ([], "", {}, "empty_question"),
        ([], "  \n", {}, "empty_question"),
        ([], 3, {}, "empty_question"),
        (None, "你好", {}, "invalid_image_source"),
        ("https://example.com/a.png", "你好", {}, "image_url_not_allowed"),
        ([], "你好", {"max_tokens": -1}, "invalid_max_tokens"),
        ([], "你好", {"temperature": -0.5}, "invalid_temperature"),
        ([], "你好", {"top_p": 0}, "invalid_top_p"),
        ([], "你好", {"top_k": -2}, "invalid_top_k"),
        ([], "你好", {"seed": 1.5}, "invalid_seed"),
        ([], "你好", {"stop": ""}, "invalid_stop"),
        ([], "\ud800", {}, "invalid_text"),
        (b"", "你好", {}, "image_empty"),
        (b"%PDF-1.7", "你好", {}, "image_unsupported_format"),
        ("no such.png", "你好", {}, "image_not_found"),
    ],
)
def test_every_bad_argument_is_a_typed_error_before_any_work(
    vlm: kantu.VLM, monkeypatch: pytest.MonkeyPatch, images: Any, question: Any, options: dict[str, Any], code: str
) -> None:
    def unable(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network ran")

    monkeypatch.setattr("kantu.model.qwen3vl.Qwen3VL.forward", unable)
    monkeypatch.setattr("kantu.model.qwen3vl.Qwen3VL.encode_images", unable)
    for method in (vlm.ask, lambda *args, **kwargs: list(vlm.stream(*args, **kwargs))):
        with pytest.raises(InvalidRequestError) as caught:
            method(images, question, **options)
        assert caught.value.code == code
        assert caught.value.message != caught.value.message_en


def test_a_refused_picture_is_an_image_error(vlm: kantu.VLM) -> None:
    with pytest.raises(ImageError):
        vlm.ask(Image.new("RGB", (4, 4)), "你好")


def test_a_prompt_over_the_context_is_refused_before_the_network_runs(
    vlm: kantu.VLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.model.qwen3vl.Qwen3VL.forward", None)
    with pytest.raises(PromptTooLongError):
        vlm.ask([], "很长的问题" * vlm.context_tokens)


# Loading


def test_load_says_where_and_in_which_precision(vlm: kantu.VLM, tiny_folder: Path) -> None:
    assert (vlm.device.type, vlm.dtype, vlm.folder, vlm.name) == ("cpu", torch.float32, tiny_folder, str(tiny_folder))
    assert kantu.load(tiny_folder, device="cpu").dtype == default_dtype(torch.device("cpu"))
    assert kantu.load(str(tiny_folder), dtype=torch.bfloat16, device="cpu").dtype == torch.bfloat16


def test_bfloat16_answers_too(tiny_folder: Path, picture: Image.Image) -> None:
    vlm = kantu.load(tiny_folder, device="cpu", dtype="bfloat16")
    assert vlm.ask(picture, QUESTION, max_tokens=8, min_tokens=8).usage.completion_tokens == 8


def test_bfloat16_is_the_default_only_where_the_cpu_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for features, dtype in (
        ({"avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"avx512_f": True, "avx512_bf16": False}, torch.float32),
        ({}, torch.float32),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda features=features: features)
        assert default_dtype(cpu) == dtype


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"quantize": "int3"}, "invalid_quantize"),
        ({"dtype": "int3"}, "invalid_dtype"),
        ({"dtype": torch.int8}, "invalid_dtype"),
        ({"device": "toaster"}, "device_not_available"),
        ({"device": "cuda:99"}, "device_not_available"),
    ],
)
def test_a_wrong_option_of_load_is_refused(tiny_folder: Path, options: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        kantu.load(tiny_folder, **options)
    assert caught.value.code == code


def test_a_name_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ModelNotFoundError):
        kantu.load("no-such-model")


def test_an_end_token_outside_the_vocabulary_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "odd")
    (folder / "generation_config.json").write_text('{"eos_token_id": 99999}')
    with pytest.raises(CheckpointError) as caught:
        kantu.load(folder, device="cpu")
    assert caught.value.code == "end_token_out_of_range"


def test_pictures_cut_otherwise_than_the_tower_reads_them_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    config = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps({**config, "patch_size": 14}))
    with pytest.raises(CheckpointError) as caught:
        kantu.load(folder)
    assert (caught.value.code, caught.value.param) == ("processor_mismatch", "patch_size")


def test_importing_kantu_does_not_import_pytorch() -> None:
    code = "import sys, kantu; kantu.InvalidRequestError; sys.exit('torch' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_everything_exported_exists_and_is_documented() -> None:
    for name in kantu.__all__:
        assert getattr(kantu, name).__doc__ or name == "__version__"
    with pytest.raises(AttributeError):
        _ = kantu.nonsense  # type: ignore[attr-defined]

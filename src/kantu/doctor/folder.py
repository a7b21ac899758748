"""Is a model folder whole? Every part is checked, without loading a weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kantu.engine.generation_config import GenerationConfig
from kantu.errors import KantuError
from kantu.model.checkpoint import check_tensors, stored_shapes
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.processing.image import ImageConfig


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `detail` says what was found, or what is wrong, in Chinese."""

    name: str
    passed: bool
    detail: str


def check_folder(folder: ModelFolder) -> tuple[Check, ...]:
    """Check configuration, tensor names and shapes, tokenizer, chat template, image and generation settings."""
    checks: tuple[tuple[str, Callable[[ModelFolder], str]], ...] = (
        ("配置", _config),
        ("权重", _tensors),
        ("分词与对话模板", _chat),
        ("图片设置", _images),
        ("生成设置", _generation),
    )
    return tuple(_run(name, check, folder) for name, check in checks)


def _run(name: str, check: Callable[[ModelFolder], str], folder: ModelFolder) -> Check:
    try:
        return Check(name, True, check(folder))
    except KantuError as error:
        return Check(name, False, str(error))


def _config(folder: ModelFolder) -> str:
    text, vision = folder.config.text, folder.config.vision
    return (
        f"文本 {text.num_hidden_layers} 层 × {text.hidden_size}，视觉 {vision.depth} 层 × {vision.hidden_size}，"
        f"上下文 {text.max_position_embeddings}"
    )


def _tensors(folder: ModelFolder) -> str:
    found = stored_shapes(folder)
    check_tensors(folder, found)
    size = sum(shard.stat().st_size for shard in folder.weights)
    return f"{len(found)} 个张量，{len(folder.weights)} 个文件，{size / 1e6:,.1f} MB，名字与形状全部相符"


def _chat(folder: ModelFolder) -> str:
    chat = ChatProcessor.from_folder(folder)
    merge = chat.merge_size
    prompt = chat.prompt([Turn("user", (None, "这是什么？"))], [(1, merge, merge)])
    return f"词表 {chat.tokenizer.vocab_size}，样例问题 {len(prompt.input_ids)} 个词元"


def _images(folder: ModelFolder) -> str:
    config = ImageConfig.from_folder(folder)
    least, most = (pixels // config.factor**2 for pixels in (config.min_pixels, config.max_pixels))
    return f"每张图片 {least} 到 {most} 个视觉词元"


def _generation(folder: ModelFolder) -> str:
    config = GenerationConfig.from_folder(folder)
    if not config.temperature:
        return f"贪心，结束词元 {sorted(config.end_ids)}"
    return f"温度 {config.temperature}，top_p {config.top_p}，top_k {config.top_k}，结束词元 {sorted(config.end_ids)}"

"""Is a model folder whole? Every part is checked, without loading a weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kantu.engine.generation_config import read_generation_config
from kantu.errors import KantuError
from kantu.model.checkpoint import check_tensors, shard_files, tensor_shapes
from kantu.model.config import read_config
from kantu.processing.chat import ChatProcessor
from kantu.processing.image import read_image_config


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `detail` says what was found, or what is wrong, in Chinese."""

    name: str
    passed: bool
    detail: str


def check_folder(folder: Path) -> tuple[Check, ...]:
    """Check configuration, tensor names and shapes, tokenizer, chat template, image and generation settings."""
    checks: tuple[tuple[str, Callable[[Path], str]], ...] = (
        ("配置", _config),
        ("权重", _tensors),
        ("分词与对话模板", _chat),
        ("图片设置", _images),
        ("生成设置", _generation),
    )
    return tuple(_run(name, check, folder) for name, check in checks)


def _run(name: str, check: Callable[[Path], str], folder: Path) -> Check:
    try:
        return Check(name, True, check(folder))
    except KantuError as error:
        return Check(name, False, str(error))


def _config(folder: Path) -> str:
    config = read_config(folder)
    text, vision = config.text, config.vision
    return (
        f"文本 {text.num_hidden_layers} 层 × {text.hidden_size}，视觉 {vision.depth} 层 × {vision.hidden_size}，"
        f"上下文 {text.max_position_embeddings}"
    )


def _tensors(folder: Path) -> str:
    shards = shard_files(folder)
    found = {name: shape for shard in shards for name, shape in tensor_shapes(shard)}
    check_tensors(folder, read_config(folder), found)
    size = sum(shard.stat().st_size for shard in shards)
    return f"{len(found)} 个张量，{len(shards)} 个文件，{size / 1e6:,.1f} MB，名字与形状全部相符"


def _chat(folder: Path) -> str:
    chat = ChatProcessor.from_folder(folder)
    merge = chat.merge_size
    content = [{"type": "image"}, {"type": "text", "text": "这是什么？"}]
    prompt = chat.prompt([{"role": "user", "content": content}], [(1, merge, merge)])
    return f"词表 {chat.tokenizer.vocab_size}，样例问题 {len(prompt.input_ids)} 个词元"


def _images(folder: Path) -> str:
    config = read_image_config(folder)
    least, most = (pixels // config.factor**2 for pixels in (config.min_pixels, config.max_pixels))
    return f"每张图片 {least} 到 {most} 个视觉词元"


def _generation(folder: Path) -> str:
    config = read_generation_config(folder)
    if not config.temperature:
        return f"贪心，结束词元 {sorted(config.end_ids)}"
    return f"温度 {config.temperature}，top_p {config.top_p}，top_k {config.top_k}，结束词元 {sorted(config.end_ids)}"

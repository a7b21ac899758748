"""Images on their way to the network: guarded decode, resize to the pixel budget, patches, content hash.

Any untrusted file becomes clean RGB or raises our ImageError.
"""

from __future__ import annotations

import hashlib
import math
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from kantu.errors import error
from kantu.processing.container import Container, exif_orientation, upright_size
from kantu.processing.decode import render, render_image
from kantu.processing.guard import DEFAULT_LIMITS, MAX_ASPECT, ImageLimits, check_size, guard
from kantu.processing.image_config import ImageConfig

__all__ = [
    "CleanImage",
    "ImageConfig",
    "Resizing",
    "content_hash",
    "patchify",
    "plan",
    "prepare",
    "smart_resize",
]


@dataclass(frozen=True, slots=True)
class Resizing:
    """How an image is resized, known from its header.

    Attributes:
        original_size: (width, height) in pixels before resizing, after orientation.
        width, height: in pixels, as the network sees it.
    """

    original_size: tuple[int, int]
    width: int
    height: int

    def grid(self, config: ImageConfig) -> tuple[int, int, int]:
        """(frames, rows, columns) in patches; frames is 1 for a still image."""
        return 1, self.height // config.patch_size, self.width // config.patch_size

    def visual_tokens(self, config: ImageConfig) -> int:
        """How many tokens of the prompt the image takes."""
        frames, rows, columns = self.grid(config)
        return frames * rows * columns // config.merge_size**2


@dataclass(frozen=True, eq=False)
class CleanImage:
    """An image as the network will see it. Equal images have equal `sha256`.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, already resized to the budget; read-only.
        sha256: 64 hexadecimal digits over the pixels and their shape.
        original_size: (width, height) in pixels before resizing, after orientation.
    """

    pixels: npt.NDArray[np.uint8]
    sha256: str
    original_size: tuple[int, int]

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8], original_size: tuple[int, int]) -> CleanImage:
        """An image of these pixels, which must not change any more."""
        pixels.flags.writeable = False
        return cls(pixels, content_hash(pixels), original_size)

    @property
    def resizing(self) -> Resizing:
        """How it was resized."""
        height, width, _ = self.pixels.shape
        return Resizing(self.original_size, width, height)

    def grid(self, config: ImageConfig) -> tuple[int, int, int]:
        """(frames, rows, columns) in patches; frames is 1 for a still image."""
        return self.resizing.grid(config)

    def visual_tokens(self, config: ImageConfig) -> int:
        """How many tokens of the prompt this image takes."""
        return self.resizing.visual_tokens(config)


def smart_resize(height: int, width: int, *, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """Return (height, width) of the resized image: multiples of `factor` inside the pixel budget, aspect kept.

    The rule of the Qwen-VL family: sides are rounded half to even. Above the budget both are scaled down and floored
    (never below one factor); below it they are scaled up and ceiled. So very thin images can exceed a small budget.

    Raises:
        ImageError: `image_too_thin` if one side is more than 200 times the other.
    """
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise error("image_too_thin", cap=MAX_ASPECT)
    rows, columns = round(height / factor) * factor, round(width / factor) * factor
    if rows * columns > max_pixels:
        shrink = math.sqrt(height * width / max_pixels)
        rows = max(factor, math.floor(height / shrink / factor) * factor)
        columns = max(factor, math.floor(width / shrink / factor) * factor)
    elif rows * columns < min_pixels:
        grow = math.sqrt(min_pixels / (height * width))
        rows = math.ceil(height * grow / factor) * factor
        columns = math.ceil(width * grow / factor) * factor
    return rows, columns


def plan(size: tuple[int, int], config: ImageConfig, max_pixels: int) -> Resizing:
    """How an upright image of `size`, (width, height), is resized under the pixel budget `max_pixels`.

    A budget below the checkpoint's floor replaces the floor too.

    Raises:
        ImageError: `image_too_thin`.
    """
    width, height = size
    rows, columns = smart_resize(
        height, width, factor=config.factor, min_pixels=min(config.min_pixels, max_pixels), max_pixels=max_pixels
    )
    if max_pixels < config.min_pixels and rows * columns > max_pixels:  # enlarging rounds up, but the budget holds
        rows, columns = smart_resize(
            height * config.factor,
            width * config.factor,
            factor=config.factor,
            min_pixels=config.factor**2,
            max_pixels=max_pixels,
        )
    return Resizing(size, columns, rows)


def cleaned(file: Container, resizing: Resizing) -> CleanImage:
    """A picture that the guard has let through, decoded. Raises ImageError as `decode.render`."""
    return CleanImage.of(render(file, resizing.width, resizing.height), file.upright)


def prepare(
    source: str | Path | bytes | Image.Image,
    config: ImageConfig,
    *,
    max_pixels: int | None = None,
    limits: ImageLimits = DEFAULT_LIMITS,
    cleaned: Callable[[Container, Resizing], CleanImage] = cleaned,
) -> CleanImage:
    """Read, decode and resize one image.

    Args:
        source: path of a file, its bytes, or a PIL image.
        max_pixels: budget for this request instead of the checkpoint's own; at least one visual token. Below
            the checkpoint's floor it replaces the floor too.
        cleaned: who decodes a file, see `kept.KeptPictures`.

    Raises:
        ImageError: as `guard.guard` and `decode.render`, and `image_not_found`, `image_unreadable` for a path.
        InvalidRequestError: `invalid_max_pixels`, `invalid_image_source`.
    """
    least = config.factor**2
    if max_pixels is not None and (not isinstance(max_pixels, int) or max_pixels < least):
        raise error("invalid_max_pixels.at_least", least=least)
    budget = config.max_pixels if max_pixels is None else max_pixels
    if isinstance(source, Image.Image):
        orientation = _read_pil(source, limits)
        resizing = plan(upright_size(source.width, source.height, orientation), config, budget)
        pixels = render_image(source, orientation, resizing.width, resizing.height)
        return CleanImage.of(pixels, resizing.original_size)
    if isinstance(source, str | Path):
        data = read_file(Path(source), limits)
    elif isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    else:
        raise error("invalid_image_source")
    file = guard(data, limits)
    return cleaned(file, plan(file.upright, config, budget))


def upright(source: Path | bytes) -> Image.Image:
    """A whole picture, a file or its bytes, as it is seen before it is resized: upright RGB, on white.

    Raises ImageError as `prepare`.
    """
    container = guard(source if isinstance(source, bytes) else read_file(source, DEFAULT_LIMITS), DEFAULT_LIMITS)
    return Image.fromarray(render(container, *container.upright))


def content_hash(pixels: npt.NDArray[np.uint8]) -> str:
    """Full SHA-256 (hex) over the shape, as little-endian int64, and the pixels in C order."""
    digest = hashlib.sha256(np.asarray(pixels.shape, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def patchify(pixels: npt.NDArray[np.uint8], config: ImageConfig) -> npt.NDArray[np.float32]:
    """Cut a resized image into normalised patches.

    Args:
        pixels: uint8 [height, width, 3]; both sides multiples of `config.factor`.

    Returns:
        float32 [patches, 3 * temporal_patch_size * patch_size * patch_size]. A patch is ordered by channel, frame, row,
        column. Patches that merge into one visual token are adjacent: (gh / m, gw / m, m, m).
    """
    height, width, channels = pixels.shape
    if channels != 3 or height % config.factor or width % config.factor or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 [h, w, 3] with sides in multiples of {config.factor}: {pixels.shape}")
    patch, merge = config.patch_size, config.merge_size
    rows, columns = height // config.factor, width // config.factor
    levels = np.arange(256, dtype=np.float64)[:, None] / 255  # one table look-up instead of arithmetic per pixel
    table = ((levels - config.image_mean) / config.image_std).astype(np.float32)  # [256, 3]
    blocks = pixels.reshape(rows, merge, patch, columns, merge, patch, 3).transpose(0, 3, 1, 4, 6, 2, 5)
    out = np.empty((rows, columns, merge, merge, 3, config.temporal_patch_size, patch, patch), dtype=np.float32)
    for channel in range(3):
        out[:, :, :, :, channel] = table[blocks[:, :, :, :, channel], channel][:, :, :, :, None]
    return out.reshape(rows * columns * merge * merge, -1)


def read_file(path: Path, limits: ImageLimits) -> bytes:
    """A picture's file.

    Raises ImageError: `image_not_found`, `image_unreadable`, `image_too_many_bytes`.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise error("image_unreadable", path=path)
        if info.st_size > limits.max_bytes:
            raise error("image_too_many_bytes.file", cap=limits.max_bytes / 2**20)
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)  # it may have grown since
    except FileNotFoundError:
        raise error("image_not_found", path=path) from None
    except (OSError, ValueError):  # ValueError: a path with a zero byte
        raise error("image_unreadable", path=path) from None


def _read_pil(image: Image.Image, limits: ImageLimits) -> int:
    """Load a PIL image that the caller opened. Returns its EXIF orientation."""
    check_size(image.width, image.height, limits)
    try:
        image.load()
    except MemoryError:
        raise
    except Exception:  # as in decode.load
        raise error("image_damaged") from None
    exif = image.info.get("exif")
    return exif_orientation(exif.removeprefix(b"Exif\x00\x00")) if isinstance(exif, bytes) else 1

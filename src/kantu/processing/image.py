"""Pictures on their way to the network: guarded decode, resize to the pixel budget, patches, content hash.

Whatever an untrusted file does, what leaves is clean RGB or an ImageError of ours.
"""

from __future__ import annotations

import hashlib
import io
import math
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, features

from kantu.errors import ImageError, InvalidRequestError
from kantu.processing import container
from kantu.processing.image_config import ImageConfig
from kantu.processing.refusal import damaged, variant

__all__ = [
    "CleanImage",
    "ImageConfig",
    "ImageLimits",
    "content_hash",
    "decode",
    "patchify",
    "prepare",
    "smart_resize",
]

MAX_ASPECT = 200  # the model family's own limit, see smart_resize
_PILLOW_WARNING_PIXELS = 89_478_485  # above this Pillow warns of a decompression bomb


@dataclass(frozen=True)
class ImageLimits:
    """What the decode guard lets through. Sizes are those the file declares, before any resizing.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width x height; at most Pillow's own bound, so that its warning is never met.
        min_side: shorter side in pixels.
        max_aspect: longer side / shorter side.
    """

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 64_000_000
    min_side: int = 8
    max_aspect: float = MAX_ASPECT

    def __post_init__(self) -> None:
        if not 0 < self.max_pixels <= _PILLOW_WARNING_PIXELS:
            raise ValueError(f"max_pixels must lie in 1..{_PILLOW_WARNING_PIXELS}")
        if self.max_bytes < 1 or self.min_side < 1 or self.max_aspect < 1:
            raise ValueError("limits must be positive")


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, eq=False)
class CleanImage:
    """A picture as the network will see it. Equal pictures have equal `sha256`.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, already resized to the budget; read-only.
        sha256: 64 hexadecimal digits over the pixels and their shape.
        original_size: (width, height) in pixels before resizing, after orientation.
    """

    pixels: npt.NDArray[np.uint8]
    sha256: str
    original_size: tuple[int, int]

    def grid(self, config: ImageConfig) -> tuple[int, int, int]:
        """(frames, rows, columns) in patches; frames is 1 for a still image."""
        height, width, _ = self.pixels.shape
        return 1, height // config.patch_size, width // config.patch_size

    def visual_tokens(self, config: ImageConfig) -> int:
        """How many tokens of the prompt this picture takes."""
        frames, rows, columns = self.grid(config)
        return frames * rows * columns // config.merge_size**2


def smart_resize(height: int, width: int, *, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    """Return (height, width) of the resized picture: multiples of `factor` inside the pixel budget, aspect kept.

    The rule of the Qwen-VL family: sides are rounded half to even; over budget, both are scaled down and floored (never
    below one factor); under it, scaled up and ceiled. Very thin pictures can therefore end above a small budget.

    Raises:
        ImageError: `image_too_thin` if one side is more than 200 times the other.
    """
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise _too_thin(MAX_ASPECT)
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


def decode(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image.Image:
    """Decode an untrusted PNG, JPEG, WebP, AVIF, BMP or GIF (first frame) into upright RGB.

    The declared size is checked before anything is decoded. EXIF orientation is applied; transparency is laid on white;
    CMYK, 16-bit, palette and grey become RGB. Colour profiles are ignored, as the reference processor does.

    Raises:
        ImageError: with one of the codes `image_empty`, `image_too_many_bytes`, `image_unsupported_format`,
            `image_unsupported_variant`, `image_damaged`, `image_too_many_pixels`, `image_too_small`, `image_too_thin`.
    """
    if len(data) > limits.max_bytes:
        raise _too_many_bytes(limits)
    header = container.inspect(data)
    _check_size(header.width, header.height, limits)
    if header.most_pixels is not None and header.width * header.height > header.most_pixels:
        raise damaged()
    if header.format == "AVIF" and not features.check("avif"):
        raise variant(
            "这里的 Pillow 没有编入 AVIF；请安装 PyPI 上的 Pillow，或把图片转换为 JPEG。",
            "This build of Pillow has no AVIF; install Pillow from PyPI, or convert the picture to JPEG.",
        )
    try:
        image = Image.open(io.BytesIO(header.data), formats=[header.format])
        if image.size != (header.width, header.height):
            raise damaged()
        image.load()
    except (ImageError, MemoryError):
        raise
    except Exception:  # decoders raise nearly anything on hostile bytes, and none of their words may reach the user
        raise damaged() from None
    return _upright(_to_rgb(image), header.orientation)


def prepare(
    source: str | Path | bytes | Image.Image,
    config: ImageConfig,
    *,
    max_pixels: int | None = None,
    limits: ImageLimits = DEFAULT_LIMITS,
) -> CleanImage:
    """Read, decode and resize one picture.

    Args:
        source: path of a file, its bytes, or a PIL image.
        max_pixels: budget for this request instead of the checkpoint's own; at least one visual token. Below
            the checkpoint's floor it is the floor, too.

    Raises:
        ImageError: as `decode`, and `image_not_found`, `image_unreadable` for a path.
        InvalidRequestError: `invalid_max_pixels`, `invalid_image_source`.
    """
    least = config.factor**2
    if max_pixels is not None and (not isinstance(max_pixels, int) or max_pixels < least):
        raise InvalidRequestError(
            "invalid_max_pixels",
            f"max_pixels 必须是不小于 {least} 的整数。",
            f"max_pixels must be an integer of at least {least}.",
            param="max_pixels",
        )
    if isinstance(source, Image.Image):
        image = _from_pil(source, limits)
    elif isinstance(source, bytes | bytearray | memoryview):
        image = decode(bytes(source), limits)
    elif isinstance(source, str | Path):
        image = decode(_read_file(Path(source), limits), limits)
    else:
        raise InvalidRequestError(
            "invalid_image_source",
            "图片必须是文件路径、字节或 PIL 图像。",
            "An image must be a path, bytes or a PIL image.",
            param="images",
        )
    budget = config.max_pixels if max_pixels is None else max_pixels
    height, width = smart_resize(
        image.height,
        image.width,
        factor=config.factor,
        min_pixels=min(config.min_pixels, budget),
        max_pixels=budget,
    )
    if budget < config.min_pixels and height * width > budget:  # enlarging rounds up; a budget below the floor holds
        height, width = smart_resize(
            image.height * config.factor,
            image.width * config.factor,
            factor=config.factor,
            min_pixels=least,
            max_pixels=budget,
        )
    # Pillow's bicubic is antialiased when shrinking, as the reference processor's.
    pixels = np.array(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.uint8)
    pixels.flags.writeable = False
    return CleanImage(pixels=pixels, sha256=content_hash(pixels), original_size=image.size)


def content_hash(pixels: npt.NDArray[np.uint8]) -> str:
    """Full SHA-256 (hex) over the shape, as little-endian int64, and the pixels in C order."""
    digest = hashlib.sha256(np.asarray(pixels.shape, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def patchify(pixels: npt.NDArray[np.uint8], config: ImageConfig) -> npt.NDArray[np.float32]:
    """Cut a resized picture into normalised patches.

    Args:
        pixels: uint8 [height, width, 3]; both sides multiples of `config.factor`.

    Returns:
        float32 [patches, 3 * temporal_patch_size * patch_size * patch_size]. A patch holds channel, frame, row, column
        in that order; patches that merge into one visual token stand together: (gh / m, gw / m, m, m).
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


def _read_file(path: Path, limits: ImageLimits) -> bytes:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise _unreadable(path)
        if info.st_size > limits.max_bytes:
            raise _too_many_bytes(limits)
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)  # it may have grown since
    except FileNotFoundError:
        raise ImageError(
            "image_not_found", f"找不到图片文件：{path}", f"No such image file: {path}", param="images"
        ) from None
    except (OSError, ValueError):  # ValueError: a path with a zero byte
        raise _unreadable(path) from None


def _from_pil(image: Image.Image, limits: ImageLimits) -> Image.Image:
    _check_size(image.width, image.height, limits)
    try:
        image.load()  # it may have been opened but not read
    except MemoryError:
        raise
    except Exception:  # as in decode
        raise damaged() from None
    exif = image.info.get("exif")
    orientation = container.exif_orientation(exif.removeprefix(b"Exif\x00\x00")) if isinstance(exif, bytes) else 1
    return _upright(_to_rgb(image), orientation)


def _check_size(width: int, height: int, limits: ImageLimits) -> None:
    if width * height > limits.max_pixels:
        cap = limits.max_pixels / 10_000
        raise ImageError(
            "image_too_many_pixels",
            f"图片尺寸过大：{width} × {height}，最多 {cap:g} 万像素；请先缩小。",
            f"The image is too large: {width} x {height}, at most {limits.max_pixels:,} pixels; shrink it first.",
        )
    if min(width, height) < limits.min_side:
        raise ImageError(
            "image_too_small",
            f"图片太小：{width} × {height}，每边至少 {limits.min_side} 像素。",
            f"The image is too small: {width} x {height}, each side must have at least {limits.min_side} pixels.",
        )
    if max(width, height) > limits.max_aspect * min(width, height):
        raise _too_thin(limits.max_aspect)


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any 8- or 16-bit mode to RGB, transparency on white."""
    if image.mode in ("I", "I;16", "I;16L", "I;16B", "I;16N"):
        return _from_16_bit(image)
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.has_transparency_data:
        if image.mode == "La":  # premultiplied; Pillow knows the way only through LA
            image = image.convert("LA")
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    if image.mode in ("1", "L", "P", "RGBX", "CMYK", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise ImageError(
        "image_unsupported_variant",
        f"不支持颜色模式为 {image.mode} 的图片；请转换为 RGB。",
        f"Images of colour mode {image.mode} are not supported; convert to RGB.",
    )


def _from_16_bit(image: Image.Image) -> Image.Image:
    levels = np.asarray(image).astype(np.int64).clip(0, 65535)
    grey = ((levels * 255 + 32767) // 65535).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):  # one 16-bit level that stands for "nothing here"
        grey[levels == transparent] = 255
    return Image.fromarray(grey).convert("RGB")


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def _too_many_bytes(limits: ImageLimits) -> ImageError:
    cap = limits.max_bytes / 1024 / 1024
    return ImageError(
        "image_too_many_bytes",
        f"图片文件过大：最多 {cap:g} MiB。",
        f"The image file is too large: at most {cap:g} MiB.",
    )


def _too_thin(cap: float) -> ImageError:
    return ImageError(
        "image_too_thin",
        f"图片过于细长：长边最多是短边的 {cap:g} 倍。",
        f"The image is too thin: the longer side may be at most {cap:g} times the shorter.",
    )


def _unreadable(path: Path) -> ImageError:
    return ImageError(
        "image_unreadable",
        f"无法读取图片文件：{path}（不是普通文件，或没有权限）。",
        f"Cannot read the image file: {path} (not a regular file, or no permission).",
        param="images",
    )

"""The decode guard: accepts or refuses an image file by its header, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import features

from kantu.errors import ImageError
from kantu.processing import container
from kantu.processing.container import Container
from kantu.processing.refusal import damaged, variant

MAX_ASPECT = 200  # the model family's own limit, see `image.smart_resize`
_PILLOW_WARNING_PIXELS = 89_478_485  # above this Pillow warns of a decompression bomb

_MAX_PASSES = 100
_MAX_PASSED_PIXELS = 1_500_000_000


@dataclass(frozen=True)
class ImageLimits:
    """What the decode guard accepts. Sizes are those the file declares, before any resizing.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width x height; at most Pillow's own bound, so that Pillow never warns.
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


def guard(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Container:
    """Check an untrusted PNG, JPEG, WebP, AVIF, BMP or GIF (first frame) without decoding it.

    Returns:
        The input of `decode.render`.

    Raises:
        ImageError: with one of the codes `image_empty`, `image_too_many_bytes`, `image_unsupported_format`,
            `image_unsupported_variant`, `image_damaged`, `image_too_many_pixels`, `image_too_small`, `image_too_thin`.
    """
    if len(data) > limits.max_bytes:
        raise too_many_bytes(limits)
    header = container.inspect(data)
    check_size(header.width, header.height, limits)
    if header.most_pixels is not None and header.coded_pixels > header.most_pixels:
        raise damaged()
    if header.passes > _MAX_PASSES or header.passes * header.width * header.height > _MAX_PASSED_PIXELS:
        raise variant(
            "这个渐进式 JPEG 的扫描次数过多；请另存为普通 JPEG 或 PNG。",
            "This progressive JPEG has too many scans; save it as baseline JPEG or PNG.",
        )
    if header.format == "AVIF" and not features.check("avif"):
        raise variant(
            "这里的 Pillow 没有编入 AVIF；请安装 PyPI 上的 Pillow，或把图片转换为 JPEG。",
            "This build of Pillow has no AVIF; install Pillow from PyPI, or convert the picture to JPEG.",
        )
    return header


def check_size(width: int, height: int, limits: ImageLimits) -> None:
    """Check a declared size.

    Raises:
        ImageError: `image_too_many_pixels`, `image_too_small`, `image_too_thin`.
    """
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
        raise too_thin(limits.max_aspect)


def too_many_bytes(limits: ImageLimits) -> ImageError:
    """For a file over `limits.max_bytes`."""
    cap = limits.max_bytes / 1024 / 1024
    return ImageError(
        "image_too_many_bytes",
        f"图片文件过大：最多 {cap:g} MiB。",
        f"The image file is too large: at most {cap:g} MiB.",
    )


def too_thin(cap: float) -> ImageError:
    """For an image with one side more than `cap` times the other."""
    return ImageError(
        "image_too_thin",
        f"图片过于细长：长边最多是短边的 {cap:g} 倍。",
        f"The image is too thin: the longer side may be at most {cap:g} times the shorter.",
    )

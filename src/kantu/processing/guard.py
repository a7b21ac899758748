"""The decode guard: accepts or refuses an image file by its header, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import features

from kantu.errors import Words, error
from kantu.processing import container
from kantu.processing.container import Container

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
        raise error("image_too_many_bytes.file", cap=limits.max_bytes / 2**20)
    header = container.inspect(data)
    check_size(header.width, header.height, limits)
    if header.most_pixels is not None and header.coded_pixels > header.most_pixels:
        raise error("image_damaged")
    if header.passes > _MAX_PASSES or header.passes * header.width * header.height > _MAX_PASSED_PIXELS:
        raise error("image_unsupported_variant.jpeg_scans")
    if header.format == "AVIF" and not features.check("avif"):
        raise error("image_unsupported_variant.no_avif")
    return header


def check_size(width: int, height: int, limits: ImageLimits) -> None:
    """Check a declared size.

    Raises:
        ImageError: `image_too_many_pixels`, `image_too_small`, `image_too_thin`.
    """
    if width * height > limits.max_pixels:
        most = Words(f"{limits.max_pixels / 10_000:g}", f"{limits.max_pixels:,}")
        raise error("image_too_many_pixels", width=width, height=height, most=most)
    if min(width, height) < limits.min_side:
        raise error("image_too_small", width=width, height=height, min_side=limits.min_side)
    if max(width, height) > limits.max_aspect * min(width, height):
        raise error("image_too_thin", cap=limits.max_aspect)

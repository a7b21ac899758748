"""The errors shared by all readers of image files."""

from __future__ import annotations

from kantu.errors import ImageError


def damaged() -> ImageError:
    """For a file whose content is cut off or contradicts itself."""
    return ImageError(
        "image_damaged",
        "图片已损坏或不完整，无法解码；请重新导出或重新上传。",
        "The image is damaged or incomplete and cannot be decoded; export or upload it again.",
    )


def variant(chinese: str, english: str) -> ImageError:
    """For an unsupported variant of an accepted format; the message says what to do instead."""
    return ImageError("image_unsupported_variant", chinese, english)

"""How many pixels of an image the network gets to see, and a warning where that may be too few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from kantu.errors import error
from kantu.processing.conversation import Detail
from kantu.processing.image import Resizing
from kantu.processing.image_config import ImageConfig

ASK_PIXELS = 448 * 448  # 196 visual tokens, the working size for scenes and product images
MOST_TASK_PIXELS = 1280 * 32 * 32  # a folder with a limit up to this was made for its limit: use it
# `detail: low`. Below what `ask` takes by default (196 visual tokens), so that low is the cheapest on every folder, and
# twice the least that the published folders take (256 x 256), so that an image of things stays recognisable.
LOW_DETAIL_PIXELS = 128 * 32 * 32


def pixel_budget(
    config: ImageConfig,
    max_pixels: int | None,
    detail: Detail = "auto",
    *,
    most_pixels: int | None = None,
    task_pixels: int | None = None,
) -> int:
    """The pixel budget of an image: what was asked, within the limits, or what its detail says.

    A request's `max_pixels` beats the budget of its task, and that beats `ASK_PIXELS`. A folder made for few pixels
    knows better than a task how many it needs.

    Args:
        detail: used if `max_pixels` is None. "low" takes at most `LOW_DETAIL_PIXELS`, even below the folder's floor.
            "high" takes the folder's limit. "auto" takes it too if the folder was made for few pixels, otherwise the
            default of `VLM.ask` or the budget of the task.
        most_pixels: a limit below the folder's own, such as a server's.
        task_pixels: the budget of the task, if the question belongs to one.

    Raises:
        InvalidRequestError: `max_pixels` is below one visual token or above the limits.
    """
    least = config.factor**2
    most = config.max_pixels if most_pixels is None else max(least, min(config.max_pixels, most_pixels))
    if max_pixels is None:
        if detail == "low":
            return min(most, max(least, LOW_DETAIL_PIXELS))
        return (
            most if detail == "high" or config.max_pixels <= MOST_TASK_PIXELS else min(most, task_pixels or ASK_PIXELS)
        )
    if isinstance(max_pixels, bool) or not isinstance(max_pixels, int) or not least <= max_pixels <= most:
        raise error("invalid_max_pixels", least=least, most=most)
    return max_pixels


def pixel_budgets(
    config: ImageConfig, max_pixels: int | None, *, most_pixels: int | None = None, task_pixels: int | None = None
) -> dict[Detail, int]:
    """`pixel_budget` for each detail that an image of one request may ask for; raises the same errors."""
    details: tuple[Detail, ...] = get_args(Detail)
    return {
        detail: pixel_budget(config, max_pixels, detail, most_pixels=most_pixels, task_pixels=task_pixels)
        for detail in details
    }


@dataclass(frozen=True, slots=True)
class ImageWarning:
    """What may harm the answer about a picture.

    Attributes:
        code: stable English identifier.
        message: for the user, in Chinese: what it is and what to do about it.
    """

    code: str
    message: str


def image_warnings(resizings: Sequence[Resizing]) -> tuple[ImageWarning, ...]:
    """What may harm the answer about the images, as far as their sizes tell; the pixels are `quality`'s.

    It warns if there are none (`no_picture`: a small model may invent one), and of each image whose sides were shrunk
    more than twofold (`picture_shrunk`), since small text in it is likely lost.
    """
    if not resizings:
        return (ImageWarning("no_picture", "这次没有图片，回答没有图片作依据。"),)
    warnings = []
    for number, resizing in enumerate(resizings, 1):
        if is_shrunk(resizing):
            (width, height), rows, columns = resizing.original_size, resizing.height, resizing.width
            message = (
                f"第 {number} 张图片从 {width}×{height} 缩小到 {columns}×{rows}，小字可能看不清；"
                "可以调大 max_pixels，或只截取需要的部分。"
            )
            warnings.append(ImageWarning("picture_shrunk", message))
    return tuple(warnings)


def is_shrunk(resizing: Resizing) -> bool:
    """Whether its sides are shrunk more than twofold."""
    width, height = resizing.original_size
    return math.sqrt(width * height / (resizing.height * resizing.width)) > 2

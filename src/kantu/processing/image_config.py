"""A checkpoint's preprocessor_config.json: how images are resized and normalised."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kantu.errors import error
from kantu.model.folder import ModelFolder


@dataclass(frozen=True)
class ImageConfig:
    """How a checkpoint wants its pixels, from preprocessor_config.json.

    Attributes:
        patch_size: side of a patch in pixels.
        temporal_patch_size: frames in a patch; a still image is repeated.
        merge_size: patches along each side of one visual token.
        image_mean, image_std: per channel (R, G, B), on values scaled to 0..1.
        min_pixels, max_pixels: the range for a resized image's pixels.
    """

    patch_size: int
    temporal_patch_size: int
    merge_size: int
    image_mean: tuple[float, float, float]
    image_std: tuple[float, float, float]
    min_pixels: int
    max_pixels: int

    @property
    def factor(self) -> int:
        """Both sides of a resized image are multiples of this: the side of a visual token in pixels."""
        return self.patch_size * self.merge_size

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> ImageConfig:
        """Read preprocessor_config.json of a model folder.

        `size.shortest_edge` and `size.longest_edge` are pixel counts in this family; the older `min_pixels` and
        `max_pixels` win over them, as in transformers. There are no defaults: a wrong guess would show only as bad
        answers.

        Raises:
            CheckpointError: the file or a value is missing or damaged, or asks for other processing than ours.
        """
        raw = folder.json("preprocessor_config.json")
        size = raw.get("size")
        if not isinstance(size, dict):
            size = {}
        sizes = {
            "min_pixels": raw.get("min_pixels") or size.get("shortest_edge"),
            "max_pixels": raw.get("max_pixels") or size.get("longest_edge"),
        }
        _refuse_other_processing(raw)
        config = cls(
            patch_size=_positive(raw, "patch_size"),
            temporal_patch_size=_positive(raw, "temporal_patch_size"),
            merge_size=_positive(raw, "merge_size"),
            image_mean=_three(raw, "image_mean"),
            image_std=_three(raw, "image_std"),
            min_pixels=_positive(sizes, "min_pixels"),
            max_pixels=_positive(sizes, "max_pixels"),
        )
        if 0.0 in config.image_std:
            raise error("invalid_preprocessor_config.image_std")
        if not config.factor**2 <= config.max_pixels or config.min_pixels > config.max_pixels:
            raise error("invalid_preprocessor_config.limits")
        return config


def _refuse_other_processing(raw: Mapping[str, Any]) -> None:
    expected: dict[str, tuple[object, ...]] = {
        "resample": (3,),  # bicubic
        "do_resize": (True,),
        "do_rescale": (True,),
        "do_normalize": (True,),
        "do_convert_rgb": (True,),
    }
    for name, accepted in expected.items():
        if raw.get(name) is not None and raw[name] not in accepted:
            raise error("invalid_preprocessor_config.value", name=name, value=raw[name])
    scale = raw.get("rescale_factor")
    if scale is not None and not (_is_number(scale) and math.isclose(scale, 1 / 255, rel_tol=1e-9)):
        raise error("invalid_preprocessor_config.value", name="rescale_factor", value=scale)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _positive(raw: Mapping[str, Any], name: str) -> int:
    value = raw.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise error("invalid_preprocessor_config", name=name)
    return value


def _three(raw: Mapping[str, Any], name: str) -> tuple[float, float, float]:
    value = raw.get(name)
    if not isinstance(value, list) or len(value) != 3 or not all(_is_number(v) for v in value):
        raise error("invalid_preprocessor_config", name=name)
    red, green, blue = value
    return float(red), float(green), float(blue)

"""Stage 1: any picture's file becomes upright RGB on white, as large as it is."""

from __future__ import annotations

from kantu.contenders.pipeline.parts import Prepared, Upload
from kantu.processing.image import prepare
from kantu.processing.image_config import ImageConfig

_MOST_PIXELS = 4_000_000  # of what the reader gains from; photographs have more
# A factor of one: sizes are not rounded, as no network cuts the picture into patches.
_AS_IT_IS = ImageConfig(1, 2, 1, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), min_pixels=1, max_pixels=_MOST_PIXELS)


def take_in(upload: Upload) -> Prepared:
    """Decode a picture behind the same guard as everywhere in Kantu; shrink it where it is too large.

    Raises ImageError as `processing.image.prepare`.
    """
    most = _MOST_PIXELS if upload.max_pixels is None else min(upload.max_pixels, _MOST_PIXELS)
    clean = prepare(upload.data, _AS_IT_IS, max_pixels=most)
    return Prepared(clean.pixels, clean.resizing.width / clean.original_size[0])

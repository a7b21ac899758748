"""From an image file that the guard has let through to the pixels that the network gets.

The only code that runs decoders. In memory are the decoded image, a copy in RGB if it is not RGB, and little else.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from kantu.errors import ImageError, error
from kantu.processing.container import Container

_BAND_PIXELS = 2**20


def render(container: Container, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Decode an image into upright RGB of the size asked for, uint8 [height, width, 3].

    EXIF orientation is applied; transparency is composited on white; CMYK, 16-bit, palette and grey become RGB. Colour
    profiles are ignored, as in the reference processor.

    Raises:
        ImageError: `image_damaged`, `image_unsupported_variant`.
        MemoryError: there is not enough memory.
    """
    return render_image(load(container), container.orientation, width, height)


def load(container: Container) -> Image.Image:
    """Decode an image as it is stored; raises as `render`."""
    try:
        image = Image.open(io.BytesIO(container.data), formats=[container.format])
        if image.size != (container.width, container.height):
            raise error("image_damaged")
        image.load()
    except (ImageError, MemoryError):
        raise
    except Exception:  # decoders raise nearly anything on hostile bytes, and their messages must not reach the user
        raise error("image_damaged") from None
    return image


def render_image(image: Image.Image, orientation: int, width: int, height: int) -> npt.NDArray[np.uint8]:
    """A decoded image as upright RGB of a size; see `render`.

    Pillow's bicubic is antialiased when shrinking, as the reference processor's.
    """
    image = _to_rgb(image)
    method = _UPRIGHT.get(orientation)
    if method is not None:
        image = image.transpose(method)
    return np.array(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.uint8)


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert any 8- or 16-bit mode to RGB, transparency on white, in bands, as the steps take much memory."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    rgb = Image.new("RGB", image.size)
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(image.height, top + rows)))
        rgb.paste(_band_to_rgb(band), (0, top))
    return rgb


def _band_to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "I;16", "I;16L", "I;16B", "I;16N"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        if image.mode == "La":  # premultiplied; Pillow converts it only through LA
            image = image.convert("LA")
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    if image.mode in ("1", "L", "P", "RGBX", "CMYK", "YCbCr", "HSV"):
        return image.convert("RGB")
    raise error("image_unsupported_variant.mode", mode=image.mode)


def _from_16_bit(image: Image.Image) -> Image.Image:
    levels = np.asarray(image).astype(np.int64).clip(0, 65535)
    grey = ((levels * 255 + 32767) // 65535).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):  # one 16-bit level that means transparent
        grey[levels == transparent] = 255
    return Image.fromarray(grey).convert("RGB")

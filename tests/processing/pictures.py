"""Small pictures and hand-made files for the tests of the image guard."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

from kantu.processing.decode import render
from kantu.processing.guard import DEFAULT_LIMITS, ImageLimits, guard


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture in which a wrong pixel shows: smooth colour with noise on it."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[None, :, None] * np.array([1.0, 0.5, 0.2])
    ramp = ramp + np.linspace(0, 50, height)[:, None, None]
    return Image.fromarray((ramp + rng.integers(0, 30, (height, width, 3))).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decode(data: bytes, limits: ImageLimits = DEFAULT_LIMITS) -> Image.Image:
    """A file through the guard and the decoder, upright, in its own size."""
    picture = guard(data, limits)
    return Image.fromarray(render(picture, *picture.upright))


def every_format(width: int = 48, height: int = 40, seed: int = 0) -> dict[str, bytes]:
    """Valid files of every accepted format and the variants that take different roads through a decoder."""
    rgb = noise(width, height, seed)
    rgba = rgb.convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize(rgb.size))
    frames = [rgb.convert("P"), rgb.transpose(Image.Transpose.FLIP_TOP_BOTTOM).convert("P")]
    return {
        "png": encode(rgb, "PNG"),
        "png_alpha": encode(rgba, "PNG"),
        "png_palette": encode(rgb.convert("P"), "PNG", transparency=3),
        "jpeg": encode(rgb, "JPEG"),
        "jpeg_progressive": encode(rgb, "JPEG", progressive=True, restart_marker_blocks=2),
        "jpeg_cmyk": encode(rgb.convert("CMYK"), "JPEG"),
        "webp": encode(rgb, "WEBP"),
        "webp_lossless_alpha": encode(rgba, "WEBP", lossless=True, exif=exif(1)),
        "webp_animated": encode(rgb, "WEBP", save_all=True, append_images=[rgba]),
        "gif": encode(frames[0], "GIF"),
        "gif_animated": encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50),
        "avif": encode(rgb, "AVIF"),
        "avif_alpha": encode(rgba, "AVIF", exif=exif(1)),
        "bmp": encode(rgb, "BMP"),
        "bmp_palette": encode(rgb.convert("P"), "BMP"),
        "bmp_alpha": encode(rgba, "BMP"),
    }


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(
    width: int, height: int, depth: int, colour: int, rows: bytes, *, before_data: tuple[bytes, ...] = ()
) -> bytes:
    """A PNG whose header says what we like; `rows` are the filtered rows before compression."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + b"".join(before_data)
        + png_chunk(b"IDAT", zlib.compress(rows, 9))
        + png_chunk(b"IEND", b"")
    )


def bombs(side: int = 30_000) -> dict[str, bytes]:
    """Tiny files of every format that claim side x side pixels."""
    files = every_format()
    size_16 = struct.pack("<HH", side & 0xFFFF, side & 0xFFFF)
    jpeg = bytearray(files["jpeg"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    bmp = bytearray(files["bmp"])
    bmp[18:26] = struct.pack("<ii", side, side)
    canvas = bytearray(files["webp_animated"])
    canvas[24:30] = (side - 1).to_bytes(3, "little") * 2
    lossy, lossless = bytearray(files["webp"]), bytearray(encode(noise(48, 40), "WEBP", lossless=True))
    claim = min(side, 0x3FFF)  # the format has 14 bits for a side
    lossy[26:30] = struct.pack("<HH", claim, claim)
    lossless[21:25] = struct.pack("<I", (claim - 1) | (claim - 1) << 14)
    gif = bytearray(files["gif"])
    gif[6:10] = size_16
    wide_frame = bytearray(files["gif"])  # the frame, not the screen, is large
    at = wide_frame.index(struct.pack("<cHHHH", b",", 0, 0, 48, 40))
    wide_frame[at + 5 : at + 9] = size_16
    return {
        "png": png_file(side, side, 8, 2, bytes(100)),
        "png_second_header": _with_second_header(side),
        "jpeg": bytes(jpeg),
        "gif": bytes(gif),
        "gif_frame": bytes(wide_frame),
        "bmp": bytes(bmp),
        "avif": avif_claiming(side, side),
        "avif_box": avif_claiming(side, 0),
        "avif_frame": avif_claiming(0, side),
        "webp_canvas": bytes(canvas),
        "webp_lossy": bytes(lossy),
        "webp_lossless": bytes(lossless),
    }


def avif_claiming(box: int, frame: int) -> bytes:
    """An AVIF of 48 x 40 whose box, AV1 sequence header, or both, claim so many pixels a side (0: the truth)."""
    data = encode(noise(48, 40), "AVIF")
    if box:
        data = data.replace(struct.pack(">II", 48, 40), struct.pack(">II", box, box))
    if not frame:
        return data
    at = data.index(b"mdat") + 4
    payload = data[at:]
    assert payload[:3] == b"\x12\x00\x0a"  # a delimiter, then the sequence header
    header = payload[4 : 4 + payload[3]]
    bits = f"{int.from_bytes(header, 'big'):0{8 * len(header)}b}"
    rest = bits[18 + int(bits[10:14], 2) + 1 + int(bits[14:18], 2) + 1 :]
    bits = f"{bits[:10]}11111111{frame - 1:016b}{frame - 1:016b}{rest}"
    bits += "0" * (-len(bits) % 8)
    longer = int(bits, 2).to_bytes(len(bits) // 8, "big")
    again = payload[:3] + bytes([len(longer)]) + longer + payload[4 + len(header) :]
    place, size = struct.pack(">II", at, len(payload)), struct.pack(">II", at, len(again))
    assert data.count(place) == 1
    head = data[: at - 8].replace(place, size)
    return head + struct.pack(">I4s", 8 + len(again), b"mdat") + again


def _with_second_header(side: int) -> bytes:
    second = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return png_file(64, 64, 8, 2, bytes(100), before_data=(second,))


def foreign_files() -> dict[str, bytes]:
    """Files that Pillow or a careless guard would open, under any name."""
    image = noise(32, 32)
    return {
        "tiff": encode(image, "TIFF"),
        "ico": encode(image, "ICO"),
        "pdf": encode(image, "PDF"),
        "eps": encode(image, "EPS"),
        "ppm": encode(image, "PPM"),
        "tga": encode(image, "TGA"),
        "pcx": encode(image, "PCX"),
        "jpeg2000": encode(image, "JPEG2000"),
        "fits": b"SIMPLE  =                    T" + b" " * 50 + b"BITPIX  =                    8" + b" " * 2800,
        "psd": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 32, 32, 8, 3) + bytes(4000),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="9" height="9"/></svg>',
        "heic": b"\x00\x00\x00\x18ftypheic" + bytes(400),
        "zip": b"PK\x03\x04" + bytes(200),
        "text": "为什么这个还没发货？".encode() * 20,
        "avi": b"RIFF" + struct.pack("<I", 100) + b"AVI " + bytes(100),
    }

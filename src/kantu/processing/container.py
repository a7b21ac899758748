"""Reads the headers of the accepted image files without decoding a pixel, and keeps only what decoding needs.

Every format is recognised by its content. The result is a file rebuilt from the chunks that carry pixels, without
metadata, colour profiles, embedded thumbnails or later frames (an extended WebP passes whole, as its alpha and
animation chunks depend on each other). So the decoder sees little of what an attacker may write, every size that it can
find has been checked, and a truncated file is recognised before any memory is allocated.

Sources: PNG (ISO/IEC 15948), JPEG (ITU-T T.81), the WebP container specification, GIF89a, the Windows BITMAPINFOHEADER
family, and the TIFF 6.0 directory that EXIF orientation lives in.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kantu.errors import error
from kantu.processing import avif


@dataclass(frozen=True)
class Container:
    """What a file's header declares.

    Attributes:
        format: the decoder's name of the format: PNG, JPEG, WEBP, AVIF, GIF or BMP.
        width, height: the largest size the file declares, in pixels, before orientation.
        data: the file, rebuilt with only its pixel-carrying parts.
        orientation: EXIF orientation, 1 to 8.
        most_pixels: an upper bound of the pixels that the bytes present can encode; None if there is none.
        frame_pixels: how many pixels have to be encoded, if not all.
        passes: how often a decoder goes over the whole image.
    """

    format: str
    width: int
    height: int
    data: bytes
    orientation: int = 1
    most_pixels: int | None = None
    frame_pixels: int | None = None
    passes: int = 1

    @property
    def coded_pixels(self) -> int:
        """Pixels that the file has to encode."""
        return self.width * self.height if self.frame_pixels is None else self.frame_pixels

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) after orientation."""
        return upright_size(self.width, self.height, self.orientation)


# Honest files stay far below these. Without them a file could keep the header reader busy for seconds.
_MAX_CHUNKS = 20_000
_MAX_GIF_BLOCKS = 200_000  # of all extensions and the first frame

HEAD_BYTES = 4096  # of a file, enough to tell that it is a picture

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}  # brands of HEVC in HEIF


def inspect(data: bytes) -> Container:
    """Read a file's header.

    Raises:
        ImageError: `image_empty`, `image_unsupported_format`, `image_unsupported_variant` or `image_damaged`.
    """
    if not data:
        raise error("image_empty")
    reader = _reader(data)
    if reader is None:
        raise error("image_unsupported_format")
    try:
        return reader(data)
    except (struct.error, IndexError):  # a read past the end of the file
        raise error("image_damaged") from None


def begins_as_picture(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file are those of a picture: of an accepted format, or of HEIC."""
    reader = _reader(head)
    if reader is _photo_format:
        return not avif.BRANDS.isdisjoint(found := avif.brands(head)) or not _HEIC.isdisjoint(found)
    return reader is not None


def _reader(data: bytes) -> Callable[[bytes], Container] | None:
    """What reads a file that begins like this."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _gif
    if data.startswith(b"BM"):
        return _bmp
    return _photo_format if data[4:8] == b"ftyp" else None


def _photo_format(data: bytes) -> Container:
    """A file of boxes: reads AVIF, and recognises HEIC, which phones write."""
    found = avif.brands(data)
    if found & avif.BRANDS:
        still = avif.read(data)
        return Container("AVIF", still.width, still.height, still.data, still.orientation)
    if found & _HEIC:
        raise error("image_unsupported_format.heic")
    raise error("image_unsupported_format")


def _png(data: bytes) -> Container:
    parts: list[bytes] = [data[:8]]
    width = height = depth = colour = 0
    packed_bytes = 0
    orientation = 1
    offset = 8
    for _ in range(_MAX_CHUNKS):
        length, kind = struct.unpack_from(">I4s", data, offset)
        end = offset + 12 + length
        if end > len(data):
            raise error("image_damaged")
        if (offset == 8) != (kind == b"IHDR"):  # exactly one, and first: a second IHDR could change the size
            raise error("image_damaged")
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            if zlib.crc32(data[offset + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                raise error("image_damaged")
            parts.append(_png_decoded_level(data[offset:end], colour, depth) if kind == b"tRNS" else data[offset:end])
        if kind == b"IHDR":
            if length != 13:
                raise error("image_damaged")
            width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
        elif kind == b"IDAT":
            packed_bytes += length
        elif kind == b"eXIf":
            orientation = exif_orientation(data[offset + 8 : end - 4])
        elif kind == b"IEND":
            break
        offset = end
    else:
        raise error("image_damaged")
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour)
    if channels is None or depth not in (1, 2, 4, 8, 16):
        raise error("image_damaged")
    # Deflate cannot expand more than 1032 to 1.
    most_pixels = packed_bytes * 1032 * 8 // (channels * depth)
    return Container("PNG", width, height, b"".join(parts), orientation, most_pixels)


def _png_decoded_level(chunk: bytes, colour: int, depth: int) -> bytes:
    """Rewrite a tRNS chunk's level as Pillow decodes it: it leaves the level of 2, 4 and 3 x 16 bits unscaled."""
    if colour == 0 and depth in (2, 4) and len(chunk) == 14:
        body = struct.pack(">H", (chunk[9] & (1 << depth) - 1) * 255 // ((1 << depth) - 1))
    elif colour == 2 and depth == 16 and len(chunk) == 18:
        body = struct.pack(">HHH", chunk[8], chunk[10], chunk[12])
    else:
        return chunk
    return chunk[:4] + b"tRNS" + body + struct.pack(">I", zlib.crc32(b"tRNS" + body))


_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOF_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})


def _jpeg(data: bytes) -> Container:
    parts: list[bytes] = [b"\xff\xd8"]
    width = height = 0
    orientation = 1
    offset = 2
    for _ in range(_MAX_CHUNKS):
        if data[offset] != 0xFF:
            raise error("image_damaged")
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
            continue
        if marker in (0x00, 0x01, 0xD8, 0xD9) or 0xD0 <= marker <= 0xD7:  # markers that may not stand before a scan
            raise error("image_damaged")
        (length,) = struct.unpack_from(">H", data, offset + 2)
        end = offset + 2 + length
        if length < 2 or end > len(data):
            raise error("image_damaged")
        body = data[offset + 4 : end]
        if marker in _SOF:
            if marker not in _SOF_HUFFMAN:
                raise error("image_unsupported_variant.jpeg_coding")
            if width:  # a second frame could change the size
                raise error("image_damaged")
            height, width = struct.unpack_from(">HH", body, 1)
        elif marker == 0xE1 and body.startswith(b"Exif\x00\x00") and orientation == 1:
            orientation = exif_orientation(body[6:])
        # JFIF (APP0) and Adobe (APP14) define how colours are stored; other APPn segments and comments are dropped.
        if marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            parts.append(data[offset:end])
        if marker == 0xDA:
            break
        offset = end
    else:
        raise error("image_damaged")
    if not width:
        raise error("image_damaged")
    scans_end, scans = _jpeg_scans(data, end)
    parts += [data[end:scans_end], b"\xff\xd9"]
    # A block of 64 pixels takes at least one bit.
    most_pixels = (scans_end - end) * 8 * 64
    return Container("JPEG", width, height, b"".join(parts), orientation, most_pixels, passes=scans)


_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, a restart marker or fill


def _jpeg_scans(data: bytes, offset: int) -> tuple[int, int]:
    """Return the offset of the end-of-image marker and the number of scans. A truncated file has no such marker."""
    scans = 1
    for _ in range(_MAX_CHUNKS):
        found = _JPEG_MARKER.search(data, offset)
        if found is None:
            raise error("image_damaged")
        offset = found.start()
        marker = data[offset + 1]
        if marker == 0xD9:
            return offset, scans
        if marker in _SOF:  # the frame header comes before the first scan; a second one could change the size
            raise error("image_damaged")
        scans += marker == 0xDA
        offset += 2 + int(struct.unpack_from(">H", data, offset + 2)[0])
    raise error("image_damaged")


_WEBP_MACROBLOCK = 16 * 16  # costs at least one bit: its prediction modes have fixed probabilities (RFC 6386, 11.2)


def _webp(data: bytes) -> Container:
    (riff_length,) = struct.unpack_from("<I", data, 4)
    if riff_length + 8 > len(data) or riff_length < 12:
        raise error("image_damaged")
    data = data[: riff_length + 8]
    kind = data[12:16]
    orientation = 1
    most_pixels = None  # a lossless or an animated file can hold a large plain image in next to nothing
    if kind == b"VP8X":
        width, height = _webp_canvas(data)
        for name, body in _webp_chunks(data, 30):  # 30: after the VP8X chunk
            if name == b"EXIF":
                orientation = exif_orientation(body.removeprefix(b"Exif\x00\x00"))
            elif name == b"VP8 ":
                most_pixels = len(body) * 8 * _WEBP_MACROBLOCK
    elif kind in (b"VP8 ", b"VP8L"):
        (length,) = struct.unpack_from("<I", data, 16)
        if 20 + length > len(data):
            raise error("image_damaged")
        width, height = _webp_frame_size(kind, data[20:30])
        if kind == b"VP8 ":
            most_pixels = length * 8 * _WEBP_MACROBLOCK
        frame = data[12 : 20 + length + (length & 1)]  # without the chunks after it
        data = b"RIFF" + struct.pack("<I", len(frame) + 4) + b"WEBP" + frame
    else:
        raise error("image_damaged")
    return Container("WEBP", width, height, data, orientation, most_pixels)


def _webp_canvas(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", data, 16)
    if length != 10:
        raise error("image_damaged")
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")


def _webp_chunks(data: bytes, offset: int) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(_MAX_CHUNKS):
        if offset + 8 > len(data):
            return
        name, length = struct.unpack_from("<4sI", data, offset)
        if offset + 8 + length > len(data):
            raise error("image_damaged")
        yield name, data[offset + 8 : offset + 8 + length]
        offset += 8 + length + (length & 1)
    raise error("image_damaged")


def _webp_frame_size(kind: bytes, head: bytes) -> tuple[int, int]:
    """Size of a lossy (`VP8 `) or lossless (`VP8L`) bitstream from its first ten bytes."""
    if kind == b"VP8 ":
        if head[3:6] != b"\x9d\x01\x2a":
            raise error("image_damaged")
        width, height = struct.unpack_from("<HH", head, 6)
        return width & 0x3FFF, height & 0x3FFF
    if head[0] != 0x2F:
        raise error("image_damaged")
    bits = int.from_bytes(head[1:5], "little")
    return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)


def _gif(data: bytes) -> Container:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    offset = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    parts: list[bytes] = [data[:offset]]
    blocks = _MAX_GIF_BLOCKS
    for _ in range(_MAX_CHUNKS):
        kind = data[offset]
        if kind == 0x21:  # extension; only the graphic control (transparency) matters to the first frame
            end, _, blocks = _gif_blocks_end(data, offset + 2, blocks)
            if data[offset + 1] == 0xF9:
                parts.append(data[offset:end])
            offset = end
        elif kind == 0x2C:
            left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, offset + 1)
            start = offset + 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            end, packed_bytes, _ = _gif_blocks_end(data, start + 1, blocks)
            parts += [data[offset:end], b";"]
            return Container(
                "GIF",
                max(width, left + columns),
                max(height, top + rows),
                b"".join(parts),
                most_pixels=packed_bytes * 8 // 3 * 4096,  # a code of at least 3 bits stands for at most 4096 pixels
                frame_pixels=columns * rows,  # nothing is coded outside the frame
            )
        else:  # the trailer before any frame, or garbage
            break
    raise error("image_damaged")


def _gif_blocks_end(data: bytes, offset: int, most: int) -> tuple[int, int, int]:
    """Return the offset after a chain of at most `most` sub-blocks, their bytes, and how many more are allowed."""
    held = 0
    for left in range(most, 0, -1):
        size = data[offset]
        offset += 1 + size
        if size == 0:
            return offset, held, left - 1
        held += size
    raise error("image_damaged")


def _bmp(data: bytes) -> Container:
    pixels_offset, header_bytes = struct.unpack_from("<II", data, 10)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    elif header_bytes in (40, 52, 56, 64, 108, 124):
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    else:
        raise error("image_damaged")
    if compression not in (0, 3, 6):  # raw, bit fields, bit fields with alpha
        raise error("image_unsupported_variant.bmp")
    height = abs(height)  # negative: rows run from the top
    if width <= 0 or bits not in (1, 2, 4, 8, 16, 24, 32):
        raise error("image_damaged")
    row_bytes = (width * bits + 31) // 32 * 4
    most_pixels = max(0, len(data) - pixels_offset) // row_bytes * width
    return Container("BMP", width, height, data, most_pixels=most_pixels)


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """(width, height) after an EXIF orientation is applied."""
    return (height, width) if orientation >= 5 else (width, height)  # from 5 on, sides are exchanged


def exif_orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) from a TIFF-structured EXIF block; 1 if it has none or cannot be read.

    Orientation is optional: a broken block does not make the image invalid.
    """
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, directory)
        for i in range(min(entries, 512)):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + 12 * i)
            if tag == 0x0112:
                return value if kind == 3 and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1

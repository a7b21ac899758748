"""The reader of AVIF: what is kept of a file, and whom it believes about the size."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kantu.errors import ImageError
from kantu.processing import avif
from kantu.processing.container import inspect
from tests.processing.pictures import avif_claiming, decode, encode, every_format, exif, noise

PLAIN, WITH_ALPHA = every_format()["avif"], every_format()["avif_alpha"]


def code(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data)
    return caught.value.code


def rewritten(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """`data` with its AV1 payload changed, and the length of its item and of its `mdat` with it."""
    at = data.index(b"mdat") + 4
    again = change(data[at:])
    head = data[: at - 8].replace(struct.pack(">II", at, len(data) - at), struct.pack(">II", at, len(again)))
    return head + struct.pack(">I4s", 8 + len(again), b"mdat") + again


def unit(kind: int, body: bytes) -> bytes:
    """An OBU with its length."""
    assert len(body) < 128
    return bytes([kind << 3 | 2, len(body)]) + body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_and_mirroring_are_applied_as_pillow_means_them(orientation: int) -> None:
    picture = noise(48, 40)
    turned = decode(encode(picture, "AVIF", exif=exif(orientation), quality=100, subsampling="4:4:4"))
    expected = decode(encode(picture, "PNG", exif=exif(orientation)))
    assert turned.size == expected.size
    assert np.abs(np.asarray(turned, int) - np.asarray(expected, int)).mean() < 3


def test_alpha_comes_along_and_is_laid_on_white() -> None:
    assert Image.open(io.BytesIO(inspect(WITH_ALPHA).data)).mode == "RGBA"
    assert decode(WITH_ALPHA).getpixel((24, 1))[0] > 230  # type: ignore[index]  # the gradient begins transparent


def test_what_carries_no_pixels_is_left_behind() -> None:
    secret = b"31.2304N 121.4737E"
    data = encode(noise(48, 40), "AVIF", exif=exif(1) + secret, xmp=secret, icc_profile=secret * 9)
    assert secret in data
    assert secret not in inspect(data).data
    padded = rewritten(PLAIN, lambda payload: payload + unit(5, secret) + unit(15, secret))
    assert secret not in inspect(padded).data
    np.testing.assert_array_equal(decode(padded), decode(PLAIN))


@pytest.mark.parametrize("side", [41, 64, 2000, 7999])
def test_a_size_that_only_one_of_both_claims_is_refused_undecoded(side: int) -> None:
    assert code(avif_claiming(side, 0)) == "image_damaged"
    assert code(avif_claiming(0, side)) == "image_damaged"


def test_a_file_that_lies_twice_is_found_out_by_the_decoder() -> None:
    assert code(avif_claiming(2000, 2000)) == "image_damaged"


def test_a_second_sequence_header_or_frame_is_refused() -> None:
    def twice(kind: int) -> Callable[[bytes], bytes]:
        def change(payload: bytes) -> bytes:
            at, found = 0, b""
            while at < len(payload):
                length = payload[at + 1] & 0x7F | (payload[at + 2] << 7 if payload[at + 1] & 0x80 else 0)
                end = at + (3 if payload[at + 1] & 0x80 else 2) + length
                found, at = (payload[at:end] if payload[at] >> 3 == kind else found), end
            assert found
            return payload + found

        return change

    assert code(rewritten(PLAIN, twice(1))) == "image_damaged"
    assert code(rewritten(PLAIN, twice(6))) == "image_damaged"


def test_a_sequence_is_refused_by_name() -> None:
    frames = [noise(48, 40), noise(48, 40, seed=1)]
    data = encode(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=50)
    assert code(data) == "image_unsupported_variant"


def test_a_picture_in_tiles_is_refused_by_name() -> None:
    assert code(PLAIN.replace(b"av01Color", b"gridColor")) == "image_unsupported_variant"


def test_an_alpha_of_another_size_is_refused() -> None:
    def item(data: bytes) -> avif._Item:
        meta = avif._meta(data)
        return avif._item(data, meta, meta.primary)

    small = item(encode(Image.new("L", (16, 16)), "AVIF"))
    alpha = replace(small, properties=(*small.properties, (b"auxC", bytes(4) + avif._ALPHA[0] + b"\x00")))
    assert decode(avif._rebuilt(alpha, alpha)).size == (16, 16)
    assert code(avif._rebuilt(item(PLAIN), alpha)) == "image_damaged"


def test_extents_that_overlap_take_no_memory() -> None:
    """1,000 extents that each name the whole file."""
    at = PLAIN.index(b"iloc") - 4
    (length,) = struct.unpack_from(">I", PLAIN, at)
    whole = struct.pack(">II", 0, len(PLAIN))
    iloc = bytes(4) + b"\x44\x00\x00\x01\x00\x01\x00\x00" + struct.pack(">H", 1000) + whole * 1000
    again = struct.pack(">I4s", 8 + len(iloc), b"iloc") + iloc
    (meta,) = struct.unpack_from(">I", PLAIN, 32)
    grown = struct.pack(">I", meta + len(again) - length)
    data = PLAIN[:32] + grown + PLAIN[36:at] + again + PLAIN[at + length :]
    assert code(data) == "image_damaged"


def with_table(name: bytes, body: bytes, times: int = 1) -> bytes:
    """PLAIN with the tables `name` of its `meta` box in place of its own, or behind the others where it has none."""
    (meta,) = struct.unpack_from(">I", PLAIN, 32)
    table = struct.pack(">I4s", 8 + len(body), name) + body
    at = PLAIN.find(name) - 4
    if at < 0:
        at, length = 32 + meta, 0
    else:
        (length,) = struct.unpack_from(">I", PLAIN, at)
    grown = struct.pack(">I", meta + len(table) * times - length)
    return PLAIN[:32] + grown + PLAIN[36:at] + table * times + PLAIN[at + length :]


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all numbers that the reader reads from now on."""
    sizes: list[int] = []
    number = avif._number

    def counted(data: bytes, at: int, size: int) -> int:
        sizes.append(size)
        return number(data, at, size)

    monkeypatch.setattr(avif, "_number", counted)
    return sizes


@pytest.mark.parametrize(
    "data",
    [
        # extents of no bytes: 1,000 items with 1,000 each
        with_table(b"iloc", bytes(4) + b"\x00\x00" + struct.pack(">H", 1000) + (bytes(4) + b"\x03\xe8") * 1000),
        with_table(
            b"iprp", struct.pack(">I4sII", 16 + 258 * 9999, b"ipma", 0, 9999) + (b"\x00\x01\xff" + bytes(255)) * 9999
        ),
        with_table(b"iref", bytes(4) + (struct.pack(">I4sHH", 2012, b"auxl", 1, 1000) + bytes(2000)) * 900),
    ],
    ids=["iloc", "ipma", "iref"],
)
def test_tables_cannot_keep_the_reader_busy(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counting(monkeypatch)
    assert code(data) == "image_damaged"
    assert len(read) < 10_000


def test_the_data_may_lie_inside_the_meta_box() -> None:
    """`idat` (construction method 1), as some writers of small pictures do."""
    payload = PLAIN[PLAIN.index(b"mdat") + 4 :]
    at = PLAIN.index(b"iloc") - 4
    (length,) = struct.unpack_from(">I", PLAIN, at)
    iloc = b"\x01\x00\x00\x00\x44\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x01" + struct.pack(">II", 0, len(payload))
    (meta,) = struct.unpack_from(">I", PLAIN, 32)
    boxes = PLAIN[36 + 8 : at] + struct.pack(">I4s", 8 + len(iloc), b"iloc") + iloc + PLAIN[at + length : 32 + meta]
    boxes += struct.pack(">I4s", 8 + len(payload), b"idat") + payload
    data = PLAIN[:32] + struct.pack(">I4sI", 12 + len(boxes), b"meta", 0) + boxes
    np.testing.assert_array_equal(decode(data), decode(PLAIN))


def test_without_a_decoder_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.processing.guard.features.check", lambda name: name != "avif")
    assert code(PLAIN) == "image_unsupported_variant"

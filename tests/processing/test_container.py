"""The decode guard against files made to hurt: what is refused, how fast, and in whose words."""

from __future__ import annotations

import io
import os
import random
import re
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kantu.errors import ImageError
from kantu.processing.container import exif_orientation, inspect
from kantu.processing.guard import ImageLimits
from tests.processing.pictures import (
    bombs,
    decode,
    encode,
    every_format,
    exif,
    foreign_files,
    noise,
    png_chunk,
    png_file,
)

pytestmark = pytest.mark.whole

CODES = {
    "image_empty",
    "image_too_many_bytes",
    "image_unsupported_format",
    "image_unsupported_variant",
    "image_damaged",
    "image_too_many_pixels",
    "image_too_small",
    "image_too_thin",
}
FORMATS = every_format()
MIB = 1024 * 1024


def refusal(data: bytes, limits: ImageLimits | None = None) -> ImageError:
    """Decode and return the error, checked for what every refusal owes the user."""
    with pytest.raises(ImageError) as caught:
        decode(data, limits) if limits else decode(data)
    error = caught.value
    assert error.code in CODES
    assert re.search(r"[一-鿿]", error.message)
    assert error.message_en.isascii()
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None  # no library text in a traceback either
    return error


def attempt(data: bytes) -> Image.Image | None:
    try:
        return decode(data)
    except ImageError:
        return None


def quick_refusal(data: bytes) -> ImageError:
    """As `refusal`, under 50 ms and without taking memory."""
    seconds = []
    for _ in range(3):  # the best of three; processor time, since the machine may be busy
        start = time.thread_time()
        error = refusal(data)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.05
    tracemalloc.start()
    refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(data) * 3 + MIB
    return error


class TestRefusals:
    def test_zero_bytes(self) -> None:
        assert quick_refusal(b"").code == "image_empty"

    def test_too_many_bytes(self) -> None:
        assert quick_refusal(bytes(20 * MIB + 1)).code == "image_too_many_bytes"

    @pytest.mark.parametrize("name", foreign_files())
    def test_other_formats(self, name: str) -> None:
        assert quick_refusal(foreign_files()[name]).code == "image_unsupported_format"

    @pytest.mark.parametrize("name", bombs())
    def test_a_small_file_that_claims_900_megapixels(self, name: str) -> None:
        expected = {
            "png_second_header": "image_damaged",
            # These two contradict themselves.
            "avif_box": "image_damaged",
            "avif_frame": "image_damaged",
        }.get(name, "image_too_many_pixels")
        assert quick_refusal(bombs()[name]).code == expected

    @pytest.mark.parametrize("name", ["png", "jpeg", "gif_frame", "bmp", "webp_lossy"])
    def test_a_small_file_that_claims_just_under_the_cap(self, name: str) -> None:
        assert quick_refusal(bombs(side=7_999)[name]).code == "image_damaged"

    def test_a_lossless_webp_has_to_be_decoded_to_be_found_out(self) -> None:
        """It can hold any plain picture in a few bytes; the cap on pixels bounds what that costs."""
        assert refusal(bombs(side=2_000)["webp_lossless"]).code == "image_damaged"

    def test_a_real_bomb_is_refused_by_its_header(self) -> None:
        image = Image.new("1", (20_000, 20_000))
        assert quick_refusal(encode(image, "PNG")).code == "image_too_many_pixels"
        assert quick_refusal(encode(Image.new("L", (9_000, 9_000)), "JPEG")).code == "image_too_many_pixels"

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF"])
    def test_too_small_and_too_thin(self, kind: str) -> None:
        assert quick_refusal(encode(Image.new("RGB", (7, 100)), kind)).code == "image_too_small"
        assert quick_refusal(encode(Image.new("RGB", (8, 1601)), kind)).code == "image_too_thin"
        assert decode(encode(Image.new("RGB", (8, 1600)), kind)).size == (8, 1600)

    def test_limits_are_settings(self) -> None:
        data = FORMATS["png"]
        assert refusal(data, ImageLimits(max_bytes=100)).code == "image_too_many_bytes"
        assert refusal(data, ImageLimits(max_pixels=48 * 40 - 1)).code == "image_too_many_pixels"
        assert refusal(data, ImageLimits(min_side=41)).code == "image_too_small"
        assert refusal(data, ImageLimits(max_aspect=1.1)).code == "image_too_thin"
        assert decode(data, ImageLimits(len(data), 48 * 40, 40, 1.2)).size == (48, 40)

    def test_unusual_variants_are_refused_by_name(self) -> None:
        jpeg = FORMATS["jpeg"].replace(b"\xff\xc0", b"\xff\xc9", 1)  # arithmetic coding
        bmp = bytearray(FORMATS["bmp"])
        bmp[30] = 1  # run lengths
        for data in (jpeg, bytes(bmp)):
            assert quick_refusal(data).code == "image_unsupported_variant"

    def test_a_photo_of_a_phone_is_told_how_to_become_one_that_is_read(self) -> None:
        for brands in (b"heic\x00\x00\x00\x00mif1", b"mif1\x00\x00\x00\x00mif1heic", b"heix\x00\x00\x00\x00"):
            error = quick_refusal(struct.pack(">I4s", 8 + len(brands), b"ftyp") + brands + bytes(400))
            assert error.code == "image_unsupported_format"
            assert "HEIC" in error.message
            assert "兼容性最佳" in error.message
            assert "sips -s format jpeg" in error.message_en
        video = struct.pack(">I4s", 16, b"ftyp") + b"mp42\x00\x00\x00\x00" + bytes(400)
        assert "HEIC" not in quick_refusal(video).message

    def test_a_second_jpeg_frame_header_is_refused(self) -> None:
        data = FORMATS["jpeg"]
        at = data.index(b"\xff\xc0")
        frame = data[at : at + 2 + struct.unpack_from(">H", data, at + 2)[0]]
        assert quick_refusal(data[:at] + frame + data[at:]).code == "image_damaged"
        assert quick_refusal(data[:-2] + frame + data[-2:]).code == "image_damaged"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's peak of resident memory")
def test_refusals_do_not_grow_the_process() -> None:
    """Decoders allocate outside Python, so the whole process is looked at, in one of its own."""
    script = """
from pathlib import Path
from kantu.errors import ImageError
from tests.processing.pictures import bombs, decode, encode, every_format, noise

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

cut = [encode(noise(1000, 900), kind) for kind in ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF")]
claims = [*bombs().values()]
valid = ("gif", "webp_canvas", "webp_lossless", "avif")  # under the cap these are, or may be, large plain pictures
claims += [d for n, d in bombs(side=7_999).items() if n not in valid]
for data in every_format().values():
    decode(data)
before = peak()
for data in [*claims, *(d[: len(d) * 3 // 4] for d in cut)]:
    try:
        decode(data)
    except ImageError:
        continue
    raise SystemExit("not refused")
print(peak() - before)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 8 * 1024  # KiB


class TestTruncation:
    @pytest.mark.parametrize("name", FORMATS)
    def test_a_file_cut_anywhere_is_damaged_or_still_whole(self, name: str) -> None:
        data, whole = FORMATS[name], np.asarray(decode(FORMATS[name]))
        refused = 0
        for length in {
            *range(1, 64),
            *range(64, len(data), max(1, len(data) // 150)),
            *range(len(data) - 40, len(data)),
        }:
            image = attempt(data[:length])
            if image is None:
                refused += 1
                assert refusal(data[:length]).code in {"image_damaged", "image_unsupported_format"}
            else:  # only what stands behind the first frame may be missing
                np.testing.assert_array_equal(image, whole)
        assert refused > 100

    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF"])
    def test_a_large_file_cut_short_is_refused_at_once(self, kind: str) -> None:
        data = encode(noise(2000, 1600), kind)
        for share in (0.2, 0.5, 0.99):
            assert quick_refusal(data[: int(len(data) * share)]).code == "image_damaged"


class TestFilesMadeToKeepAMachineBusy:
    def test_millions_of_tiny_chunks(self) -> None:
        png = png_file(64, 64, 8, 2, bytes(100), before_data=(png_chunk(b"teSt", b"") * 1_000_000,))
        jpeg = b"\xff\xd8" + b"\xff\xfe\x00\x02" * 4_000_000
        avif = FORMATS["avif"][:32] + b"\x00\x00\x00\x08free" * 2_000_000
        gif = FORMATS["gif"][:13] + b"\x00" * 768 + b"\x21\xfe\x00" * 5_000_000
        gif_blocks = b"GIF89a\x40\x00\x40\x00\x00\x00\x00" + b"\x21\xfe" + b"\x01x" * 8_000_000
        webp_body = b"WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\x3f\x00\x00" * 2 + b"JUNK\x00\x00\x00\x00" * 2_000_000
        webp = b"RIFF" + struct.pack("<I", len(webp_body)) + webp_body
        gif_extensions = b"GIF89a\x40\x00\x40\x00\x00\x00\x00" + (b"\x21\xfe" + b"\x01x" * 500 + b"\x00") * 19_000
        for data in (png, jpeg, gif, gif_blocks, gif_extensions, webp, avif):
            assert quick_refusal(data).code == "image_damaged"

    def test_stuffed_bytes_are_skipped_at_the_speed_of_a_search(self) -> None:
        data = FORMATS["jpeg"]
        start = time.thread_time()
        with pytest.raises(ImageError):
            inspect(data[:-2] + b"\xff\x00" * 4_000_000)
        assert time.thread_time() - start < 0.5

    def test_hundreds_of_progressive_scans(self) -> None:
        data = encode(noise(64, 64), "JPEG", progressive=True)
        at = data.rindex(b"\xff\xda")
        scan = data[at:-2]
        assert quick_refusal(data[:-2] + scan * 200 + data[-2:]).code == "image_unsupported_variant"

    def test_a_size_over_the_limit_is_said_before_anything_else_about_the_file(self) -> None:
        jpeg = FORMATS["jpeg_progressive"]
        at = next(jpeg.index(marker) for marker in (b"\xff\xc2",)) + 5
        claims = jpeg[:at] + b"\xff\xff\xff\xff" + jpeg[at + 4 :]
        assert quick_refusal(claims).code == "image_too_many_pixels"
        for kind in ("gif_frame", "bmp", "jpeg", "png", "webp_lossy"):
            assert quick_refusal(bombs()[kind]).code == "image_too_many_pixels"

    def test_compressed_metadata_is_never_unpacked(self) -> None:
        text = png_chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(50 * MIB)))
        profile = png_chunk(b"iCCP", b"a\x00\x00" + zlib.compress(bytes(50 * MIB)))
        rows = (b"\x00" + bytes(24)) * 8
        data = png_file(8, 8, 8, 2, rows, before_data=(text, profile))
        tracemalloc.start()
        assert decode(data).size == (8, 8)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MIB


class TestFuzz:
    """Whatever the bytes: an RGB picture within the limits, or an error of ours; never a warning."""

    @pytest.mark.parametrize("name", FORMATS)
    def test_random_damage(self, name: str) -> None:
        rng = random.Random(name)
        source = FORMATS[name]
        outcomes = {"decoded": 0, "refused": 0}
        for _ in range(250):
            data = bytearray(source)
            for _ in range(rng.choice((1, 1, 2, 5, 20))):
                at = min(rng.randrange(len(data)), rng.randrange(len(data)))  # headers are hit more often
                match rng.randrange(5):
                    case 0:
                        data[at] = rng.randrange(256)
                    case 1:
                        data[at] ^= 1 << rng.randrange(8)
                    case 2:
                        del data[at : at + rng.randrange(1, 9)]
                    case 3:
                        data[at:at] = rng.randbytes(rng.randrange(1, 9))
                    case 4:
                        data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"))
            outcomes[self.outcome(bytes(data))] += 1
        assert outcomes["refused"] > 0

    @settings(max_examples=300, deadline=None)
    @given(
        st.sampled_from(
            [
                *(b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x40\x00\x00\x00WEBPVP8X", b"GIF89a", b"BM"),
                b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00",
            ]
        ),
        st.binary(max_size=400),
    )
    def test_random_bytes_behind_a_signature(self, signature: bytes, tail: bytes) -> None:
        self.outcome(signature + tail)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200))
    def test_random_exif(self, block: bytes) -> None:
        assert 1 <= exif_orientation(block) <= 8
        for order in (b"II*\x00\x08\x00\x00\x00", b"MM\x00*\x00\x00\x00\x08"):
            assert 1 <= exif_orientation(order + block) <= 8

    def outcome(self, data: bytes) -> str:
        image = attempt(data)
        if image is None:
            refusal(data)
            return "refused"
        assert image.mode == "RGB"
        assert min(image.size) >= 8
        assert image.width * image.height <= 64_000_000
        return "decoded"


class TestInspect:
    @pytest.mark.parametrize("name", FORMATS)
    def test_the_rebuilt_file_holds_the_same_picture(self, name: str) -> None:
        header = inspect(FORMATS[name])
        assert (header.width, header.height, header.orientation) == (48, 40, 1)
        with Image.open(io.BytesIO(header.data)) as again, Image.open(io.BytesIO(FORMATS[name])) as original:
            np.testing.assert_array_equal(again.convert("RGBA"), original.convert("RGBA"))

    def test_metadata_is_left_behind(self) -> None:
        secret = b"31.2304N 121.4737E"
        for kind in ("PNG", "JPEG"):
            data = encode(noise(16, 16), kind, exif=exif(6) + secret, icc_profile=secret * 9)
            assert secret in data or kind == "PNG"  # PNG compresses its profile
            assert secret not in inspect(data).data
            assert inspect(data).orientation == 6

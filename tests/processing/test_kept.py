"""A picture that is asked about again is not decoded and measured again; another one never passes for it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from kantu.processing import kept as module
from kantu.processing.image import CleanImage, ImageConfig, prepare
from kantu.processing.kept import KeptPictures
from kantu.processing.quality import picture_warnings

CONFIG = ImageConfig(16, 2, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 4096, 262144)
SIZE = 64 * 64 * 3


def png(color: str, size: tuple[int, int] = (64, 64)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


def read(kept: KeptPictures, source: bytes | Path, max_pixels: int = 64 * 64) -> CleanImage:
    return prepare(source, CONFIG, max_pixels=max_pixels, cleaned=kept.cleaned)


def test_the_same_bytes_are_decoded_once_from_wherever_they_come(tmp_path: Path) -> None:
    kept, path = KeptPictures(), tmp_path / "a.png"
    path.write_bytes(png("red"))
    image = read(kept, path)
    assert read(kept, png("red")) is image
    assert image.sha256 == prepare(path, CONFIG, max_pixels=64 * 64).sha256


def test_a_file_that_has_changed_is_another_picture(tmp_path: Path) -> None:
    kept, path = KeptPictures(), tmp_path / "a.png"
    path.write_bytes(png("red"))
    before = read(kept, path)
    path.write_bytes(png("blue"))
    assert read(kept, path).pixels[0, 0].tolist() == [0, 0, 255] != before.pixels[0, 0].tolist()


def test_another_budget_is_another_picture() -> None:
    kept = KeptPictures()
    small, large = (read(kept, png("red", (256, 256)), budget) for budget in (64 * 64, 128 * 128))
    assert (small.pixels.shape, large.pixels.shape) == ((64, 64, 3), (128, 128, 3))


def test_those_not_asked_about_for_longest_go_first() -> None:
    kept = KeptPictures(2 * SIZE)
    red, blue = read(kept, png("red")), read(kept, png("blue"))
    assert read(kept, png("red")) is red
    read(kept, png("green"))
    assert read(kept, png("red")) is red
    assert read(kept, png("blue")) is not blue


def test_what_is_larger_than_all_room_is_not_kept_and_drives_nothing_out() -> None:
    kept = KeptPictures(SIZE)
    red = read(kept, png("red"))
    wide = read(kept, png("red", (256, 256)), 128 * 128)
    assert read(kept, png("red", (256, 256)), 128 * 128) is not wide
    assert read(kept, png("red")) is red


def test_a_picture_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, measured = KeptPictures(), list[CleanImage]()
    measure = module.measure
    monkeypatch.setattr(module, "measure", lambda image: (measured.append(image), measure(image))[1])
    image = read(kept, png("white"))
    first, second = (picture_warnings(image, number, kept.measured) for number in (1, 2))
    assert measured == [image]
    assert [[warning.code for warning in each] for each in (first, second)] == [["picture_blank"]] * 2
    assert ("第 1 张" in first[0].message, "第 2 张" in second[0].message) == (True, True)

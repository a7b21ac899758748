"""RapidOCR reads the lines of a picture, in order, in any thread, and tells nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from kantu.contenders.rapidocr import RapidOCRReader
from kantu.errors import MissingDependencyError
from kantu.solve.reader import Reader
from kantu.synth.draw.faces import closest, load
from kantu.synth.families import draw

pytestmark = pytest.mark.whole

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return RapidOCRReader()


def sheet(size: tuple[int, int], *texts: tuple[int, int, str]) -> Pixels:
    """Black words on white, at x and y, 24 pixels high."""
    image = Image.new("RGB", size, "white")
    for x, y, text in texts:
        ImageDraw.Draw(image).text((x, y), text, fill="black", font=load(closest("sans", 400), 24))
    return np.asarray(image)


def test_it_reads_each_line_with_its_box_in_pixels(reader: Reader) -> None:
    lines = reader.read(sheet((480, 200), (20, 30, "订单编号 20261103 8842"), (20, 120, "实付款 ¥79.90")))
    assert [line.text.replace(" ", "") for line in lines] == ["订单编号202611038842", "实付款¥79.90"]
    font = load(closest("sans", 400), 24)
    left, top, right, bottom = font.getbbox("实付款 ¥79.90")
    assert lines[1].box == pytest.approx((20 + left, 120 + top, 20 + right, 120 + bottom), abs=6)
    assert all(0.5 < line.sureness <= 1 for line in lines)


def test_lines_come_in_the_order_in_which_drawn_pages_are_read(reader: Reader) -> None:
    left, right = ["春天的花园", "夏天的海边"], ["秋天的山林", "冬天的雪地"]
    columns = sheet((600, 200), (20, 30, left[0]), (20, 66, left[1]), (350, 48, right[0]), (350, 84, right[1]))
    assert [line.text for line in reader.read(columns)] == left + right
    rows = sheet((600, 200), (20, 30, left[0]), (350, 30, right[0]), (20, 110, left[1]), (350, 110, right[1]))
    assert [line.text for line in reader.read(rows)] == [left[0], right[0], left[1], right[1]]


def test_a_tall_picture_is_read_whole_and_each_line_once(reader: Reader) -> None:
    texts = [f"第{number}行的内容" for number in range(101, 116)]
    lines = reader.read(sheet((300, 920), *((20, 10 + 60 * n, text) for n, text in enumerate(texts))))
    assert [line.text for line in lines] == texts
    assert [abs(line.box[1] - 10 - 60 * n) < 12 for n, line in enumerate(lines)] == [True] * len(texts)


def test_a_strip_is_read_in_few_parts_whatever_its_shape(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard admits strips of 1 to 200, which would be a hundred bands, or millions of pixels."""
    read: list[tuple[int, ...]] = []
    monkeypatch.setattr(RapidOCRReader, "_band", lambda _, pixels: read.append(pixels.shape[:2]) or [])
    reader.read(sheet((8, 1600)))
    assert read == [(320, 160), (320, 160), (320, 160), (320, 160), (320, 160), (200, 160)]
    read.clear()
    reader.read(sheet((4000, 20)))
    assert read == [(64, 4000)]


def test_lines_of_strips_are_read_where_they_stand(reader: Reader) -> None:
    (low,) = reader.read(sheet((2400, 26), (20, 0, "订单编号 20261103")))
    assert low.text.replace(" ", "") == "订单编号20261103"
    assert low.box[3] <= 26
    narrow = reader.read(sheet((60, 700), *((4, 20 + 100 * n, f"{n}号") for n in range(7))))
    assert [line.text for line in narrow] == [f"{n}号" for n in range(7)]
    assert all(line.box[2] <= 60 for line in narrow)


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (3, 300), (300, 3)])
def test_where_nothing_is_printed_there_are_no_lines(reader: Reader, size: tuple[int, int]) -> None:
    assert reader.read(sheet(size)) == ()


def test_threads_may_read_at_the_same_time(reader: Reader) -> None:
    pages = [np.asarray(draw("notice", seed, (360, 360)).image.convert("RGB")) for seed in (7, 8, 9)]
    alone = [reader.read(page) for page in pages]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(reader.read, pages * 2)) == alone * 2
    assert all(alone)


def test_the_networks_use_no_more_threads_than_they_may() -> None:
    for asked, used in ((1, 1), (10_000, os.cpu_count())):
        reader = RapidOCRReader(threads=asked)
        reader.read(sheet((120, 100), (10, 30, "一行文字")))
        for part in (reader._engine.text_det, reader._engine.text_rec):
            assert part.session.session.get_session_options().intra_op_num_threads == used


@pytest.mark.parametrize("package", ["rapidocr", "onnxruntime"])
def test_without_the_packages_it_says_how_to_get_them(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=r"\[pipeline\]"):
        RapidOCRReader()


def test_without_the_models_it_says_so_and_asks_nobody_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.contenders.rapidocr._MODELS", {"Det": "another.onnx"})
    with pytest.raises(MissingDependencyError, match="模型"):
        RapidOCRReader()


NOBODY_IS_TOLD = """
import socket

def forbidden(*args, **kwargs):
    raise AssertionError("a socket was used")

socket.socket.__init__ = socket.socket.connect = socket.getaddrinfo = forbidden
import sys
import numpy as np
from PIL import Image
from kantu.contenders.rapidocr import RapidOCRReader

(line,) = RapidOCRReader().read(np.asarray(Image.open(sys.argv[1])))
print(line.text)
"""


def test_nothing_is_sent_downloaded_or_left_behind(tmp_path: Path) -> None:
    """ONNX Runtime's own code opens no Python socket, but where it reports to its maker it keeps files at home."""
    picture, home = tmp_path / "picture.png", tmp_path / "home"
    Image.fromarray(sheet((120, 100), (10, 30, "一行文字"))).save(picture)
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment = {name: value for name, value in environment.items() if not name.startswith(("PYTEST_", "XDG_"))}
    result = subprocess.run(
        [sys.executable, "-c", NOBODY_IS_TOLD, str(picture)],
        env={**environment, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "一行文字", "")
    assert [path.name for path in home.rglob("*")] == []

"""The plot of a calibration is one picture; what can not be drawn is said before the run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, MissingDependencyError
from kantu.evaluation.calibration.fit import fit
from kantu.evaluation.calibration.plot import check_plot, plot
from tests.evaluation.calibration.drawn import ORIGIN, records


@pytest.mark.parametrize("suffix", ["svg", "PNG"])
def test_the_plot_is_a_picture_with_words_that_can_be_read(tmp_path: Path, suffix: str) -> None:
    made = fit(records(300), ORIGIN)
    path = tmp_path / f"plot.{suffix}"
    check_plot(path)
    plot({"浏览器画的图片": records(300, seed=1), "别的": records(3, seed=2)}, made, path)
    drawn = path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]
    if suffix == "svg":
        assert "浏览器画的图片：把握与对错（600 个字段）" in drawn.decode()
        plot({"浏览器画的图片": records(300, seed=1), "别的": records(3, seed=2)}, made, path)
        assert path.read_bytes() == drawn
    else:
        assert drawn.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "code"),
    [("p.jpg", "unknown_image_format"), ("p", "unknown_image_format"), ("gone/p.svg", "output_unwritable")],
)
def test_a_place_that_can_not_be_drawn_to_is_said(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_plot(tmp_path / name)
    assert caught.value.code == code


def test_without_matplotlib_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_plot(None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError):
        check_plot(tmp_path / "p.svg")

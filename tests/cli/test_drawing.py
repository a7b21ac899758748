"""What cannot be drawn is said before it is worked for, and no picture is lost to its own drawing."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.cli.drawing import check, places
from kantu.errors import InvalidRequestError
from kantu.tasks.builtin import ORDER


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    names = [str(tmp_path / name) for name in ("order.png", "a-2.png")]
    for name in names:
        Path(name).write_bytes(b"picture")
    return names


def refused(path: Path, pictures: list[str]) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        check(path, pictures, ORDER)
    return caught.value.code


def test_one_picture_has_the_name_that_was_given_and_several_have_numbers() -> None:
    assert places(Path("out/a.png"), ["x.png"]) == [Path("out/a.png")]
    assert places(Path("out/a.png"), ["x.png", "y.png"]) == [Path("out/a-1.png"), Path("out/a-2.png")]


def test_a_source_is_not_overwritten_by_any_name_it_has(tmp_path: Path, pictures: list[str]) -> None:
    (tmp_path / "link.png").symlink_to(pictures[0])
    for place in ("order.png", "x/../order.png", "link.png"):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert refused(tmp_path / place, pictures[:1]) == "drawing_is_input"


def test_a_numbered_name_is_not_a_source_s_either(tmp_path: Path, pictures: list[str]) -> None:
    assert refused(tmp_path / "a.png", pictures) == "drawing_is_input"
    check(tmp_path / "order.png", pictures, ORDER)  # order-1.png and order-2.png
    assert Path(pictures[1]).read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("gone/a.png", "output_unwritable"),
        (".", "output_unwritable"),
        ("a.xyz", "drawing_unwritable"),
        ("a", "drawing_unwritable"),
        ("a.bmp", "drawing_unlabelled"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path: Path, pictures: list[str], place: str, code: str) -> None:
    assert refused(tmp_path / place, pictures) == code
    assert refused(tmp_path / place, pictures[:1]) == code
    assert refused(Path(), pictures) == "output_unwritable"


def test_without_a_label_any_format_will_do(
    tmp_path: Path, pictures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANTU_CONTENT_LABEL", "off")
    check(tmp_path / "a.bmp", pictures[:1], ORDER)
    assert not (tmp_path / "a.bmp").exists()

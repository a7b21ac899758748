"""A file that a command writes at its end is refused at its beginning, or is whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, KantuError
from kantu.output_files import check_outputs, draft, write_text


def test_what_can_be_written_is_let_through_and_nothing_is_left(tmp_path: Path) -> None:
    check_outputs(tmp_path / "a.html", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["gone/a.html", "file/a.html", "."])
def test_what_can_not_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequestError) as caught:
        check_outputs(tmp_path / "a.html", tmp_path / place)
    assert caught.value.code == "output_unwritable"
    assert caught.value.param == str(tmp_path / place)


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError  # which a test that root runs does not see otherwise

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(InvalidRequestError) as caught:
        check_outputs(tmp_path / "a.html")
    assert caught.value.code == "output_unwritable"


def test_a_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "旧的，更长")
    write_text(path, "新")
    assert path.read_text("utf-8") == "新"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_one_stands_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "旧")
    with pytest.raises(ZeroDivisionError), draft(path) as made:
        half(made, ZeroDivisionError())
    with pytest.raises(KantuError) as caught, draft(path) as made:
        half(made, OSError())
    assert caught.value.code == "output_not_written"
    assert path.read_text("utf-8") == "旧"
    assert list(tmp_path.iterdir()) == [path]


def half(made: Path, failure: Exception) -> None:
    made.write_text("一半", "utf-8")
    raise failure


def test_a_folder_that_has_gone_since_is_told(tmp_path: Path) -> None:
    with pytest.raises(KantuError) as caught:
        write_text(tmp_path / "gone" / "a.txt", "新")
    assert caught.value.code == "output_not_written"


def test_a_link_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link"
    path.write_text("旧")
    link.symlink_to(path)
    write_text(link, "新")
    assert link.is_symlink()
    assert path.read_text("utf-8") == "新"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)  # a reader, so that the writer does not wait for one
    check_outputs(pipe)
    write_text(pipe, "新")
    assert os.read(end, 100).decode() == "新"
    assert pipe.is_fifo()
    os.close(end)

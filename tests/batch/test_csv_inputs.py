"""CSV as Excel and others write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.batch.csv_inputs import CSVInputs
from kantu.errors import InvalidRequestError


def inputs(path: Path, text: str, encoding: str = "utf-8") -> CSVInputs:
    path.write_bytes(text.encode(encoding))
    return CSVInputs(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_delimiters_and_ends_of_lines(path: Path, encoding: str, delimiter: str, end: str) -> None:
    text = end.join(delimiter.join(cells) for cells in (("编号", "image", "问题"), ("0017", "图/a.png", "几件？")))
    (row,) = found = inputs(path, text, encoding)
    assert found.columns == ("编号", "image", "问题")
    assert row.columns == {"编号": "0017", "image": "图/a.png", "问题": "几件？"}
    assert row.images == (path.parent / "图/a.png",)


def test_quotes_hold_delimiters_and_lines(path: Path) -> None:
    first, second = inputs(path, 'image,text\na.png,"一，\n""二"",三"\nb.png,四\n')
    assert first.columns["text"] == '一，\n"二",三'
    assert (first.place, second.place) == ("3", "4")  # the line on which the row ends


def test_commas_in_a_text_make_no_other_delimiter(path: Path) -> None:
    (row,) = inputs(path, "image\ta;b\nx.png\t1,2;3\n")
    assert row.columns == {"image": "x.png", "a;b": "1,2;3"}


def test_several_pictures_stand_between_bars(path: Path) -> None:
    (row,) = inputs(path, "images\na.png| b.png\n")
    assert row.images == (path.parent / "a.png", path.parent / "b.png")


def test_empty_rows_of_a_spreadsheet_are_none(path: Path) -> None:
    assert [row.place for row in inputs(path, "image,x\na.png,1\n,\n\n , \n")] == ["2"]


def test_a_column_without_a_name_is_called_by_its_number(path: Path) -> None:
    assert inputs(path, "image,,x\na.png,1,2\n").columns == ("image", "列2", "x")


@pytest.mark.parametrize("text", ["image,x\na.png,1,2\n", "image,x\na.png\n", "image,x\n,1\n", "images\na.png||\n"])
def test_a_row_of_another_shape_fails_alone(path: Path, text: str) -> None:
    (row,) = inputs(path, text)
    assert row.fault is not None
    assert row.fault.code == "batch_row_invalid"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        "图片,问题\na.png,?\n".encode(),  # no column of pictures
        b"image,x,x\na.png,1,2\n",
        b'image\n"a.png\n',
        b"image\n\xff\xff\n",
        "image\na.png\n".encode("utf-16"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(InvalidRequestError) as caught:
        list(CSVInputs(path))
    assert caught.value.code == "batch_input_invalid"

"""Files for spreadsheets: Chinese is read, digits are kept, and nothing in a cell is ever run."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kantu.aigc import LabelPolicy
from kantu.batch.export import export
from kantu.batch.table import Cell, Table
from kantu.errors import InvalidRequestError, KantuError, MissingDependencyError

DANGEROUS = [
    *("=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1)"),
    *("\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "+86 138", "-"),
]
HARMLESS = ["", "待发货", "-5.00", "+3", "-12%", "880612773510942880", "a=1", "1-2"]


def table(*rows: tuple[Cell, ...], columns: tuple[str, ...] = ("甲",)) -> Table:
    return Table(columns, lambda: iter(rows))


def cells(path: Path) -> list[Any]:
    return [row[0] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=2)]


class TestCSV:
    def read(self, path: Path) -> list[list[str]]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))

    def test_excel_reads_it_as_chinese(self, tmp_path: Path) -> None:
        export(table(("第一行\n第二行", 0.5, None), columns=("订单号", "把握", "空")), tmp_path / "r.csv")
        assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
        assert self.read(tmp_path / "r.csv") == [["订单号", "把握", "空"], ["第一行\n第二行", "0.5", ""]]

    @pytest.mark.parametrize("text", DANGEROUS)
    def test_a_formula_is_a_text(self, tmp_path: Path, text: str) -> None:
        export(table((text,), columns=(text,)), tmp_path / "r.csv")
        assert self.read(tmp_path / "r.csv") == [[f"'{text}"], [f"'{text}"]]

    @pytest.mark.parametrize("text", HARMLESS)
    def test_everything_else_is_as_it_is(self, tmp_path: Path, text: str) -> None:
        export(table((text, "x"), columns=("a", "b")), tmp_path / "r.csv")
        assert self.read(tmp_path / "r.csv")[1] == [text, "x"]

    def test_half_characters_do_not_stop_it(self, tmp_path: Path) -> None:
        export(table(("a\ud800b",)), tmp_path / "r.csv")
        assert self.read(tmp_path / "r.csv")[1] == ["a?b"]


class TestXLSX:
    def test_the_label_is_a_property_of_the_document(self, tmp_path: Path) -> None:
        label = LabelPolicy(producer="某某<科技>").label("order", "42")
        assert label is not None
        assert label.AIGC is not None
        export(table(("1",)), tmp_path / "r.xlsx", label)
        (found,) = openpyxl.load_workbook(tmp_path / "r.xlsx").custom_doc_props
        assert (found.name, json.loads(found.value)) == ("AIGC", label.AIGC.model_dump())

    def test_without_a_label_the_document_has_no_property(self, tmp_path: Path) -> None:
        export(table(("1",)), tmp_path / "r.xlsx", LabelPolicy("explicit").label("order", "42"))
        assert list(openpyxl.load_workbook(tmp_path / "r.xlsx").custom_doc_props) == []

    @pytest.mark.parametrize("text", [text for text in DANGEROUS if "\r" not in text])
    def test_a_formula_is_a_text(self, tmp_path: Path, text: str) -> None:
        export(table((text,)), tmp_path / "r.xlsx")
        (cell,) = cells(tmp_path / "r.xlsx")
        assert (cell.value, cell.data_type) == (text, "s")
        assert cell.quotePrefix  # it stays one when it is edited

    def test_numbers_of_orders_keep_their_digits(self, tmp_path: Path) -> None:
        export(table(("880612773510942880",), ("007",), (0.5,)), tmp_path / "r.xlsx")
        assert [cell.value for cell in cells(tmp_path / "r.xlsx")] == ["880612773510942880", "007", 0.5]

    def test_what_a_sheet_cannot_hold_does_not_stop_it(self, tmp_path: Path) -> None:
        export(table(("a\x01b\ud800c",), ("长" * 40_000,)), tmp_path / "r.xlsx")
        first, second = cells(tmp_path / "r.xlsx")
        assert first.value == "a\ufffdb\ufffdc"
        assert len(second.value) == 32_767

    def test_more_rows_than_a_sheet_has_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kantu.batch.export._MOST_ROWS", 3)
        export(table(("1",), ("2",)), tmp_path / "r.xlsx")
        with pytest.raises(InvalidRequestError) as caught:
            export(table(("1",), ("2",), ("3",)), tmp_path / "r.xlsx")
        assert caught.value.code == "batch_too_many_rows"
        assert len(cells(tmp_path / "r.xlsx")) == 2  # the old file stands

    def test_without_openpyxl_it_says_how_to_get_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "openpyxl", None)
        with pytest.raises(MissingDependencyError) as caught:
            export(table(("1",)), tmp_path / "r.xlsx")
        assert "[excel]" in caught.value.message


@pytest.mark.parametrize("name", ["r.csv", "r.xlsx"])
def test_a_place_that_takes_nothing_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(KantuError) as caught:
        export(table(("1",)), tmp_path / "gone" / name)
    assert caught.value.code == "output_not_written"

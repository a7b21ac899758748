"""What rows there are, and that a row's key changes with everything that the answer depends on."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from kantu.batch.inputs import FolderInputs, JSONLInputs, Row
from kantu.errors import InvalidRequestError
from tests.batch.fakes import png


def lines(path: Path, *values: object) -> JSONLInputs:
    path.write_text("\n".join(value if isinstance(value, str) else json.dumps(value) for value in values), "utf-8")
    return JSONLInputs(path)


class TestFolder:
    def test_pictures_are_known_by_content_and_sorted(self, tmp_path: Path) -> None:
        (tmp_path / "b.png").write_bytes(png())
        (tmp_path / "a 无扩展名").write_bytes(png())
        (tmp_path / "说明.txt").write_text("不是图片")
        (tmp_path / ".hidden.png").write_bytes(png())
        inputs = FolderInputs(tmp_path, recursive=True)
        assert [row.place for row in inputs] == ["a 无扩展名", "b.png"]
        assert inputs.skipped == 1

    def test_what_is_only_called_a_picture_is_not_lost(self, tmp_path: Path) -> None:
        (tmp_path / "broken.jpg").write_bytes(b"")
        assert [row.place for row in FolderInputs(tmp_path, recursive=True)] == ["broken.jpg"]

    def test_a_film_is_no_picture(self, tmp_path: Path) -> None:
        (tmp_path / "film").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(100))
        (tmp_path / "phone").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
        assert [row.place for row in FolderInputs(tmp_path, recursive=True)] == ["phone"]

    @pytest.mark.parametrize(("recursive", "places"), [(True, ["a.png", "sub/b.png"]), (False, ["a.png"])])
    def test_folders_in_it(self, tmp_path: Path, recursive: bool, places: list[str]) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "b.png").write_bytes(png())
        (tmp_path / "a.png").write_bytes(png())
        (tmp_path / "loop").symlink_to(tmp_path)
        assert [row.place for row in FolderInputs(tmp_path, recursive)] == places

    def test_a_name_that_is_no_unicode_has_a_key(self, tmp_path: Path) -> None:
        name = "图.png".encode("gb18030").decode("utf-8", "surrogateescape")
        (tmp_path / name).write_bytes(png())
        (row,) = FolderInputs(tmp_path, recursive=True)
        assert row.place == name
        assert row.key({})


class TestLines:
    def test_paths_begin_at_the_file_and_other_columns_are_kept(self, tmp_path: Path) -> None:
        (row,) = lines(tmp_path / "in.jsonl", {"id": 7, "image": "a.png", "question": "几件？"})
        assert row.images == (tmp_path / "a.png",)
        assert row.columns == {"id": 7, "image": "a.png", "question": "几件？"}
        assert row.place == "1"

    def test_several_pictures_and_data_urls(self, tmp_path: Path) -> None:
        url = "data:image/png;base64," + base64.b64encode(png(size=(64, 64))).decode()
        (row,) = lines(tmp_path / "in.jsonl", {"images": ["a.png", url]})
        assert row.images == (tmp_path / "a.png", png(size=(64, 64)))
        assert row.shown() == {"images": ["a.png", f"{url[:40]}…"]}  # or every result would hold the picture

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("不是 JSON", "batch_row_invalid"),
            ("[1]", "batch_row_invalid"),
            ({"question": "没有图"}, "batch_row_invalid"),
            ({"image": "a.png", "images": ["b.png"]}, "batch_row_invalid"),
            ({"images": []}, "batch_row_invalid"),
            ({"image": 5}, "batch_row_invalid"),
            ({"image": "https://example.com/a.png"}, "image_url_not_allowed"),
            ({"image": "data:image/png;base64,!!"}, "invalid_data_url"),
        ],
    )
    def test_what_is_no_row_fails_alone(self, tmp_path: Path, line: object, code: str) -> None:
        first, second = lines(tmp_path / "in.jsonl", line, {"image": "a.png"})
        assert first.fault is not None
        assert first.fault.code == code
        assert second.fault is None

    def test_blank_lines_are_none_and_count(self, tmp_path: Path) -> None:
        assert [row.place for row in lines(tmp_path / "in.jsonl", {"image": "a"}, "", {"image": "b"})] == ["1", "3"]

    def test_rows_are_read_as_they_are_needed(self, tmp_path: Path) -> None:
        inputs = iter(lines(tmp_path / "in.jsonl", *({"image": str(n)} for n in range(9_999)), "x" * 100))
        assert next(inputs).columns == {"image": "0"}

    def test_a_file_that_is_gone_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequestError) as caught:
            list(JSONLInputs(tmp_path / "gone.jsonl"))
        assert caught.value.code == "batch_input_unreadable"


class TestKeys:
    def test_a_key_tells_place_columns_settings_and_content(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(png())
        row = Row("1", {"image": "a.png", "text": "一"}, (path,))
        keys = {
            row.key({}),
            row.key({"question": "什么？"}),
            Row("2", row.columns, (path,)).key({}),
            Row("1", {"image": "a.png", "text": "二"}, (path,)).key({}),
        }
        path.write_bytes(png("black"))
        keys.add(row.key({}))
        path.unlink()
        keys.add(row.key({}))
        assert len(keys) == 6

    def test_it_is_the_same_wherever_the_folder_lies(self, tmp_path: Path) -> None:
        keys = set()
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "a.png").write_bytes(png())
            keys |= {row.key({}) for row in FolderInputs(tmp_path / name, recursive=True)}
        assert len(keys) == 1

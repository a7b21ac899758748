"""Questions in the files that people have: VLMEvalKit's TSV; JSON and JSON lines of ms-swift and LLaMA-Factory.

VLMEvalKit: columns index, question, answer; image (base64, a JSON or Python list of several, or the index of another
row with the same picture) or image_path; A, B, C, ... where it is a multiple choice; hint and category, if any.
ms-swift and LLaMA-Factory: `messages` (role, content) or `conversations` (from, value), or the pair `instruction` and
`output` of Alpaca, or `query` and `response`; `images` are paths, data URLs, or {"path"} and {"bytes"}; an `<image>` in
the text stands for each. What is asked is the user's last turn; the answer after it is the truth.
"""

from __future__ import annotations

import ast
import base64
import binascii
import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from kantu.contenders.contender import Said
from kantu.errors import InvalidRequestError
from kantu.evaluation.free import CHOICE, FREE, judge_of
from kantu.evaluation.items import Item, Picture
from kantu.tasks.truth import Truth

_LETTERS = "ABCDEFGHIJ"
_PLACE = "<image>"
_LONGEST_REFERENCE = 64  # characters of an `image` that is the index of another row, as VLMEvalKit takes it
_ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}
_NAMES = ("messages", "conversations", "conversation")

Row = Mapping[str, Any]


class _RowError(Exception):
    """What is wrong with a row, in Chinese and in English."""


def read_file(path: Path) -> tuple[Item, ...]:
    """The questions of a .tsv, .jsonl or .json file.

    Raises InvalidRequestError (`suite_invalid`) with the number of the row that cannot be read.
    """
    readers: dict[str, Callable[[Path], Iterator[tuple[int, Row]]]] = {
        ".tsv": _tsv_rows,
        ".jsonl": _json_lines,
        ".json": _json_rows,
    }
    if path.suffix.lower() not in readers:
        raise InvalidRequestError(
            "suite_unknown_format",
            f"不认识 {path.name} 的格式：支持 .tsv（VLMEvalKit）、.jsonl 和 .json（ms-swift、LLaMA-Factory）。",
            f"Unknown format of {path.name}: .tsv, .jsonl and .json are read.",
            param=str(path),
        )
    is_table = path.suffix.lower() == ".tsv"
    rows = list(readers[path.suffix.lower()](path))
    encoded = {str(row.get("index")): str(row.get("image") or "") for _, row in rows} if is_table else {}
    items = []
    for number, row in rows:
        try:
            items.append(_from_table(path, row, number, encoded) if is_table else _from_chat(path, row, number))
        except _RowError as error:
            _refuse(path, number, *error.args)
    return tuple(items)


def _refuse(path: Path, number: int, chinese: str, english: str) -> NoReturn:
    raise InvalidRequestError(
        "suite_invalid",
        f"{path.name} 第 {number} 行：{chinese}。",
        f"Row {number} of {path.name}: {english}.",
        param=str(path),
    ) from None


def _tsv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(sys.maxsize)  # a picture is one field
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        missing = {"question", "answer"} - set(reader.fieldnames or ())
        if missing:
            names = "、".join(sorted(missing))
            _refuse(path, 1, f"表头里没有 {names}", f"the header has no {', '.join(sorted(missing))}")
        for number, row in enumerate(reader, 2):
            if None in row or None in row.values():
                _refuse(path, number, "列数与表头不同", "it has another number of columns than the header")
            yield number, row


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        if line.strip():
            yield number, _object(path, number, line)


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        rows = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        _refuse(path, getattr(error, "lineno", 1), "不是 JSON", "it is not JSON")
    if not isinstance(rows, list):
        _refuse(path, 1, "最外层要是列表", "the file must hold a list")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            _refuse(path, number, "不是 JSON 对象", "it is not a JSON object")
        yield number, row


def _object(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        _refuse(path, number, "不是 JSON", "it is not JSON")
    if not isinstance(row, dict):
        _refuse(path, number, "不是 JSON 对象", "it is not a JSON object")
    return row


def _from_table(path: Path, row: Row, number: int, encoded: Mapping[str, str]) -> Item:
    answer = str(row["answer"]).strip()
    if not answer:
        raise _RowError("没有 answer", "it has no answer")
    if not str(row["question"]).strip():
        raise _RowError("没有 question", "it has no question")
    options = {letter: row[letter].strip() for letter in _LETTERS if str(row.get(letter) or "").strip()}
    hint = str(row.get("hint") or "").strip()
    question = (f"提示：{hint}\n" if hint else "") + str(row["question"]).strip()
    pictures = tuple(_table_pictures(path, row, number, encoded))
    kind = str(row.get("category") or "").strip() or ("choice" if options else "free")
    if not options:
        return Item(pictures, FREE, kind, question, Truth(answer), path.stem, path.stem)
    if answer not in options:
        raise _RowError(f"answer 是“{answer}”，不是 {'、'.join(options)} 之一", f"answer {answer!r} is no option")
    listed = "\n".join(f"{letter}. {text}" for letter, text in options.items())
    asked = f"{question}\n{listed}\n只回答选项的字母。"
    others = (text for letter, text in options.items() if letter != answer)
    truth = Truth(answer, (options[answer], *others))
    return Item(pictures, CHOICE, kind, asked, truth, path.stem, path.stem, choices=tuple(options))


def _table_pictures(path: Path, row: Row, number: int, encoded: Mapping[str, str]) -> Iterator[Picture]:
    image, files = str(row.get("image") or "").strip(), str(row.get("image_path") or "").strip()
    if image and len(image) <= _LONGEST_REFERENCE and image in encoded:
        image = encoded[image]
    if image:
        for place, text in enumerate(_listed(image)):
            try:
                yield Picture(f"{row.get('index') or number}.{place}", base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                raise _RowError("image 不是 base64", "image is not base64") from None
        return
    for name in _listed(files) if files else ():
        yield _file(path, name)


def _listed(text: str) -> list[str]:
    """One value, or a list written as JSON or as Python writes it."""
    if not text.startswith("["):
        return [text]
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return [text]
    return [str(each) for each in found]


def _from_chat(path: Path, row: Row, number: int) -> Item:
    turns = _turns(row)
    if len(turns) < 2 or turns[-1].role != "assistant" or turns[-2].role != "user":
        raise _RowError("最后两轮要是一问一答", "its last two turns must be a question and its answer")
    *history, asked, answered = turns
    pictures = _chat_pictures(path, row, number)
    places = [turn.text.count(_PLACE) for turn in turns]
    first = next(place for place, turn in enumerate(turns) if turn.role == "user")
    if sum(places) not in (0, len(pictures)):
        raise _RowError(
            f"文字里有 {sum(places)} 个 <image>，images 里有 {len(pictures)} 张图",
            f"its text has {sum(places)} <image>, its images are {len(pictures)}",
        )
    if sum(places) != places[first]:
        raise _RowError("<image> 只能在用户的第一轮里", "<image> may stand in the user's first turn only")
    if not answered.text.strip():
        raise _RowError("答案是空的", "its answer is empty")
    return Item(
        pictures,
        judge_of(answered.text),
        str(row.get("kind") or row.get("category") or "free"),
        _without_places(asked.text),
        Truth(answered.text.strip()),
        family=path.stem,
        origin=path.stem,
        history=tuple(Said(said.role, _without_places(said.text)) for said in history),
    )


def _turns(row: Row) -> list[Said]:
    found = next((row[name] for name in _NAMES if name in row), None)
    if found is not None:
        if not isinstance(found, list) or not all(isinstance(turn, dict) for turn in found):
            raise _RowError("messages 要是对象的列表", "messages must be a list of objects")
        system = [Said("system", row["system"])] if isinstance(row.get("system"), str) and row["system"] else []
        return system + [_turn(turn) for turn in found]
    asked, answered = row.get("instruction", row.get("query")), row.get("output", row.get("response"))
    if not isinstance(asked, str) or not isinstance(answered, str):
        raise _RowError(
            "没有 messages 或 conversations，也没有 instruction 和 output（或 query 和 response）",
            "it has neither messages nor conversations nor instruction and output",
        )
    more = row.get("input")
    return [Said("user", f"{asked}\n{more}" if more else asked), Said("assistant", answered)]


def _turn(turn: Row) -> Said:
    role, content = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    if role not in _ROLES:
        raise _RowError(f"不认识的角色：{role}", f"unknown role {role!r}")
    if isinstance(content, list):  # OpenAI's parts; pictures among them are places
        content = "".join(part.get("text") or _PLACE for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise _RowError("一轮里没有文字", "a turn has no text")
    return Said(_ROLES[role], content)  # type: ignore[arg-type]


def _chat_pictures(path: Path, row: Row, number: int) -> tuple[Picture, ...]:
    images = row.get("images", row.get("image", ()))
    listed: Sequence[Any] = images if isinstance(images, list | tuple) else [images]
    return tuple(_chat_picture(path, image, f"{number}.{place}") for place, image in enumerate(listed) if image)


def _chat_picture(path: Path, image: Any, name: str) -> Picture:
    if isinstance(image, dict):
        image = f"data:;base64,{image['bytes']}" if image.get("bytes") else image.get("path")
    if not isinstance(image, str):
        raise _RowError("images 里有不认识的写法", "images holds something unknown")
    if image.startswith(("http://", "https://")):
        raise _RowError("图片是网址，请先下载", "a picture is a URL; fetch it first")
    if not image.startswith("data:"):
        return _file(path, image)
    try:
        return Picture(name, base64.b64decode(image.partition(",")[2], validate=True))
    except (binascii.Error, ValueError):
        raise _RowError("data: 图片不是 base64", "a data: picture is not base64") from None


def _file(path: Path, name: str) -> Picture:
    place = path.parent / name
    if not place.is_file():
        raise _RowError(f"找不到图片 {name}", f"no such picture: {name}")
    return Picture(name, place)


def _without_places(text: str) -> str:
    return re.sub(rf"\s*{_PLACE}\s*", " ", text).strip() or text

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
from kantu.errors import error, listed
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
    """What is wrong with a row: a row of the catalogue of errors and what stands for its placeholders."""

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(key)
        self.key, self.fields = key, fields


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
        raise error("suite_unknown_format", name=path.name, param=str(path))
    is_table = path.suffix.lower() == ".tsv"
    rows = list(readers[path.suffix.lower()](path))
    encoded = {str(row.get("index")): str(row.get("image") or "") for _, row in rows} if is_table else {}
    items = []
    for number, row in rows:
        try:
            items.append(_from_table(path, row, number, encoded) if is_table else _from_chat(path, row, number))
        except _RowError as failure:
            _refuse(path, number, failure.key, **failure.fields)
    return tuple(items)


def _refuse(path: Path, number: int, key: str, **fields: Any) -> NoReturn:
    raise error(key, file=path.name, number=number, path=path, **fields) from None


def _tsv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(sys.maxsize)  # a picture is one field
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        missing = {"question", "answer"} - set(reader.fieldnames or ())
        if missing:
            _refuse(path, 1, "suite_invalid.header", names=listed(sorted(missing)))
        for number, row in enumerate(reader, 2):
            if None in row or None in row.values():
                _refuse(path, number, "suite_invalid.columns")
            yield number, row


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        if line.strip():
            yield number, _object(path, number, line)


def _json_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        rows = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        _refuse(path, getattr(error, "lineno", 1), "suite_invalid.json")
    if not isinstance(rows, list):
        _refuse(path, 1, "suite_invalid.list")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            _refuse(path, number, "suite_invalid.object")
        yield number, row


def _object(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        _refuse(path, number, "suite_invalid.json")
    if not isinstance(row, dict):
        _refuse(path, number, "suite_invalid.object")
    return row


def _from_table(path: Path, row: Row, number: int, encoded: Mapping[str, str]) -> Item:
    answer = str(row["answer"]).strip()
    if not answer:
        raise _RowError("suite_invalid.no_answer")
    if not str(row["question"]).strip():
        raise _RowError("suite_invalid.no_question")
    options = {letter: row[letter].strip() for letter in _LETTERS if str(row.get(letter) or "").strip()}
    hint = str(row.get("hint") or "").strip()
    question = (f"提示：{hint}\n" if hint else "") + str(row["question"]).strip()
    pictures = tuple(_table_pictures(path, row, number, encoded))
    kind = str(row.get("category") or "").strip() or ("choice" if options else "free")
    if not options:
        return Item(pictures, FREE, kind, question, Truth(answer), path.stem, path.stem)
    if answer not in options:
        raise _RowError("suite_invalid.no_option", answer=answer, options=listed(options))
    lines = "\n".join(f"{letter}. {text}" for letter, text in options.items())
    asked = f"{question}\n{lines}\n只回答选项的字母。"
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
                raise _RowError("suite_invalid.image") from None
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
        raise _RowError("suite_invalid.last_turns")
    *history, asked, answered = turns
    pictures = _chat_pictures(path, row, number)
    places = [turn.text.count(_PLACE) for turn in turns]
    first = next(place for place, turn in enumerate(turns) if turn.role == "user")
    if sum(places) not in (0, len(pictures)):
        raise _RowError("suite_invalid.places", places=sum(places), pictures=len(pictures))
    if sum(places) != places[first]:
        raise _RowError("suite_invalid.first_turn")
    if not answered.text.strip():
        raise _RowError("suite_invalid.empty_answer")
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
            raise _RowError("suite_invalid.messages")
        system = [Said("system", row["system"])] if isinstance(row.get("system"), str) and row["system"] else []
        return system + [_turn(turn) for turn in found]
    asked, answered = row.get("instruction", row.get("query")), row.get("output", row.get("response"))
    if not isinstance(asked, str) or not isinstance(answered, str):
        raise _RowError("suite_invalid.no_turns")
    more = row.get("input")
    return [Said("user", f"{asked}\n{more}" if more else asked), Said("assistant", answered)]


def _turn(turn: Row) -> Said:
    role, content = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    if role not in _ROLES:
        raise _RowError("suite_invalid.role", role=role)
    if isinstance(content, list):  # OpenAI's parts; pictures among them are places
        content = "".join(part.get("text") or _PLACE for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise _RowError("suite_invalid.no_text")
    return Said(_ROLES[role], content)  # type: ignore[arg-type]


def _chat_pictures(path: Path, row: Row, number: int) -> tuple[Picture, ...]:
    images = row.get("images", row.get("image", ()))
    listed: Sequence[Any] = images if isinstance(images, list | tuple) else [images]
    return tuple(_chat_picture(path, image, f"{number}.{place}") for place, image in enumerate(listed) if image)


def _chat_picture(path: Path, image: Any, name: str) -> Picture:
    if isinstance(image, dict):
        image = f"data:;base64,{image['bytes']}" if image.get("bytes") else image.get("path")
    if not isinstance(image, str):
        raise _RowError("suite_invalid.images")
    if image.startswith(("http://", "https://")):
        raise _RowError("suite_invalid.url")
    if not image.startswith("data:"):
        return _file(path, image)
    try:
        return Picture(name, base64.b64decode(image.partition(",")[2], validate=True))
    except (binascii.Error, ValueError):
        raise _RowError("suite_invalid.data_url") from None


def _file(path: Path, name: str) -> Picture:
    place = path.parent / name
    if not place.is_file():
        raise _RowError("suite_invalid.picture", name=name)
    return Picture(name, place)


def _without_places(text: str) -> str:
    return re.sub(rf"\s*{_PLACE}\s*", " ", text).strip() or text

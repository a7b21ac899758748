"""Stage 7: what the text model has written becomes the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

from kantu.contenders.contender import AskOptions, Contender
from kantu.contenders.pipeline.parts import Asked, Picture
from kantu.contenders.pipeline.places import with_boxes
from kantu.contenders.pipeline.repair import fitted, read_json
from kantu.tasks.plain import plain

Translate = Callable[[str], str]
"""From an answer in another language to Chinese."""

_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_PREFIX = re.compile(r"^(?:答案|回答|答)[:：]\s*")
_FENCED = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{2,}")
_LEAST_WORDS = 3  # of a sentence; fewer may be a name that is copied from the picture
_TRANSLATE = "把下面的内容译成中文，只写译文；专有名词、编号和数字照抄。\n\n{text}"


def finish(text: str, asked: Asked, pictures: Sequence[Picture], translate: Translate | None = None) -> str:
    """The answer. A record is repaired and gets its boxes; one that cannot be read stays as it was written."""
    text = _THOUGHTS.sub("", text).strip()
    if asked.schema is not None:
        try:
            record = fitted(read_json(text), asked.schema)
        except ValueError:
            return text
        return json.dumps(with_boxes(record, asked.schema, asked.question, pictures), ensure_ascii=False)
    if fenced := _FENCED.match(text):
        text = fenced[1]
    text = _PREFIX.sub("", text)
    if asked.choices is not None:
        return _chosen(text, asked.choices)
    return translate(text) if translate is not None and _is_foreign(text) else text


def translator(contender: Contender) -> Translate:
    """Translates with a text model."""

    def translate(text: str) -> str:
        return contender.ask((), _TRANSLATE.format(text=text), AskOptions(temperature=0.0)).text.strip()

    return translate


def _chosen(text: str, choices: Sequence[str]) -> str:
    """The choice that was meant: the answer itself, or the only one named in it, longer names before their parts."""
    if text in choices:
        return text
    rest, named = plain(text), []
    for choice in sorted(choices, key=len, reverse=True):
        if plain(choice) in rest:
            named.append(choice)
            rest = rest.replace(plain(choice), " ")
    return named[0] if len(named) == 1 else text


def _is_foreign(text: str) -> bool:
    return _HAN.search(text) is None and len(_WORD.findall(text)) >= _LEAST_WORDS

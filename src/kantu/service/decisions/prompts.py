"""The body of a decision -> what the engine is asked: for each question a prompt, and the answers to tell apart.

All prompts of a request begin with its input, pictures included, and end with one question, so that the engine computes
what they share once. A question stands in the user's last message, as the embedded model was taught to read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kantu.errors import error
from kantu.processing.conversation import ImageReference, Role, Turn
from kantu.service.decisions.schemas import (
    AssistantInput,
    Choice,
    DecisionRequest,
    InputItem,
    InputJSON,
    InputPart,
    OutputRefusal,
    OutputText,
    Predicate,
    Question,
    compact_json,
)
from kantu.service.input_parts import InputImage, InputText
from kantu.service.settings import RequestSettings

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile("[A-Za-z]")


@dataclass(frozen=True, slots=True)
class _Words:
    """How choices are asked for in one language."""

    yes: str
    no: str
    options: str
    between: str
    colon: str
    truth_value: str


_CHINESE = _Words("是", "否", "选项：", "、", "：", "（布尔值）")
_ENGLISH = _Words("yes", "no", "Options: ", ", ", ": ", " (boolean)")


@dataclass(frozen=True, slots=True)
class Ask:
    """One question as the engine is asked it.

    Attributes:
        pictures: which of the request's pictures it shows, in order.
        choices: different labels; for a predicate yes and no, else one for each option or level, in their order.
    """

    turns: tuple[Turn, ...]
    pictures: tuple[int, ...]
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asks:
    """All questions of a request, and where its pictures come from."""

    asks: tuple[Ask, ...]
    images: tuple[ImageReference, ...]


@dataclass(slots=True)
class _Content:
    """Text and pictures in order; a picture is its number."""

    parts: list[str | int] = field(default_factory=list)

    @property
    def pictures(self) -> tuple[int, ...]:
        return tuple(part for part in self.parts if isinstance(part, int))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(part for part in self.parts if isinstance(part, str))

    def followed_by(self, more: _Content) -> _Content:
        """Both, where neither or only this one is empty; a text does not run into another one."""
        first, *rest = more.parts
        if self.parts and isinstance(self.parts[-1], str) and isinstance(first, str):
            first = f"\n{first}"
        return _Content([*self.parts, first, *rest])

    def turn(self, role: Role) -> Turn:
        if not self.pictures:
            return Turn(role, "".join(self.texts))
        return Turn(role, tuple(None if isinstance(part, int) else part for part in self.parts))


def read_asks(body: DecisionRequest, limits: RequestSettings) -> Asks:
    """What to ask, and about which pictures.

    Raises:
        InvalidRequestError: `too_many_messages`, `too_many_parts`, `too_many_images`, `too_many_characters`;
            `empty_question`: a question without a word.
    """
    images: list[ImageReference] = []
    if isinstance(body.input, str):
        shared: list[tuple[Role, _Content]] = [("user", _Content([body.input]))]
    else:
        shared = [_message(item, f"input.{number}.content", images) for number, item in enumerate(body.input)]
    asked = []
    for number, question in enumerate(body.questions):
        path = f"questions.{number}.instructions"
        content = _content(question.instructions, path, images)
        if not any(text.strip() for text in content.texts):
            raise error("empty_question", param=path)
        asked.append(content)
    listed = [content for _, content in shared] + asked
    _check(limits, messages=len(shared), contents=listed, questions=body.questions, images=len(images))
    before = tuple(content.turn(role) for role, content in shared[:-1])
    earlier = tuple(number for _, content in shared[:-1] for number in content.pictures)
    role, last = shared[-1]
    if role != "user":
        before, earlier, last = (*before, last.turn(role)), (*earlier, *last.pictures), _Content()
    asks = []
    for question, content in zip(body.questions, asked, strict=True):
        choices, listing = _choices(question, content)
        whole = last.followed_by(_Content([*content.parts, listing]))
        asks.append(Ask((*before, whole.turn("user")), (*earlier, *whole.pictures), choices))
    return Asks(tuple(asks), tuple(images))


def _message(item: InputItem, path: str, images: list[ImageReference]) -> tuple[Role, _Content]:
    if isinstance(item, AssistantInput):
        said = item.content if isinstance(item.content, str) else "".join(map(_said, item.content))
        return "assistant", _Content([said])
    return "user" if item.role == "user" else "system", _content(item.content, path, images)


def _said(part: OutputText | OutputRefusal) -> str:
    return part.text if isinstance(part, OutputText) else part.refusal


def _content(given: str | Sequence[InputPart], path: str, images: list[ImageReference]) -> _Content:
    if isinstance(given, str):
        return _Content([given])
    content = _Content()
    for place, part in enumerate(given):
        if isinstance(part, InputImage):
            name = "image_url" if part.file_id is None else "file_id"
            images.append(ImageReference(f"{path}.{place}.{name}", part.detail or "auto", part.image_url, part.file_id))
            content.parts.append(len(images) - 1)
        else:
            content = content.followed_by(_Content([_text(part)]))
    return content


def _text(part: InputText | InputJSON) -> str:
    return part.text if isinstance(part, InputText) else compact_json(part.data)


def _choices(question: Question, content: _Content) -> tuple[tuple[str, ...], str]:
    """The labels to tell apart, and the words that name them at the end of the question."""
    described: list[tuple[str, str | None]]
    if isinstance(question, Predicate):
        words = _words(content.texts)
        described = [(words.yes, None), (words.no, None)]
    elif isinstance(question, Choice):
        options = question.choices
        strings = {option.value for option in options if isinstance(option.value, str)}
        words = _words((*content.texts, *strings))
        described = [(_label(option.value, words, strings), option.description) for option in options]
    else:
        words = _words((*content.texts, *(level.label for level in question.levels)))
        described = [(level.label, level.description) for level in question.levels]
    labels = tuple(label for label, _ in described)
    if any(description for _, description in described):
        lines = (f"{label}{words.colon}{about}" if about else label for label, about in described)
        return labels, "\n".join(("", words.options.rstrip(), *lines))
    return labels, f"\n{words.options}{words.between.join(labels)}"


def _label(value: str | bool, words: _Words, strings: set[str]) -> str:
    """A boolean is yes or no, marked where an option is called so."""
    if isinstance(value, str):
        return value
    label = words.yes if value else words.no
    while label in strings:
        label += words.truth_value
    return label


def _words(texts: Sequence[str]) -> _Words:
    """English only where a question is in Latin letters and has no Chinese."""
    if any(map(_HAN.search, texts)) or not any(map(_LATIN.search, texts)):
        return _CHINESE
    return _ENGLISH


def _check(
    limits: RequestSettings, *, messages: int, contents: Sequence[_Content], questions: Sequence[Question], images: int
) -> None:
    parts = sum(len(content.parts) for content in contents) - len(questions)  # of questions what is more than one
    characters = sum(len(text) for content in contents for text in content.texts)
    characters += sum(len(text) for question in questions for text in _option_texts(question))
    for count, most, code in (
        (messages, limits.max_messages, "too_many_messages"),
        (parts, limits.max_parts, "too_many_parts"),
        (images, limits.max_images, "too_many_images"),
        (characters, limits.max_characters, "too_many_characters"),
    ):
        if count > most:
            raise error(code, count=count, most=most, param="input")


def _option_texts(question: Question) -> Iterator[str]:
    if isinstance(question, Choice):
        for option in question.choices:
            yield from (str(option.value), option.description or "")
    elif not isinstance(question, Predicate):
        for level in question.levels:
            yield from (level.label, level.description or "")

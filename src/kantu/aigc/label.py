"""What a label says, and which content has one.

The sentence is for people (显式标识), the object is for programs (隐式标识).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field

from kantu.errors import error

Mode = Literal["off", "metadata", "explicit", "both"]
"""Of one kind of content: no label, the object, the sentence, or both."""

SENTENCE = "内容由 AI 生成"
"""Names the technique and that it generates, which the standard asks of every sentence."""

CHAT = "chat"
"""The kind of all answers to free questions; a task's results are of the kind of its name."""

REPORT = "report"
"""The kind of HTML reports, which quote answers."""

HEADER = "AIGC"
"""Of an HTTP answer: the object as JSON."""

_BY_SENTENCE = (("AI", "人工智能"), ("生成", "合成"))  # a sentence has one of each
_VARIABLES = {
    "mode": "KANTU_CONTENT_LABEL",
    "by_task": "KANTU_CONTENT_LABEL_BY_TASK",
    "sentence": "KANTU_CONTENT_LABEL_SENTENCE",
    "producer": "KANTU_CONTENT_PRODUCER",
    "propagator": "KANTU_CONTENT_PROPAGATOR",
}


class Aigc(BaseModel):
    """The object that the standard's appendix E describes. Its names are the standard's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    Label: Literal["1"] = Field("1", description="1：属于人工智能生成合成内容")
    ContentProducer: str = Field(description="生成合成服务提供者的名称或编码")
    ProduceID: str = Field(description="提供者给这份内容的编号")
    ReservedCode1: str = Field("", description="预留给提供者自己做安全防护")
    ContentPropagator: str = Field("", description="内容传播服务提供者的名称或编码")
    PropagateID: str = Field("", description="传播者给这份内容的编号")
    ReservedCode2: str = Field("", description="预留给传播者自己做安全防护")

    def to_json(self) -> str:
        """As files hold it."""
        return json.dumps(self.model_dump(), ensure_ascii=False, separators=(",", ":"))

    def to_header(self) -> bytes:
        """As a header holds it: ASCII only."""
        return json.dumps(self.model_dump(), separators=(",", ":")).encode("ascii")


class ContentLabel(BaseModel):
    """生成内容的标识。"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str | None = Field(None, description="显式标识：要和内容一起给人看的一句话")
    AIGC: Aigc | None = Field(None, description="隐式标识：GB 45438-2025 的元数据")


@dataclass(frozen=True)
class LabelPolicy:
    """Which content has which label.

    Attributes:
        mode: of everything that `by_task` does not name.
        by_task: by a task's name, or `chat`.
        sentence: for people.
        producer, propagator: names or codes of who makes the content, and of who spreads it; "" is nobody.
    """

    mode: Mode = "both"
    by_task: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))
    sentence: str = SENTENCE
    producer: str = "Kantu"
    propagator: str = ""

    @classmethod
    def of(cls, mode: Mode, by_task: Sequence[str], sentence: str, producer: str, propagator: str) -> Self:
        """As settings word it, which have been checked."""
        return cls(mode, read_modes(by_task), sentence, producer, propagator)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """By the variables that set the same for the gateway (docs/settings.md); None takes the process's own.

        Raises:
            InvalidRequestError: `invalid_settings`.
        """
        given = os.environ if environment is None else environment
        found = {name: given[variable] for name, variable in _VARIABLES.items() if given.get(variable)}
        try:
            mode = _mode(found.pop("mode", "both"))
            by_task = read_modes(found.pop("by_task", "").split(","))
            if "sentence" in found:
                check_sentence(found["sentence"])
        except ValueError:
            raise error("invalid_settings.value", what="KANTU_CONTENT_LABEL*") from None
        return cls(mode, by_task, **found)

    def mode_of(self, kind: str) -> Mode:
        """The mode of a task's results, or of `chat`."""
        return self.by_task.get(kind, self.mode)

    def label(self, kind: str, produce_id: str) -> ContentLabel | None:
        """The label of one piece of content; None where it has none.

        Args:
            kind: the task that made it, or `chat`.
            produce_id: unique to it.
        """
        mode = self.mode_of(kind)
        if mode == "off":
            return None
        sentence = self.sentence if mode in ("explicit", "both") else None
        aigc = self._aigc(produce_id) if mode in ("metadata", "both") else None
        return ContentLabel(sentence=sentence, AIGC=aigc)

    @property
    def reductions(self) -> Mapping[str, Mode]:
        """What has less than a whole label, "" standing for all that is not named: somebody has decided that."""
        found = {kind: mode for kind, mode in {"": self.mode, **self.by_task}.items() if mode != "both"}
        return MappingProxyType(found)

    def _aigc(self, produce_id: str) -> Aigc:
        propagate_id = produce_id if self.propagator else ""
        return Aigc(
            ContentProducer=self.producer,
            ProduceID=produce_id,
            ContentPropagator=self.propagator,
            PropagateID=propagate_id,
        )


def read_modes(texts: Sequence[str]) -> Mapping[str, Mode]:
    """`task=mode` of each text. Raises ValueError."""
    found: dict[str, Mode] = {}
    for text in filter(None, map(str.strip, texts)):
        kind, equals, mode = text.partition("=")
        if not (kind and equals) or kind in found:
            raise ValueError("not task=mode")
        found[kind] = _mode(mode)
    return MappingProxyType(found)


def check_sentence(sentence: str) -> str:
    """The sentence, where it says what the standard wants said. Raises ValueError."""
    if not all(any(word in sentence for word in words) for words in _BY_SENTENCE):
        raise ValueError("does not say that AI has generated it")
    return sentence


def _mode(text: str) -> Mode:
    for known in get_args(Mode):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise ValueError("not a mode")

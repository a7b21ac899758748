"""What is answered: OpenAI's shapes, and how scores become them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from kantu.engine.request import Scores, Timings
from kantu.service.chat.shapes import KantuExtra
from kantu.service.decisions.schemas import Choice, Predicate, Question

Confidence = Callable[[str, float], float]
"""(kind of answer, the model's own probability) -> how often such an answer is right."""

_ANSWER_BYTES, _PROBABILITY_BYTES = 128, 96  # of JSON, without what the client has named


@with_config(ConfigDict(extra="forbid"))  # the document names every field
class _Shape(TypedDict):
    pass


class PredicateAnswer(_Shape):
    """一句话有多可能是真的。"""

    type: Literal["predicate"]
    name: str | None
    probability: float


class OptionProbability(_Shape):
    """一个选项的概率。"""

    value: str | bool
    probability: float


class ChoiceAnswer(_Shape):
    """选中的选项。"""

    type: Literal["choice"]
    name: str | None
    choice: str | bool
    confidence: Annotated[float, Field(description="选对的可能")]
    probabilities: list[OptionProbability]


class LevelProbability(_Shape):
    """一级的概率。"""

    value: Annotated[int, Field(description="第几级，从 0 开始")]
    label: str
    probability: float


class ScoreAnswer(_Shape):
    """分数：各级（从 0 开始）按概率的平均。"""

    type: Literal["score"]
    name: str | None
    score: float
    confidence: Annotated[float, Field(description="最可能的一级是对的可能")]
    probabilities: list[LevelProbability]


class RefusalAnswer(_Shape):
    """没有回答：上游服务不告诉概率。"""

    type: Literal["refusal"]
    name: str | None


DecisionAnswer: TypeAlias = Annotated[
    PredicateAnswer | ChoiceAnswer | ScoreAnswer | RefusalAnswer, Field(discriminator="type")
]


class InputTokensDetails(_Shape):
    """输入的词元。"""

    cached_tokens: Annotated[int, Field(description="其中没有重新计算的")]
    cache_write_tokens: Annotated[int, Field(description="写缓存不另计，总是 0")]


class OutputTokensDetails(_Shape):
    """输出的词元。"""

    reasoning_tokens: int


class DecisionUsage(_Shape):
    """用量：各问题的合计。"""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: Annotated[int, Field(description="一个问题计 1")]
    output_tokens_details: OutputTokensDetails
    total_tokens: int
    visual_tokens: Annotated[int, Field(description="各张图片的词元，几个问题共用的计一次")]


class Decision(_Shape):
    """回答，与问题同序。"""

    model: str
    answers: list[DecisionAnswer]
    usage: DecisionUsage
    kantu: KantuExtra


def answer_to(question: Question, scores: Scores, confidence: Confidence) -> DecisionAnswer:
    """What the scores of a question's choices (`prompts.Ask`) say.

    Args:
        confidence: (kind, probability of the most probable choice) -> how probable it is that this choice is right.
    """
    probabilities = scores.probabilities
    if probabilities is None:
        return {"type": "refusal", "name": question.name}
    if isinstance(question, Predicate):
        likely = max(confidence("decisions.predicate", max(probabilities)), 0.5)  # it stays the more probable one
        probability = likely if scores.best == 0 else 1 - likely
        return {"type": "predicate", "name": question.name, "probability": probability}
    best = probabilities[scores.best]
    if isinstance(question, Choice):
        options = zip(question.choices, probabilities, strict=True)
        return {
            "type": "choice",
            "name": question.name,
            "choice": question.choices[scores.best].value,
            "confidence": confidence("decisions.choice", best),
            "probabilities": [{"value": option.value, "probability": share} for option, share in options],
        }
    levels = zip(question.levels, probabilities, strict=True)
    return {
        "type": "score",
        "name": question.name,
        "score": sum(value * share for value, share in enumerate(probabilities)),
        "confidence": confidence("decisions.score", best),
        "probabilities": [
            {"value": value, "label": level.label, "probability": share} for value, (level, share) in enumerate(levels)
        ],
    }


def most_answer_bytes(questions: Sequence[Question]) -> int:
    """About how many bytes of JSON the answers have."""
    total = 0
    for question in questions:
        total += _ANSWER_BYTES + len((question.name or "").encode())
        if isinstance(question, Choice):
            total += sum(_PROBABILITY_BYTES + len(str(option.value).encode()) for option in question.choices)
        elif not isinstance(question, Predicate):
            total += sum(_PROBABILITY_BYTES + len(level.label.encode()) for level in question.levels)
    return total


def usage_of(scored: Sequence[Scores], visual_tokens: int) -> DecisionUsage:
    """What all questions together have taken."""
    input_tokens = sum(each.usage.prompt_tokens for each in scored)
    cached_tokens = sum(each.usage.cached_tokens for each in scored)
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached_tokens, "cache_write_tokens": 0},
        "output_tokens": len(scored),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + len(scored),
        "visual_tokens": visual_tokens,
    }


def timings_of(scored: Sequence[Scores], total_seconds: float) -> Timings:
    """Of the whole request: until its first answer, and until its last."""
    first = scored[0].timings
    encode_seconds = sum(each.timings.encode_seconds for each in scored)
    return Timings(first.preprocess_seconds, encode_seconds, first.ttft_seconds, 0.0, total_seconds)

"""pydantic's findings in our words: the client's own path, what may stand there, and nothing of what was sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from kantu.errors import InvalidRequestError
from kantu.processing.validation import fault, refused


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Link(_Body):
    href: StrictStr
    size: Literal["s", "m"] | None = None


class Words(_Body):
    type: Literal["words"]
    words: StrictStr


class Picture(_Body):
    type: Literal["picture"]
    picture: StrictStr | Link


def _never(value: int) -> int:
    raise refused(InvalidRequestError("never", "从不。", "Never."), "here", 2)


class Outer(_Body):
    content: StrictStr | list[Annotated[Words | Picture, Field(discriminator="type")]] = ""
    count: StrictInt = Field(1, ge=1, le=9)
    flag: StrictBool | None = None
    fixed: Literal[False] | None = None
    code: str | None = Field(None, pattern="^a+$", max_length=3)
    several: list[StrictInt] = Field([1], min_length=1, max_length=2)
    names: StrictStr | list[StrictStr] = ""
    never: Annotated[int, AfterValidator(_never)] | None = None


WORDS = {"type": "words", "words": "x"}


def found(body: object, root: str = "") -> InvalidRequestError | None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(body)
    return fault(caught.value.errors(), body, root)


@pytest.mark.parametrize(
    ("body", "code", "param", "words"),
    [
        ({"content": 5}, "invalid_parameter", "content", "应为字符串或列表"),
        ({"content": [WORDS, 5]}, "invalid_parameter", "content.1", "应为对象"),
        ({"content": [WORDS, {}]}, "missing_parameter", "content.1.type", "缺少"),
        ({"content": [WORDS, {"type": "秘密"}]}, "invalid_parameter", "content.1.type", "只能是 words、picture"),
        ({"content": [{"type": "words"}]}, "missing_parameter", "content.0.words", "缺少"),
        ({"content": [{"type": "words", "words": 1}]}, "invalid_parameter", "content.0.words", "应为字符串"),
        ({"content": [{**WORDS, "more": 1}]}, "unknown_parameter", "content.0.more", "不认识"),
        ({"content": [{"type": "picture"}]}, "missing_parameter", "content.0.picture", "缺少"),
        # the branch "picture" of the union is called like the field below it
        (
            {"content": [{"type": "picture", "picture": "x", "more": 1}]},
            "unknown_parameter",
            "content.0.more",
            "不认识",
        ),
        (
            {"content": [{"type": "picture", "picture": 1}]},
            "invalid_parameter",
            "content.0.picture",
            "应为字符串或对象",
        ),
        ({"content": [{"type": "picture", "picture": {}}]}, "missing_parameter", "content.0.picture.href", "缺少"),
        (
            {"content": [{"type": "picture", "picture": {"href": "x", "size": "l"}}]},
            "invalid_parameter",
            "content.0.picture.size",
            "只能是 s、m",
        ),
        ({"count": 0}, "invalid_parameter", "count", "不能小于 1"),
        ({"count": 10}, "invalid_parameter", "count", "不能大于 9"),
        ({"count": 1.5}, "invalid_parameter", "count", "应为整数"),
        ({"flag": "true"}, "invalid_parameter", "flag", "应为布尔值"),
        ({"fixed": True}, "invalid_parameter", "fixed", "只能是 false"),
        ({"code": "b"}, "invalid_parameter", "code", "必须匹配 ^a+$"),
        ({"code": "aaaa"}, "invalid_parameter", "code", "最多 3 个字符"),
        ({"several": []}, "invalid_parameter", "several", "至少要有 1 项"),
        ({"several": [1, 2, 3]}, "invalid_parameter", "several", "最多 2 项"),
        ({"several": {}}, "invalid_parameter", "several", "应为列表"),
        ({"names": ["x", 1]}, "invalid_parameter", "names.1", "应为字符串"),
        ({"never": 1}, "never", "never.here.2", "从不"),
    ],
)
def test_the_place_and_what_may_stand_there(body: Any, code: str, param: str, words: str) -> None:
    error = found(body)
    assert error is not None
    assert (error.code, error.param) == (code, param)
    assert words in error.message
    assert error.message_en.isascii()
    assert "秘密" not in error.message


def test_the_first_of_several_faults_is_told() -> None:
    error = found({"content": [{"type": "words", "words": 1}, {"type": "picture", "picture": {"href": 1}}], "count": 0})
    assert error is not None
    assert error.param == "content.0.words"


def test_a_root_may_have_a_name() -> None:
    for body, param in (([], "body"), ({"count": 0}, "body.count")):
        error = found(body, "body")
        assert error is not None
        assert error.param == param


@pytest.mark.parametrize("body", [[], "秘密", {"秘密 count": 1}])
def test_what_has_no_name_has_no_words(body: object) -> None:
    assert found(body) is None


def test_a_list_of_a_hundred_thousand_faults_is_not_searched_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search runs on the event loop."""
    error = fault(Endless({"type": "int_type", "loc": ("several", number)} for number in range(10**5)), {}, "body")
    assert error is not None


class Endless(list[Any]):
    """Fails whoever looks far."""

    def __getitem__(self, index: Any) -> Any:
        assert isinstance(index, slice)
        assert index.stop <= 100
        return super().__getitem__(index)

    def __iter__(self) -> Any:
        raise AssertionError("all of them are looked at")

"""What JSON may give for a variable."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from kantu.tasks.given import NumberOrText

GIVEN = TypeAdapter[str](NumberOrText)


def test_integers_are_texts() -> None:
    assert [GIVEN.validate_python(value) for value in (0, -5, 1000, "左")] == ["0", "-5", "1000", "左"]
    assert GIVEN.json_schema() == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


@pytest.mark.parametrize("value", [True, 1.5, None, [1]])
def test_nothing_else_is(value: object) -> None:
    with pytest.raises(ValidationError):
        GIVEN.validate_python(value)

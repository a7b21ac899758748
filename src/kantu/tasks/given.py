"""What is given for a variable, in JSON: clients write numbers as numbers, an instruction takes texts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, StrictStr


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value  # True is none


NumberOrText = Annotated[StrictStr, BeforeValidator(_as_text, json_schema_input_type=int | str)]

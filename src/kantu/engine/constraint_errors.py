"""How a constraint is refused: one shape, which for a schema names the place, and so the construct, in it."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.errors import EngineError, InvalidRequestError

Path = Sequence[str]


def shown(path: Path) -> str:
    """A place in a schema as a user reads it.

    >>> shown(("properties", "金额", "not")), shown(())
    ('properties.金额.not', '#')
    """
    return ".".join(path) or "#"


def not_supported(reason: str, reason_en: str, path: Path | None = None) -> InvalidRequestError:
    """A constraint that cannot be enforced; `path` leads to the part of a schema that cannot."""
    return InvalidRequestError(
        "constraint_not_supported",
        f"不支持这个输出约束：{_at(path, '：')}{reason}。",
        f"This constraint is not supported: {_at(path, ': ')}{reason_en}.",
        param="constraint",
    )


def invalid(reason: str, reason_en: str, path: Path | None = None) -> InvalidRequestError:
    """A constraint that is not what its kind says."""
    return InvalidRequestError(
        "invalid_constraint",
        f"输出约束无效：{_at(path, '：')}{reason}。",
        f"Invalid constraint: {_at(path, ': ')}{reason_en}.",
        param="constraint",
    )


def needs_tokens(needed: int, max_tokens: int) -> InvalidRequestError:
    """A constraint whose shortest answer does not fit in what the answer may have."""
    return InvalidRequestError(
        "constraint_needs_tokens",
        f"满足输出约束的最短回答要 {needed} 个词元，而最多只能生成 {max_tokens} 个；请调大 max_tokens，或简化约束。",
        f"The shortest answer that fits the constraint needs {needed} tokens, and at most {max_tokens} can be "
        "generated; raise max_tokens or simplify the constraint.",
        param="max_tokens",
    )


def constraint_failed() -> EngineError:
    """A constrained answer that cannot go on."""
    return EngineError(
        "constraint_failed",
        "约束输出无法继续：约束过于复杂，或与已生成的内容不一致。请简化约束后重试。",
        "The constrained answer cannot go on: the constraint is too complex or contradicts the text so far.",
        param="constraint",
    )


def _at(path: Path | None, separator: str) -> str:
    return "" if path is None else shown(path) + separator

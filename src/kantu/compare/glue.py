"""Lines of code that hold a contender together, counted from its files."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable
from pathlib import Path

from kantu.contenders import kantu, pipeline

_NO_CODE = frozenset(
    (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
)


def kantu_lines() -> int:
    """What turns a loaded model into a contender."""
    return code_lines([Path(kantu.__file__)])


def pipeline_lines() -> int:
    """Everything between the reader, the text model and whoever asks; neither of these two is counted."""
    return code_lines(sorted(Path(pipeline.__file__).parent.rglob("*.py")))


def code_lines(files: Iterable[Path]) -> int:
    """Lines with code on them: no blank lines, comments or docstrings."""
    return sum(len(_coded(file.read_text("utf-8"))) for file in files)


def _coded(source: str) -> set[int]:
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))  # a docstring
    return lines

"""The chat template of a model folder, in a sandbox.

Templates come with weights from strangers, so they may only build strings. The environment (whitespace rules, loop
controls, `raise_exception`, `strftime_now`, unescaped `tojson`) is the one that chat templates are written for.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kantu.errors import error
from kantu.model.folder import ModelFolder

_NAMED_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


class _Generation(Extension):
    """Replaces `{% generation %}`, with which templates mark answers for training, by its body."""

    tags = {"generation"}  # noqa: RUF012  (declared on instances by the base class)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class ChatTemplate:
    """A compiled chat template.

    Attributes:
        source: the template's text.
    """

    def __init__(self, source: str, tokens: Mapping[str, str]) -> None:
        """Compile a template.

        Args:
            tokens: names that the template may use, such as `eos_token`.

        Raises:
            CheckpointError: `invalid_chat_template`.
        """
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = _now
        self.source = source
        self._tokens = dict(tokens)
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as failure:
            raise error("invalid_chat_template") from failure

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> ChatTemplate:
        """Read chat_template.jinja, else chat_template.json, else `chat_template` of tokenizer_config.json.

        Raises:
            CheckpointError: none of them holds a template, or it is damaged.
        """
        settings = folder.json("tokenizer_config.json", missing_ok=True)
        tokens: dict[str, str] = {}
        for name in _NAMED_TOKENS:
            token = settings.get(name)
            text = token.get("content") if isinstance(token, dict) else token
            if isinstance(text, str):
                tokens[name] = text
        return cls(_find_source(folder, settings), tokens)

    def render(self, messages: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool) -> str:
        """Render a conversation.

        Raises:
            InvalidRequestError: `chat_template_refused` if the template refuses it.
            CheckpointError: `invalid_chat_template` if the template accesses what the sandbox forbids.
        """
        try:
            return self._template.render(
                messages=messages,
                add_generation_prompt=add_generation_prompt,
                tools=None,
                documents=None,
                **self._tokens,
            )
        except jinja2.exceptions.SecurityError as failure:
            raise error("invalid_chat_template.sandbox") from failure
        except Exception as failure:  # raise_exception, or any error in the template's own code
            raise error("chat_template_refused") from failure


def _find_source(folder: ModelFolder, settings: Mapping[str, Any]) -> str:
    jinja, legacy = "chat_template.jinja", "chat_template.json"
    if jinja in folder.files:
        return folder.text(jinja)
    source = (folder.json(legacy) if legacy in folder.files else settings).get("chat_template")
    if isinstance(source, list):  # several named templates
        named = {t.get("name"): t.get("template") for t in source if isinstance(t, dict)}
        source = named.get("default")
    if not isinstance(source, str):
        raise error("chat_template_missing", path=folder.path)
    return source


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _now(pattern: str) -> str:
    return datetime.datetime.now().astimezone().strftime(pattern)

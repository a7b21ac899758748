"""Chat templates from strangers: what they may do, and what they may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from kantu.errors import CheckpointError, InvalidRequestError
from kantu.model.folder import ModelFolder
from kantu.processing.template import ChatTemplate

MESSAGES = [{"role": "user", "content": "为什么<b>"}, {"role": "assistant", "content": "好"}]


def render(source: str) -> str:
    return ChatTemplate(source, {"eos_token": "<|im_end|>"}).render(MESSAGES, add_generation_prompt=True)


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}\n    {% if loop.first %}\n    {{ m.content }}\n    {% endif %}\n{% endfor %}\n",
        "{%- for m in messages -%}{% if m.role == 'assistant' %}{% break %}{% endif %}{{ m.role }}{%- endfor %}",
        "{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ m.content }}{% endfor %}",
        "{{ messages | tojson }}{{ messages | tojson(indent=2) }}",
        "{{ eos_token }}{{ add_generation_prompt }}{{ tools is none }}{{ nothing is defined }}",
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}",
        "a{% generation %}{{ messages[1].content }}{% endgeneration %}b",
        "{{ messages[0].content.split('<') | last | upper | trim }}{{ messages[::-1][0]['role'] }}",
        "{{ strftime_now('%Y') }}",
    ],
)
def test_renders_as_the_reference_does(source: str, tiny_folder: Path) -> None:
    oracle = AutoTokenizer.from_pretrained(tiny_folder)
    expected = oracle.apply_chat_template(MESSAGES, chat_template=source, tokenize=False, add_generation_prompt=True)
    assert render(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='system') }}",
        "{{ cycler.__init__.__globals__.os.getcwd() }}",
    ],
)
def test_the_sandbox_holds(source: str) -> None:
    with pytest.raises((CheckpointError, InvalidRequestError)) as caught:
        render(source)
    assert caught.value.code in ("invalid_chat_template", "chat_template_refused")
    assert "class" not in str(caught.value)


def test_the_sandbox_holds_inside_format_strings() -> None:
    assert render("{{ '{0.__class__}'.format(1) }}") == ""


def test_a_template_may_refuse_a_conversation_but_not_speak_to_the_user() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        render("{{ raise_exception('System role not supported!') }}")
    assert caught.value.code == "chat_template_refused"
    assert "System" not in str(caught.value)


def test_a_template_that_fails_on_a_conversation_is_our_error() -> None:
    for source in ("{{ 1 / 0 }}", "{{ messages[0].content + 1 }}", "{{ nothing.at.all }}"):
        with pytest.raises(InvalidRequestError) as caught:
            render(source)
        assert caught.value.code == "chat_template_refused"


def test_a_syntax_error_is_found_when_loading() -> None:
    with pytest.raises(CheckpointError) as caught:
        ChatTemplate("{% if %}", {})
    assert caught.value.code == "invalid_chat_template"


def test_named_templates_and_token_objects(tmp_path: Path) -> None:
    settings = {
        "chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "{{ eos_token }}"}],
        "eos_token": {"content": "<|end|>", "special": True},
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    template = ChatTemplate.from_folder(ModelFolder.open(tmp_path))
    assert template.render(MESSAGES, add_generation_prompt=True) == "<|end|>"

"""The page's fixed parts as NiceGUI elements. `data-part` names what the scripts in `static/` look for."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from kantu.service.language import Language

Words = Mapping[str, str]

# Relative addresses, so that the page also works below a path prefix of a reverse proxy.
_HEAD = '<link rel="stylesheet" href="page/page.css">'
_BODY = '<script defer src="page/socketless.js"></script><script type="module" src="page/main.js"></script>'


def lay_out(words: Words, language: Language) -> None:
    """Build the page into NiceGUI's current client."""
    ui.add_head_html(_HEAD)
    ui.add_body_html(_BODY)
    with _box("kantu", part="root", lang="zh-CN" if language == "zh" else "en") as root:
        root.props["data-words"] = json.dumps(words, ensure_ascii=False)
        _side(words)
        with _box("main", tag="main"):
            _top(words)
            with _box("scroll", part="scroll"):
                _empty(words)
                _box("turns", part="turns", role="log", aria_live="polite")
            _composer(words)
        _box("drop", words["drop_here"], part="drop", aria_hidden="true")
        _key_dialog(words)
        _lightbox(words)


def _side(words: Words) -> None:
    with _box("side", tag="aside", part="side", aria_label=words["menu"]):
        with _box("brand"):
            _box("logo", aria_hidden="true")
            _box("name", words["title"])
        with _button("new", "plus", part="new"):
            _box("", words["new"], tag="span")
        _box("side-title", words["history"])
        _box("history", tag="nav", part="history", aria_label=words["history"])
        _box("note", words["history_note"])
    _box("shade", part="shade")


def _top(words: Words) -> None:
    with _box("top", tag="header"):
        _button("tool menu", "menu", part="menu", label=words["menu"])
        _box("heading", part="heading", tag="h1")
        with _box("select"):
            _box("", tag="select", part="model", aria_label=words["model"])
        _button("tool", "key", part="change-key", label=words["change_key"])


def _empty(words: Words) -> None:
    with _box("empty", part="empty", tag="section"):
        _box("logo large", aria_hidden="true")
        _box("", words["empty_title"], tag="h2")
        _box("", words["empty_text"], tag="p")
        with _button("primary", "picture", part="choose-first"):
            _box("", words["choose"], tag="span")
        with _box("ideas", part="ideas"):
            for name in ("idea_1", "idea_2", "idea_3"):
                _box("idea", words[name], tag="button", type="button")


def _composer(words: Words) -> None:
    with _box("composer", tag="footer"), _box("ask", tag="form", part="form", novalidate=True):
        _box("tray", part="tray")
        _box("notice", part="notice", role="alert")
        _box("", tag="textarea", part="question", rows="1", placeholder=words["question"], aria_label=words["question"])
        with _box("tools"):
            _button("tool", "picture", part="choose", label=words["choose"])
            with _button("tool wide", "sliders", part="advanced-toggle", aria_expanded="false"):
                _box("", words["advanced"], tag="span")
            _box("preview", part="preview", role="status")
            _box("keys-note", words["keys_note"])
            _button("send", "up", part="send", label=words["send"], type="submit")
            _button("send stop", "stop", part="stop", label=words["stop"], hidden=True)
        _advanced(words)
        _box("", tag="input", part="file", type="file", accept="image/*", multiple=True, hidden=True)


def _advanced(words: Words) -> None:
    with _box("advanced", part="advanced", hidden=True):
        for part, most in (("max_pixels", "16777216"), ("max_tokens", "1000000")):
            with _box("field", tag="label"):
                _box("", words[part], tag="span")
                _box(
                    "", tag="input", part=part.replace("_", "-"), type="number", min="1", max=most, inputmode="numeric"
                )
        with _box("field full", tag="label"):
            _box("", words["schema"], tag="span")
            _box(
                "code", tag="textarea", part="schema", rows="5", spellcheck="false", placeholder='{"type": "object", …}'
            )
        _box("link", words["schema_sample"], tag="button", part="schema-sample", type="button")


def _key_dialog(words: Words) -> None:
    dialog = _box("dialog", tag="dialog", part="key-dialog", aria_label=words["key_title"])
    with dialog, _box("", tag="form", part="key-form", novalidate=True):
        _box("logo", aria_hidden="true")
        _box("", words["key_title"], tag="h2")
        _box("", words["key_text"], tag="p")
        _box(
            "",
            tag="input",
            part="key",
            type="password",
            placeholder="kt-…",
            aria_label=words["key_label"],
            autocomplete="off",
            spellcheck="false",
            autocapitalize="off",
        )
        _box("notice", part="key-notice", role="alert")
        _box("primary", words["key_save"], tag="button", part="key-save", type="submit")
        _box("hint", words["key_hint"])


def _lightbox(words: Words) -> None:
    with _box("lightbox", tag="dialog", part="lightbox", aria_label=words["enlarge"]):
        _button("tool", "close", part="lightbox-close", label=words["close"])
        _box("stage", part="stage")


def _button(
    classes: str, icon: str, *, part: str = "", label: str = "", type: str = "button", **props: str | bool
) -> ui.element:
    """A button with an icon; `label` for those without words."""
    if label:
        props = {"aria_label": label, "title": label, **props}
    button = _box(classes, tag="button", part=part, text="", type=type, **props)
    with button:
        _box(f"icon icon-{icon}", tag="span", aria_hidden="true")
    return button


def _box(classes: str, text: str = "", *, tag: str = "div", part: str = "", **props: str | bool) -> ui.element:
    """One HTML element. It has no listeners: nothing typed into it ever reaches the server through NiceGUI."""
    element = TextElement(tag=tag, text=text) if text else ui.element(tag)
    element.classes(classes)
    if part:
        element.props["data-part"] = part
    for name, value in props.items():
        element.props[name.replace("_", "-")] = value
    return element

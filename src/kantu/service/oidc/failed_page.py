"""What a browser shows that could not be logged in: the words of the error, and the way back."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from kantu.errors import KantuError
from kantu.service.errors import headers_of, status_of
from kantu.service.language import Language

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_WORDS = {"zh": ("不能登录", "返回看图", "zh-CN"), "en": ("You could not be logged in", "Back to Kantu", "en")}


def failed_page(failure: KantuError, language: Language, home: str) -> HTMLResponse:
    """The page, with the status of the error.

    Args:
        home: where the way back leads.
    """
    title, back, tag = _WORDS[language]
    message = failure.message if language == "zh" else failure.message_en
    text = (
        f'<!doctype html><html lang="{tag}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><h1>{title}</h1><p>{escape(message)}</p><p><code>{escape(failure.code)}</code></p>"
        f'<p><a href="{escape(home)}">{back}</a></p></html>'
    )
    return HTMLResponse(text, status_of(failure), {**headers_of(failure), **_HEADERS})

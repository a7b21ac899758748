"""看图, the page to try the gateway with: it asks the public API with its visitor's key, and nothing else.

NiceGUI lays the page out (`layout.py`). What happens then, happens in the browser (`static/`): key, pictures, questions
and answers go between it and `/v1/`, so that there is one door, and no state of a visitor's is on the server.
"""

from __future__ import annotations

from fastapi import FastAPI

from kantu.service.settings import Settings


def install(app: FastAPI, settings: Settings) -> None:
    """Serve the page at `/` of `app`, below every route that is already there; nothing where `server.page` is off.

    NiceGUI keeps one application per process: a second gateway in the same process takes it over.
    """
    if not settings.server.page:
        return
    # here, not above: whoever turns the page off does not pay for NiceGUI
    from kantu.service.page.mount import mount

    mount(app)

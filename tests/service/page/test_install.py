"""What the page adds to an application, and what it leaves alone."""

from __future__ import annotations

import re

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from kantu.service import errors
from kantu.service.page import install
from kantu.service.settings import Settings


def application(settings: Settings | None = None) -> FastAPI:
    app = FastAPI()
    errors.install(app)

    @app.get("/v1/models")
    async def models() -> dict[str, str]:
        return {"object": "list"}

    install(app, settings or Settings())
    return app


def test_the_page_is_at_the_root_in_the_visitors_language() -> None:
    with TestClient(application()) as client:
        chinese = client.get("/")
        english = client.get("/", headers={"accept-language": "en"})
    assert chinese.status_code == 200
    assert "把图给我看看" in chinese.text
    assert "Show me a picture" in english.text
    assert chinese.headers["cache-control"] == "no-store"
    assert chinese.headers["vary"] == "Accept-Language"


def test_the_page_may_run_its_own_scripts_talk_to_its_own_server_and_not_be_framed() -> None:
    with TestClient(application()) as client:
        page = client.get("/")
    directives = dict(item.split(" ", 1) for item in page.headers["content-security-policy"].split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert re.findall(r"<script(?![^>]* src=)|<style|\bstyle=|\bon\w+=", page.text) == []
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_the_server_keeps_nothing_of_a_visit() -> None:
    with TestClient(application()) as client:
        for _ in range(3):
            assert "set-cookie" not in client.get("/").headers


def test_the_pages_own_files_are_checked_for_changes_on_every_visit() -> None:
    with TestClient(application()) as client:
        script = client.get("/page/main.js")
        again = client.get("/page/main.js", headers={"if-none-match": script.headers["etag"]})
        assert client.get("/page/../mount.py").status_code == 404
        assert client.get("/page/%2e%2e/mount.py").status_code == 404
    assert script.headers["cache-control"] == "no-cache"
    assert script.headers["content-type"].startswith("text/javascript")
    assert again.status_code == 304


def test_all_other_addresses_stay_the_gateways() -> None:
    with TestClient(application()) as client:
        assert client.get("/v1/models").json() == {"object": "list"}
        for path in ("/v1/nothing", "/nothing?key=kt-secret", "/page/nothing.js?key=kt-secret"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "endpoint_not_found")
        assert client.post("/v1/models").json()["error"]["code"] == "method_not_allowed"
        assert client.post("/").json()["error"]["code"] == "method_not_allowed"


def test_the_page_can_be_turned_off() -> None:
    settings = Settings.model_validate({"server": {"page": False}})
    with TestClient(application(settings)) as client:
        assert client.get("/").status_code == 404
        assert client.get("/page/main.js").status_code == 404


def test_errors_of_routes_are_not_caught_by_the_page() -> None:
    app = FastAPI()
    errors.install(app)

    @app.get("/v1/broken")
    async def broken() -> None:
        raise HTTPException(415)

    install(app, Settings())
    with TestClient(app) as client:
        assert client.get("/v1/broken").json()["error"]["code"] == "unsupported_media_type"


def test_whoever_has_something_to_complain_about_is_told_where_and_what_happens() -> None:
    told = {"complaints": "举报电话 <010-123>", "illegal_content": "立即停止生成，保存记录，报告网信部门。"}
    with TestClient(application(Settings.model_validate({"content": told}))) as client:
        page = client.get("/").text
        english = client.get("/", headers={"accept-language": "en"}).text
    for text in (page, english):
        assert "举报电话 &lt;010-123&gt;" in text
        assert told["illegal_content"] in text
    assert "投诉与举报" in page


def test_without_such_settings_the_page_says_nothing_of_it() -> None:
    with TestClient(application()) as client:
        assert 'data-part="legal"' not in client.get("/").text


def test_the_page_says_whether_something_is_kept() -> None:
    kept = Settings.model_validate({"retention": {"days": 7.0}})
    with TestClient(application()) as nothing, TestClient(application(kept)) as days:
        first = re.findall(r"<p>(.*)</p>", nothing.get("/").text)[0]
        second = re.findall(r"<p>(.*)</p>", days.get("/").text)[0]
    assert "图片和问题都不会保存" in first
    assert "不会保存" not in second
    assert "加密保存 7 天" in second

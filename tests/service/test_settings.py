"""Settings: from a file, the environment and flags, in rising order; what is not understood is an error."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.hub import home
from kantu.service.settings import Settings, is_secret, read_settings, sections, variables

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "s3cret-of-a-company"


def written(folder: Path, text: str) -> Path:
    file = folder / "kantu.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def refused(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """What is said of settings that are refused, in both languages."""
    with pytest.raises(InvalidRequestError) as caught:
        read_settings(file, environment or {}, flags)
    error = caught.value
    assert error.code == "invalid_settings"
    context = error.__context__  # a traceback would show it
    assert SECRET not in f"{error} {error.message_en} {error.param} {'' if error.__suppress_context__ else context!r}"
    return f"{error.message} {error.message_en}"


# where they come from


def test_without_anything_given_the_defaults_hold() -> None:
    assert read_settings(None, {}) == Settings()
    assert Settings().server.host == "127.0.0.1"


def test_flags_go_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "server: {port: 1, host: from.file, drain_seconds: 5}\nmodel: {name: from-file}\n")
    environment = {"KANTU_SERVER_PORT": "2", "KANTU_SERVER_HOST": "from.environment"}
    settings = read_settings(file, environment, {"server": {"port": 3, "host": None}})
    assert (settings.server.port, settings.server.host, settings.server.drain_seconds) == (3, "from.environment", 5)
    assert settings.model.name == "from-file"


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_SERVER_PORT", "4321")
    assert read_settings().server.port == 4321


def test_every_setting_can_be_given_in_the_environment_and_in_a_file(tmp_path: Path) -> None:
    changed: dict[str, Any] = {bool: "true", int: "100000000", float: "12.5", str: "text", Path: "/some/file"}
    choices = {"quantize": "int4", "upstream_dialect": "openai", "upstream_images": "qwen3-vl", "log_level": "debug"}
    choices |= {"label": "explicit", "label_sentence": "人工智能合成", "cipher": "sm4-gcm"}
    choices |= {"algorithm": "hmac-sm3", "when_unwritable": "refuse"}
    special = {"port": "9", "max_answers": "9", "metrics_port": "9", "owner_share": "0.5"}
    special |= {"password_characters": "20", "password_classes": "2", "password_history": "9"}
    special |= {"hash_memory_kib": "100000", "hash_passes": "9", "hash_lanes": "2"}
    special |= {"decode_memory_bytes": "300000000", "read_lines_memory_bytes": "600000000"}
    special |= {"issuer": "https://idp.example", "redirect_uri": "https://a.example/v1/session/oidc/callback"}
    lists = {
        "roles": "g=member,h=audit",
        "tenants": "g=t",
        "scopes": "email,groups",
        "allowed_domains": "a.example,b.example",
        "allowed_ports": "1,2",
        "label_by_task": "read=off,chat=metadata",
        "cors_origins": "https://a.example,http://b.example:8080",
        "trusted_proxies": "10.0.0.7,10.1.0.0/16,2001:db8::/32",
    }
    environment, in_file = {}, {section: dict[str, Any]() for section in sections()}
    for variable, (section, name, annotation) in variables().items():
        kind = next((kind for kind in changed if str(kind.__name__) in str(annotation)), str)
        value = {**choices, **special, **lists}.get(name, changed[kind])
        environment[variable] = value
        in_file[section][name] = value.split(",") if name in lists else value
    by_environment = read_settings(None, environment)
    from_file = read_settings(written(tmp_path, json.dumps(in_file)), {})
    assert by_environment.model_dump() == from_file.model_dump()
    for section in sections():
        different = {
            name
            for name, value in getattr(by_environment, section)
            if value == getattr(getattr(Settings(), section), name)
        }
        # no second choice, or true already
        assert different <= {
            "upstream_images",
            "docs",
            "docs_public",
            "mcp",
            "page",
            "metrics_public",
            "several_sessions",
        }


def test_variables_of_other_programs_and_of_the_hub_are_left_alone() -> None:
    others = {"PATH": "/bin", "kantu_server_port": "7", "KANTU_HUB": "huggingface", "KANTU_HOME": "/data"}
    assert read_settings(None, {**others, "KANTU_CONFIG": "x", "KANTU_HUB_ENDPOINT": "x"}) == Settings()


# files


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\n  # port: 9000\n", "server: {}\nmodel:\n"])
def test_a_file_in_which_all_is_a_comment_changes_nothing(tmp_path: Path, text: str) -> None:
    assert read_settings(written(tmp_path, text), {}) == Settings()


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}",
        f"- {SECRET}",
        f"server: [{SECRET}",
        f"server: !!python/object/apply:os.system ['{SECRET}']",
        "\x00",
        "false",
    ],
)
def test_a_file_that_is_no_mapping_is_named(tmp_path: Path, text: str) -> None:
    assert "kantu.yaml" in refused(written(tmp_path, text))


def test_a_file_that_is_missing_a_folder_or_not_utf8_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"server: \xff\xfe")
    for file in (tmp_path / "missing.yaml", tmp_path, binary):
        assert str(file) in refused(file)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"sever: {{port: {SECRET}}}", "sever"),
        ("server: 8000", "server"),
        ("server: [8000]", "server"),
        ("8000: {}", "8000"),
    ],
)
def test_a_section_that_is_none_is_named(tmp_path: Path, text: str, named: str) -> None:
    assert named in refused(written(tmp_path, text))


@pytest.mark.parametrize("port", [0, 65536])
def test_what_is_no_port_is_named(tmp_path: Path, port: int) -> None:
    assert "fetch.allowed_ports" in refused(written(tmp_path, f"fetch: {{allowed_ports: [{port}]}}"))


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://app.example/page", "https://App.example", "null", ""]
)
def test_what_no_browser_would_write_as_an_origin_is_named(origin: str) -> None:
    assert "server.cors_origins" in refused(flags={"server": {"cors_origins": [origin]}})


def test_origins_are_written_as_browsers_write_them() -> None:
    origins = ("*", "https://app.example", "http://localhost:5173", "http://[::1]:8080", "tauri://localhost")
    assert read_settings(None, {"KANTU_SERVER_CORS_ORIGINS": ",".join(origins)}).server.cors_origins == origins


def test_domains_in_a_file_are_a_list(tmp_path: Path) -> None:
    file = written(tmp_path, "fetch: {allowed_domains: [a.example, '*.b.example'], allowed_ports: [8443]}")
    settings = read_settings(file, {})
    assert settings.fetch.allowed_domains == ("a.example", "*.b.example")
    assert settings.fetch.allowed_ports == (8443,)
    assert "fetch.allowed_domains" in refused(written(tmp_path, "fetch: {allowed_domains: a.example}"))


def test_more_models_are_a_list_of_the_same_settings(tmp_path: Path) -> None:
    text = "model: {name: a}\nmore_models:\n- {name: b, quantize: int8}\n- {name: c, served_name: d}\n"
    models = read_settings(written(tmp_path, text), {}).models
    assert [(model.name, model.quantize, model.served_name) for model in models] == [
        ("a", None, None),
        ("b", "int8", None),
        ("c", None, "d"),
    ]
    for nothing in ("", "more_models:\n", "more_models: []\n"):
        assert read_settings(written(tmp_path, nothing), {}).models == (Settings().model,)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("{name: b}", "more_models（类型不对"),
        ("b", "more_models（类型不对"),
        ("false", "more_models（类型不对"),
        ("[b]", "more_models.0（类型不对"),
        ("[{}, {quantize: int2}]", "more_models.1.quantize（类型不对"),
        ("[{nmae: b}]", "more_models.0.nmae（不认识"),
    ],
)
def test_what_is_no_list_of_models_is_named(tmp_path: Path, value: str, named: str) -> None:
    assert named in refused(written(tmp_path, f"more_models: {value}\n"))


# the environment


def test_lists_are_separated_by_commas_and_an_empty_variable_is_an_empty_list(tmp_path: Path) -> None:
    environment = {
        "KANTU_FETCH_ALLOWED_DOMAINS": " a.example, *.b.example ,",
        "KANTU_FETCH_ALLOWED_PORTS": "8443, 9443",
    }
    fetch = read_settings(None, environment).fetch
    assert (fetch.allowed_domains, fetch.allowed_ports) == (("a.example", "*.b.example"), (8443, 9443))
    file = written(tmp_path, "fetch: {allowed_domains: [a.example]}")
    assert read_settings(file, {"KANTU_FETCH_ALLOWED_DOMAINS": ""}).fetch.allowed_domains == ()


def test_any_other_empty_variable_is_not_given(tmp_path: Path) -> None:
    """As compose files write what may be set: ${KANTU_SERVER_PORT:-}."""
    file = written(tmp_path, "server: {port: 9}")
    environment = dict.fromkeys([*variables(), "KANTU_STORE_REDIS_URL_FILE"], "")
    settings = read_settings(file, environment)
    assert settings.server.port == 9
    assert settings.store.redis_url is None
    assert settings.watch.trace_endpoint is None


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("on", True), ("False", False), ("0", False)])
def test_switches_are_written_in_the_usual_ways(text: str, value: bool) -> None:
    assert read_settings(None, {"KANTU_SERVER_ALLOW_INSECURE": text}).server.allow_insecure is value


@pytest.mark.parametrize(
    "variable",
    [
        "KANTU_SERVER_PROT",
        "KANTU_PORT",
        "KANTU_SERVER",
        "KANTU_",
        "KANTU_SERVER_PORT_FILE",
        "KANTU_SERVER_TLS_KEY_FILE",
    ],
)
def test_an_unknown_variable_is_an_error_even_when_empty(variable: str) -> None:
    for value in (SECRET, ""):
        assert variable in refused(environment={variable: value})


# secrets


def test_exactly_what_is_secret_may_be_given_as_a_file(tmp_path: Path) -> None:
    secrets = {variable for variable, (_, _, annotation) in variables().items() if is_secret(annotation)}
    assert secrets == {
        "KANTU_AUDIT_ANCHOR_URL",
        "KANTU_MODEL_UPSTREAM_KEY",
        "KANTU_OIDC_CLIENT_SECRET",
        "KANTU_STORE_DATABASE_URL",
        "KANTU_STORE_REDIS_URL",
    }
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    settings = read_settings(None, {f"{variable}_FILE": str(file) for variable in secrets})
    for secret in (settings.model.upstream_key, settings.store.database_url, settings.store.redis_url):
        assert secret is not None
        assert secret.get_secret_value() == SECRET


def test_only_the_last_newline_of_a_secrets_file_is_not_part_of_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    for content, value in (("a b \n\n", "a b \n"), ("a\r\n", "a"), ("a", "a")):
        file.write_bytes(content.encode())
        key = read_settings(None, {"KANTU_MODEL_UPSTREAM_KEY_FILE": str(file)}).model.upstream_key
        assert key is not None
        assert key.get_secret_value() == value


def test_a_secrets_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "binary"):
        said = refused(environment={"KANTU_STORE_REDIS_URL_FILE": str(path)})
        assert "KANTU_STORE_REDIS_URL_FILE" in said


def test_a_secret_and_its_file_together_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    given = {"KANTU_STORE_REDIS_URL": SECRET, "KANTU_STORE_REDIS_URL_FILE": str(tmp_path / "secret")}
    assert "KANTU_STORE_REDIS_URL" in refused(environment=given)


def test_secrets_are_not_shown() -> None:
    names = ("KANTU_MODEL_UPSTREAM_KEY", "KANTU_STORE_DATABASE_URL", "KANTU_STORE_REDIS_URL")
    settings = read_settings(None, dict.fromkeys(names, f"x://u:{SECRET}@h"))
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()} {settings.model_dump()}"


# what is not accepted


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "port", SECRET),
        ("server", "port", -1),
        ("server", "port", 65_536),
        ("server", "drain_seconds", 0),
        ("server", "drain_seconds", "inf"),
        ("server", "drain_seconds", "nan"),
        ("server", "stream_keep_alive_seconds", -1),
        ("server", "max_body_bytes", 10),
        ("server", "allow_insecure", "perhaps"),
        ("server", "host", ["a", SECRET]),
        ("model", "quantize", "int2"),
        ("model", "upstream_key", [SECRET]),
        ("request", "max_answers", 17),
        ("request", "timeout_seconds", float("inf")),
        ("fetch", "allowed_ports", [SECRET]),
        ("store", "redis_url", {"password": SECRET}),
        ("watch", "log_level", SECRET),
    ],
)
def test_a_value_that_is_not_accepted_is_named_not_quoted(section: str, name: str, value: object) -> None:
    said = refused(flags={section: {name: value}})
    assert f"{section}.{name}" in said
    assert "类型不对或超出范围" in said


def test_an_unknown_name_is_said_to_be_unknown(tmp_path: Path) -> None:
    said = refused(written(tmp_path, f"server: {{prot: {SECRET}, port: x}}\nmodel: {{nmae: 1}}"))
    assert "server.prot、model.nmae（不认识）" in said


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().server.port = 1  # type: ignore[misc]


# where data is kept


def test_home_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_HOME", "/data")
    assert home() == Path("/data")
    monkeypatch.setenv("KANTU_HOME", "~/kantu")
    assert home() == Path.home() / "kantu"
    for unset in ("", None):
        monkeypatch.setenv("KANTU_HOME", unset) if unset is not None else monkeypatch.delenv("KANTU_HOME")
        assert home() == Path.home() / ".cache" / "kantu"


# their page


def test_the_page_of_settings_is_what_the_classes_say() -> None:
    page: str = runpy.run_path(str(ROOT / "scripts" / "settings_page.py"))["page"]()
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page, "run scripts/settings_page.py"
    for variable, (_, name, annotation) in variables().items():
        (row,) = [line for line in page.splitlines() if f"`{variable}`" in line and line.startswith(f"| `{name}` |")]
        assert row.count(" | ") == 4
        assert ("`_FILE`" in row) == is_secret(annotation)
        assert not row.endswith("|  |")

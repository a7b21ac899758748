"""The board and the alerts, against a real service and a real Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from kantu.service.watch.watch import ROUTES
from tests.deploy.promql import series_in
from tests.deploy.served import PROMETHEUS, ROOT, Served, scrape, serve, wait_for

pytestmark = pytest.mark.whole

BOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "kantu.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
RULES = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
RULES_TEST = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ADDED_BY_PROMETHEUS = {"instance", "job"}

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")


def expressions() -> Iterator[tuple[str, str]]:
    """(where it stands, PromQL) of all panels and rules, with Grafana's variables replaced."""
    for panel in PANELS:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield f"panel {panel['title']}", expression
    for rule in RULES:
        yield f"rule {rule['alert']}", rule["expr"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that has answered, refused and turned away."""
    with serve(tmp_path_factory.mktemp("served")) as made:
        assert made.ask(made.key).status_code == 200
        assert made.ask(made.key, temperature="hot").status_code == 400
        assert made.ask("kt-wrong").status_code == 401
        for status in (200, 429):
            limited = made.client.get("/v1/models", headers={"authorization": f"Bearer {made.limited_key}"})
            assert limited.status_code == status
        yield made


@pytest.fixture(scope="module")
def exported(served: Served) -> dict[str, set[str]]:
    """Name of each series -> the names of its labels."""
    answer = served.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


# --- the files


@needs_promtool
def test_promtool_accepts_the_configuration_and_the_rules() -> None:
    subprocess.run(["promtool", "check", "config", "prometheus.yml"], cwd=PROMETHEUS, check=True)


@needs_promtool
def test_promtool_runs_the_rules_over_series_of_trouble_and_of_none() -> None:
    subprocess.run(["promtool", "test", "rules", "rules_test.yml"], cwd=PROMETHEUS, check=True)


@needs_promtool
def test_promtool_finds_nothing_to_say_about_the_metrics(served: Served) -> None:
    """Beyond vLLM's names, which have a colon as only recording rules should."""
    lint = subprocess.run(
        ["promtool", "check", "metrics"],
        input=served.client.get("/metrics").content,
        capture_output=True,
        check=False,
    )
    said = [line for line in lint.stderr.decode().splitlines() if not line.startswith("vllm:")]
    assert said == []


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    checks = [check for test in RULES_TEST for check in test["alert_rule_test"]]
    alerts = {rule["alert"] for rule in RULES}
    assert {check["alertname"] for check in checks if check["exp_alerts"]} == alerts
    assert {check["alertname"] for check in checks if not check["exp_alerts"]} >= alerts


def test_the_time_of_every_way_to_ask_is_watched_and_of_nothing_else() -> None:
    asked = {route for endpoint, route in ROUTES.items() if endpoint != "tokenize"}
    others = {ROUTES["tokenize"], "/v1/files", "/v1/tasks", "/v1/messages/count_tokens"}
    chosen = {
        where: re.findall(r'kantu_request_seconds_bucket\{[^}]*endpoint=~"([^"]+)"', text)
        for where, text in expressions()
    }
    watched = {where: found for where, found in chosen.items() if found}
    assert watched.keys() == {
        *("panel P95 延迟", "panel 延迟 P50 / P95 / P99", "rule KantuLatencyHigh", "rule KantuTaskLatencyHigh")
    }

    def matched(patterns: list[str]) -> set[str]:
        return {route for route in asked | others if any(re.fullmatch(pattern, route) for pattern in patterns)}

    for where, patterns in watched.items():
        if where.startswith("panel"):
            assert matched(patterns) == asked, where
    assert matched(watched["rule KantuLatencyHigh"] + watched["rule KantuTaskLatencyHigh"]) == asked


def test_alerts_and_panels_speak_chinese() -> None:
    for rule in RULES:
        assert CHINESE.search(rule["annotations"]["summary"])
        assert CHINESE.search(rule["annotations"]["description"])
    unnamed = [panel["title"] for panel in BOARD["panels"] if not CHINESE.search(panel["title"])]
    assert set(unnamed) == set()


def test_the_board_is_complete_and_its_panels_do_not_overlap() -> None:
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_the_board_uses_the_provisioned_data_source() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))["datasources"]
    assert source["type"] == "prometheus"
    (variable,) = [item for item in BOARD["templating"]["list"] if item["type"] == "datasource"]
    assert variable["query"] == source["type"]
    used = {target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]}
    assert used == {f"${{{variable['name']}}}"}


# --- the service


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_series_that_is_named_is_exported(where: str, expression: str, exported: dict[str, set[str]]) -> None:
    named = series_in(expression)
    assert named, f"{where} names no series"
    for name, labels in named:
        assert name in exported, f"{where}: {name}"
        assert labels <= exported[name] | ADDED_BY_PROMETHEUS, f"{where}: {name}"


def test_what_was_sent_is_counted(served: Served) -> None:
    text = served.client.get("/metrics").text
    chat = 'endpoint="/v1/chat/completions"'
    for line in (
        f'kantu_requests_total{{code="ok",{chat},model="kantu-mini",status="200"}} 1.0',
        f'kantu_requests_total{{code="invalid_api_key",{chat},model="none",status="401"}} 1.0',
        f'kantu_pictures_total{{{chat},model="kantu-mini"}} 1.0',
        f'kantu_ttft_seconds_count{{{chat},model="kantu-mini"}} 1.0',
        'kantu_rejected_total{reason="request_limit_exceeded"} 1.0',
        "kantu_ready 1.0",
        'kantu_engine_requests_total{model="kantu-mini",outcome="finished"} 1.0',
        'vllm:time_to_first_token_seconds_count{model_name="kantu-mini"} 1.0',
    ):
        assert line in text.splitlines(), line


def test_its_log_is_json_and_holds_no_key_and_no_question(served: Served) -> None:
    text = served.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    told = {(line["endpoint"], line["status"]) for line in lines if line["logger"] == "kantu.access"}
    assert {("/v1/chat/completions", 200), ("/v1/chat/completions", 401), ("/v1/models", 429)} <= told
    for secret in (served.key, served.limited_key, "发货", "base64"):
        assert secret not in text


# --- and Prometheus


@needs_prometheus
def test_prometheus_scrapes_it_loads_the_rules_and_answers_every_panel(served: Served, tmp_path: Path) -> None:
    with scrape(served.port, tmp_path) as prometheus:

        def value(expression: str) -> Any:
            return [item["value"][1] for item in prometheus.query(expression)]

        wait_for(lambda: value("count_over_time(kantu_ready[1m]) >= 3"), prometheus.process)
        assert value('up{job="kantu"}') == ["1"]
        assert value("kantu_ready") == ["1"]
        assert value('sum(kantu_requests_total{endpoint="/v1/chat/completions",status="200"})') == ["1"]
        assert value('kantu_rejected_total{reason="request_limit_exceeded"}') == ["1"]
        assert value("vllm:num_requests_waiting") == ["0"]
        empty = [where for where, expression in expressions() if where.startswith("panel") and not value(expression)]
        assert empty == []
        rules = wait_for(
            lambda: [rule for rule in prometheus.rules() if rule["health"] == "ok"] or None, prometheus.process
        )
        assert {rule["name"] for rule in rules} == {rule["alert"] for rule in RULES}
        assert {rule["name"] for rule in rules if rule["state"] == "firing"} == set()

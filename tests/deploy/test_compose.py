"""compose.yaml: closed by default, complete, and in agreement with the settings, Prometheus and Grafana."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kantu import __version__
from kantu.service.settings import read_settings
from tests.deploy.files import DEPLOY, KUBERNETES, containerfile, read

pytestmark = pytest.mark.whole

COMPOSE: dict[str, Any] = read(DEPLOY / "compose.yaml")
GPU: dict[str, Any] = read(DEPLOY / "compose.gpu.yaml")
PRINTED_LINES: dict[str, Any] = read(DEPLOY / "compose.printed-lines.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that make_secrets.sh fills."""
    shutil.copy(DEPLOY / "make_secrets.sh", tmp_path)
    subprocess.run([str(tmp_path / "make_secrets.sh")], check=True, capture_output=True)
    return tmp_path / "secrets"


def host_paths(service: dict[str, Any]) -> list[str]:
    return [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith(".")]


def test_it_starts_the_gateway_its_stores_and_what_watches_it() -> None:
    assert set(SERVICES) == {"kantu", "postgres", "redis", "prometheus", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_as_nobody_special_on_a_root_it_cannot_write(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])


def size(text: str) -> int:
    """Bytes of a size as compose writes it."""
    return int(text[:-1]) * {"m": 2**20, "g": 2**30}[text[-1]]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_a_bound_of_memory_and_of_processes(name: str) -> None:
    service = SERVICES[name]
    assert service["memswap_limit"] == service["mem_limit"], "swap would only put the end off, for everybody"
    assert 0 < service["pids_limit"] <= 512
    held = [re.search(r"size=(\d+[mg])", mount) for mount in service["tmpfs"]]
    assert all(held), "what lies in a tmpfs counts as memory"
    assert sum(size(found[1]) for found in held if found) < size(service["mem_limit"])


def test_the_gateway_s_bound_is_that_of_its_pod_on_each_device() -> None:
    for compose, manifest in ((SERVICES["kantu"], "base"), (GPU["services"]["kantu"], "components/gpu")):
        (container,) = read(KUBERNETES / manifest / "deployment.yaml")["spec"]["template"]["spec"]["containers"]
        limit = container["resources"]["limits"]["memory"]
        assert size(compose["mem_limit"]) == int(limit.removesuffix("Gi")) * 2**30
        assert compose["memswap_limit"] == compose["mem_limit"]


def test_redis_can_hold_what_it_may_twice() -> None:
    (most,) = re.findall(r"maxmemory (\d+)mb", SERVICES["redis"]["entrypoint"][-1])
    assert size(SERVICES["redis"]["mem_limit"]) > 2 * int(most) * 2**20


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_has_an_exact_tag_and_can_come_from_a_private_registry(name: str) -> None:
    image = SERVICES[name]["image"]
    if name == "kantu":
        assert image == f"kantu:{__version__}-cpu"
    else:
        assert re.fullmatch(r"\$\{REGISTRY:-\}[a-z/]+:v?\d+\.?[\w.-]+", image)


def test_only_the_gateway_and_grafana_can_be_reached_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"kantu": ["127.0.0.1:8000:8000"], "grafana": ["127.0.0.1:3000:3000"]}


def test_the_stores_and_prometheus_have_no_way_out() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    for name in ("postgres", "redis", "prometheus"):
        assert SERVICES[name]["networks"] == ["back"]


def test_the_network_of_the_published_ports_translates_nothing_on_the_way_out() -> None:
    options = COMPOSE["networks"]["front"]["driver_opts"]
    assert options["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert set(COMPOSE["networks"]) == {"front", "back"}


def test_each_service_tells_whether_it_is_healthy_and_the_gateway_waits_for_its_stores() -> None:
    for name in set(SERVICES) - {"kantu"}:  # kantu's image brings its own
        assert "healthcheck" in SERVICES[name], name
    waits = {name: need["condition"] for name, need in SERVICES["kantu"]["depends_on"].items()}
    assert waits == {"postgres": "service_healthy", "redis": "service_healthy"}


def test_each_file_that_is_mounted_exists() -> None:
    paths = [path for service in SERVICES.values() for path in host_paths(service)]
    assert len(paths) == 4
    assert [path for path in paths if not (DEPLOY / path).exists()] == []


def test_each_volume_network_and_secret_that_is_used_is_declared_and_the_other_way_round() -> None:
    used: dict[str, set[str]] = {"volumes": set(), "networks": set(), "secrets": set()}
    for service in SERVICES.values():
        used["volumes"] |= {v.split(":")[0] for v in service.get("volumes", []) if not v.startswith(".")}
        used["networks"] |= set(service["networks"])
        used["secrets"] |= set(service.get("secrets", []))
    for kind, names in used.items():
        assert names == set(COMPOSE[kind]), kind


def test_the_volumes_of_the_image_are_mounted() -> None:
    _, stages = containerfile()
    (declared,) = stages["runtime"].values("VOLUME")
    mounted = {volume.split(":")[1] for volume in SERVICES["kantu"]["volumes"]}
    assert set(re.findall(r"/\w+", declared)) == mounted


def test_each_secret_is_a_file_that_make_secrets_writes_for_its_owner_only(secrets: Path) -> None:
    assert {path.name for path in secrets.iterdir()} == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        assert stat.S_IMODE((secrets / name).stat().st_mode) == 0o600


def test_make_secrets_changes_nothing_that_exists(secrets: Path) -> None:
    before = {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}
    subprocess.run([str(secrets.parent / "make_secrets.sh")], check=True, capture_output=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()} == before
    assert len({before[f"{name}_password"] for name in ("postgres", "redis", "grafana")}) == 3


def test_the_gateway_s_settings_are_valid_and_reach_the_stores_by_name(secrets: Path) -> None:
    given = {
        name: value.replace("/run/secrets", str(secrets))
        for name, value in SERVICES["kantu"]["environment"].items()
        if name.startswith("KANTU_")
    }
    settings = read_settings(environment=given)
    assert settings.store.database_url is not None
    assert settings.store.redis_url is not None
    password = (secrets / "postgres_password").read_text(encoding="utf-8")
    assert settings.store.database_url.get_secret_value() == f"postgresql://kantu:{password}@postgres:5432/kantu"
    assert "@redis:6379/" in settings.store.redis_url.get_secret_value()
    assert float(SERVICES["kantu"]["stop_grace_period"].removesuffix("s")) > settings.server.drain_seconds + 10


def test_no_password_stands_in_the_file_or_in_an_argument() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    variables = {n: v for s in SERVICES.values() for n, v in s.get("environment", {}).items() if "PASSWORD" in n}
    assert variables
    for name, value in variables.items():
        assert name.endswith("_FILE"), name
        assert value.startswith("/run/secrets/"), name
    assert "--requirepass" not in text


def test_prometheus_scrapes_the_gateway_by_its_name_here() -> None:
    jobs = read(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
    targets = [target for job in jobs for config in job["static_configs"] for target in config["targets"]]
    assert targets == ["kantu:8000"]


def test_prometheus_finds_the_rules_that_its_configuration_names() -> None:
    mounted = {volume.split(":")[1] for volume in SERVICES["prometheus"]["volumes"]}
    for rules in read(DEPLOY / "prometheus/prometheus.yml")["rule_files"]:
        assert f"/etc/prometheus/{rules}" in mounted


def test_grafana_finds_the_dashboards_and_prometheus_where_its_provisioning_says() -> None:
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    (provider,) = read(DEPLOY / "grafana/provisioning/dashboards/kantu.yml")["providers"]
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    (source,) = read(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"


def test_the_gpu_file_changes_the_gateway_only() -> None:
    assert set(GPU) == {"services"}
    assert set(GPU["services"]) == {"kantu"}
    gateway = GPU["services"]["kantu"]
    assert gateway["image"] == f"kantu:{__version__}-cuda"
    assert gateway["build"]["target"] == "cuda"
    (device,) = gateway["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert read_settings(environment=gateway["environment"]).model.device == "cuda"


def test_the_file_of_printed_lines_builds_the_reader_in_and_switches_it_on_on_each_device() -> None:
    assert set(PRINTED_LINES) == {"services"}
    assert set(PRINTED_LINES["services"]) == {"kantu"}
    gateway = PRINTED_LINES["services"]["kantu"]
    assert set(gateway) == {"build", "environment"}, "the image, the target and the bounds are those of the device"
    arguments = gateway["build"]["args"]
    assert arguments == {"PIPELINE": "1"}
    _, stages = containerfile()
    for target in ("build-cpu", "build-cuda"):
        assert "PIPELINE=0" in stages[target].values("ARG")
    assert read_settings(environment=gateway["environment"]).tasks.read_lines
    assert not read_settings(environment={}).tasks.read_lines

"""The manifests: valid against the published schemas, as restricted as the cluster can make them, and of one mind."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kantu import __version__
from kantu.engine.metrics import Stats
from kantu.service.document import DOCUMENT
from kantu.service.mcp.endpoint import ADDRESS as MCP
from kantu.service.settings import Settings, read_settings
from kantu.service.watch.metrics import Metrics
from kantu.service.watch.sources import Sources
from tests.deploy.files import KUBERNETES, ROOT, build, containerfile, read

pytestmark = pytest.mark.whole

OLDEST, NEWEST = "1.30", "1.37"
OVERLAYS = ("single", "gpu", "replicas", "replicas-gpu")
Manifest = dict[str, Any]


def resources() -> list[Path]:
    """The files that are whole resources: those that a kustomization lists as such."""
    files = [
        kustomization.parent / name
        for kustomization in KUBERNETES.rglob("kustomization.yaml")
        for name in read(kustomization).get("resources", [])
    ]
    return sorted(path for path in files if path.is_file())


def valid(manifest: Manifest, kubernetes: str) -> None:
    if manifest["kind"] != "ServiceMonitor":  # the Prometheus Operator's, of which no schema is at hand
        kubernetes_validate.validate(manifest, kubernetes, strict=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Manifest]]:
    """An overlay's manifests, as kustomize makes them; each is built once."""
    known: dict[str, list[Manifest]] = {}

    def manifests(overlay: str) -> list[Manifest]:
        if overlay not in known:
            known[overlay] = build(overlay, tmp_path_factory.mktemp(overlay))
        return known[overlay]

    return manifests


def one(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def pod(manifests: list[Manifest]) -> dict[str, Any]:
    return one(manifests, "Deployment")["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container(manifests: list[Manifest]) -> dict[str, Any]:
    (found,) = pod(manifests)["containers"]
    return found  # type: ignore[no-any-return]


def settings(manifests: list[Manifest], folder: Path) -> Settings:
    """What the gateway would read in this pod; the files of its secret are made in `folder`."""
    variables = dict(one(manifests, "ConfigMap")["data"])
    for name, path in variables.items():
        if name.endswith("_FILE"):
            (folder / Path(path).name).write_text(
                "redis://store/0\n" if "REDIS" in name else "postgresql://store/kantu\n"
            )
            variables[name] = str(folder / Path(path).name)
    return read_settings(environment=variables)


@pytest.mark.parametrize("path", resources(), ids=lambda path: path.relative_to(KUBERNETES).as_posix())
def test_each_file_of_resources_is_valid(path: Path) -> None:
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        valid(manifest, OLDEST)


def test_the_schemas_do_refuse_what_is_not_theirs() -> None:
    deployment = read(KUBERNETES / "base/deployment.yaml")
    deployment["spec"]["template"]["spec"]["readOnlyRootFilesystem"] = True  # a container's, not a pod's
    with pytest.raises(kubernetes_validate.ValidationError):
        valid(deployment, OLDEST)


@pytest.mark.parametrize("kubernetes", [OLDEST, NEWEST])
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_and_is_valid(overlay: str, kubernetes: str, built: Callable[[str], list[Manifest]]) -> None:
    manifests = built(overlay)
    assert {"Deployment", "Service", "Ingress", "NetworkPolicy", "ServiceMonitor"} <= {m["kind"] for m in manifests}
    for manifest in manifests:
        valid(manifest, kubernetes)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_of_an_overlay_lives_in_one_namespace_that_refuses_privileged_pods(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    manifests = built(overlay)
    namespace = one(manifests, "Namespace")["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {m["metadata"]["namespace"] for m in manifests if m["kind"] != "Namespace"} == {namespace["name"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_pod_may_do_nothing_but_serve(overlay: str, built: Callable[[str], list[Manifest]]) -> None:
    whole, inner = pod(built(overlay)), container(built(overlay))
    assert whole["securityContext"]["runAsNonRoot"] is True
    assert whole["securityContext"]["runAsUser"] == whole["securityContext"]["fsGroup"] == 10001
    assert whole["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert whole["automountServiceAccountToken"] is False
    assert inner["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(inner["resources"]["requests"])
    assert "memory" in inner["resources"]["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_adds_no_variables_that_look_like_settings(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    # A Service named kantu would become KANTU_SERVICE_HOST in each pod: to the gateway, an unknown setting.
    assert pod(built(overlay))["enableServiceLinks"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_readiness_asks_for_the_model_and_the_stores_while_liveness_does_not(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    inner = container(built(overlay))
    asked = {name: inner[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert asked == {"startupProbe": "/healthz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_is_given_the_time_to_drain(overlay: str, built: Callable[[str], list[Manifest]], tmp_path: Path) -> None:
    manifests = built(overlay)
    name, seconds = container(manifests)["lifecycle"]["preStop"]["exec"]["command"]
    assert name == "sleep"
    drain = settings(manifests, tmp_path).server.drain_seconds
    assert pod(manifests)["terminationGracePeriodSeconds"] >= int(seconds) + drain + 10


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_ingress_lets_the_api_and_the_page_through_and_keeps_the_rest_inside(
    overlay: str, built: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    manifests = built(overlay)
    ingress = one(manifests, "Ingress")
    (rule,) = ingress["spec"]["rules"]
    paths = {(path["path"], path["pathType"]) for path in rule["http"]["paths"]}
    assert ("/v1", "Prefix") in paths
    assert {("/", "Exact"), (DOCUMENT, "Exact"), (MCP, "Exact")} <= paths
    assert ("/", "Prefix") not in paths
    assert not {path for path, _ in paths if path.startswith(("/metrics", "/healthz", "/readyz"))}
    assert rule["host"] in ingress["spec"]["tls"][0]["hosts"]
    said = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    limits = settings(manifests, tmp_path)
    assert said["proxy-buffering"] == "off"
    assert int(said["proxy-body-size"].removesuffix("m")) * 2**20 > limits.server.max_body_bytes
    assert int(said["proxy-read-timeout"]) > limits.request.timeout_seconds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_service_the_ingress_and_the_monitor_find_the_pod(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    manifests = built(overlay)
    service, monitor = one(manifests, "Service"), one(manifests, "ServiceMonitor")
    labels = one(manifests, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (port,) = service["spec"]["ports"]
    assert port["targetPort"] in {each["name"] for each in container(manifests)["ports"]}
    assert [endpoint["port"] for endpoint in monitor["spec"]["endpoints"]] == [port["name"]]
    backends = [path["backend"]["service"] for path in one(manifests, "Ingress")["spec"]["rules"][0]["http"]["paths"]]
    assert all(each == {"name": service["metadata"]["name"], "port": {"name": port["name"]}} for each in backends)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_network_is_closed_but_for_what_a_policy_names(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    policies = {m["metadata"]["name"]: m["spec"] for m in built(overlay) if m["kind"] == "NetworkPolicy"}
    assert policies.pop("default-deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    labels = one(built(overlay), "Deployment")["spec"]["template"]["metadata"]["labels"]
    ports: dict[str, set[int]] = {"ingress": set(), "egress": set()}
    for policy in policies.values():
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()
        for way, open_ports in ports.items():
            for rule in policy.get(way, []):
                assert rule["from" if way == "ingress" else "to"]
                open_ports |= {port["port"] for port in rule["ports"]}
    assert ports["ingress"] == {8000}
    assert ports["egress"] == ({53, 5432, 6379} if overlay.startswith("replicas") else {53})


@pytest.mark.parametrize("path", sorted(KUBERNETES.rglob("networkpolicy.yaml")), ids=lambda path: path.parent.name)
def test_every_peer_of_a_policy_is_pods_by_label_in_a_namespace_by_name(path: Path) -> None:
    # A label alone could be anybody's in any namespace, a namespace alone any pod in it.
    for policy in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        for way, peers in (("ingress", "from"), ("egress", "to")):
            for peer in (peer for rule in policy["spec"].get(way, []) for peer in rule[peers]):
                assert peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                assert peer["podSelector"]["matchLabels"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_all_that_is_mounted_exists_and_all_that_the_image_writes_is_mounted(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    manifests = built(overlay)
    volumes = {volume["name"]: volume for volume in pod(manifests)["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container(manifests)["volumeMounts"]}
    assert set(volumes) == set(mounts)
    _, stages = containerfile()
    assert set(re.findall(r"/\w+", stages["runtime"].values("VOLUME")[0])) | {"/tmp"} <= set(mounts.values())
    claims = {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v}
    assert claims == {one(manifests, "PersistentVolumeClaim")["metadata"]["name"]}
    secrets = {m["metadata"]["name"]: set(m["data"]) for m in manifests if m["kind"] == "Secret"}
    assert {v["secret"]["secretName"] for v in volumes.values() if "secret" in v} == set(secrets)
    for name, value in one(manifests, "ConfigMap")["data"].items():
        if name.endswith("_FILE"):
            assert str(Path(value).parent) == mounts["store"]
            assert Path(value).name in set().union(*secrets.values())


def test_one_pod_on_sqlite_gives_way_before_the_next_comes(
    built: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    manifests = built("single")
    deployment = one(manifests, "Deployment")["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}
    assert one(manifests, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert settings(manifests, tmp_path).store.database_url is None
    assert not {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Secret"} & {m["kind"] for m in manifests}


@pytest.mark.parametrize("overlay", ["replicas", "replicas-gpu"])
def test_several_pods_share_a_database_limits_and_files(
    overlay: str, built: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    manifests = built(overlay)
    store = settings(manifests, tmp_path).store
    assert store.database_url is not None
    assert store.database_url.get_secret_value().startswith("postgresql://")
    assert store.redis_url is not None
    assert one(manifests, "PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteMany"]
    strategy = one(manifests, "Deployment")["spec"]["strategy"]
    assert strategy["type"] == "RollingUpdate"
    surge = {"replicas": (0, 1), "replicas-gpu": (1, 0)}[overlay]  # (unavailable, surge): no GPU waits for a rollout
    assert (strategy["rollingUpdate"]["maxUnavailable"], strategy["rollingUpdate"]["maxSurge"]) == surge


@pytest.mark.parametrize("overlay", ["replicas", "replicas-gpu"])
def test_the_autoscaler_counts_requests_in_flight_by_a_metric_that_the_gateway_exports(
    overlay: str, built: Callable[[str], list[Manifest]]
) -> None:
    manifests = built(overlay)
    scaler, deployment = one(manifests, "HorizontalPodAutoscaler")["spec"], one(manifests, "Deployment")
    assert scaler["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"], "an apply would undo what the autoscaler did"
    assert 2 <= scaler["minReplicas"] < scaler["maxReplicas"]
    (metric,) = scaler["metrics"]
    metrics = Metrics()
    metrics.attach(Sources(models={"m": Stats}, ready=lambda: True))
    exported = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    assert metric["pods"]["metric"]["name"] in exported


@pytest.mark.parametrize("overlay", ["replicas", "replicas-gpu"])
def test_a_node_s_drain_takes_one_pod_at_a_time(overlay: str, built: Callable[[str], list[Manifest]]) -> None:
    budget = one(built(overlay), "PodDisruptionBudget")["spec"]
    labels = one(built(overlay), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("overlay", "image"), [("single", "cpu"), ("replicas", "cpu"), ("gpu", "cuda"), ("replicas-gpu", "cuda")]
)
def test_an_overlay_takes_the_image_of_its_device_at_the_project_s_version(
    overlay: str, image: str, built: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    manifests = built(overlay)
    inner = container(manifests)
    assert inner["image"] == f"kantu:{__version__}-{image}"
    assert inner["resources"]["limits"].get("nvidia.com/gpu") == ("1" if image == "cuda" else None)
    assert (settings(manifests, tmp_path).model.device == "cuda") == (image == "cuda")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_component_of_printed_lines_is_one_setting(
    overlay: str, built: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    plain, with_lines = built(overlay), build(overlay, tmp_path, "printed-lines")
    before, after = one(plain, "ConfigMap")["data"], one(with_lines, "ConfigMap")["data"]
    assert after == before | {"KANTU_TASKS_READ_LINES": "true"}
    assert settings(with_lines, tmp_path).tasks.read_lines
    assert not settings(plain, tmp_path).tasks.read_lines
    (reference,) = container(with_lines)["envFrom"]
    assert reference["configMapRef"]["name"] == one(with_lines, "ConfigMap")["metadata"]["name"]


def test_no_secret_is_committed() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    kept = [Path(path) for path in tracked if "secrets" in Path(path).parts]
    assert kept
    assert [path for path in kept if path.name != ".gitignore" and path.suffix != ".example"] == []
    for example in KUBERNETES.rglob("*.example"):
        assert ":PASSWORD@" in example.read_text(encoding="utf-8")

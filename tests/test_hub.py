"""Names lead to folders; a pull is checked, resumable, and never takes anything but safetensors and text."""

from __future__ import annotations

import errno
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kantu import hub
from kantu.errors import CheckpointError, DownloadError, InvalidRequestError, ModelNotFoundError
from tests.fake_hub import COMMIT, FakeHub, serve

REPOSITORY = "Qwen/Qwen3-VL-2B-Instruct"
WEIGHTS = random.Random(0).randbytes(3_000_000)


@pytest.fixture
def fake() -> Iterator[FakeHub]:
    files = {
        "config.json": b'{"architectures": ["Qwen3VLForConditionalGeneration"]}',
        "model.safetensors": WEIGHTS,
        "chat_template.jinja": b"{{ messages }}",
        "merges.txt": b"#version: 0.2\n",
        "pytorch_model.bin": b"pickle",
        "training_args.pt": b"pickle",
        "modeling_qwen3_vl.py": b"import os",
        "assets/picture.json": b"{}",
        ".gitattributes": b"*",
        "README.md": b"# hello",
    }
    with serve(FakeHub(files)) as running:
        yield running


@pytest.fixture(params=["huggingface", "modelscope"])
def kind(request: pytest.FixtureRequest, fake: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("KANTU_HUB", request.param)
    monkeypatch.setenv("KANTU_HUB_ENDPOINT", fake.endpoint)
    monkeypatch.setenv("KANTU_HOME", str(tmp_path / "home"))
    return str(request.param)


def pull(name: str = "qwen3-vl-2b", **options: object) -> Path:
    return hub.pull(name, retry_delay_seconds=0.0, **options)  # type: ignore[arg-type]


# Names


@pytest.mark.parametrize(
    "name",
    [
        "qwen3-vl-8b",
        "Qwen3-VL-8B",
        "qwen/qwen3-vl-8b",
        "QWEN/QWEN3-VL-8B-INSTRUCT",
        "Qwen/Qwen3-VL-8B-Instruct",
        " qwen3-vl-8b ",
    ],
)
def test_the_short_names_mean_the_published_instruct_model(name: str) -> None:
    assert hub.parse_name(name) == hub.ModelName("repository", "Qwen/Qwen3-VL-8B-Instruct")


def test_each_published_size_has_a_short_name() -> None:
    for size in ("2B", "4B", "8B", "32B"):
        assert hub.parse_name(f"qwen3-vl-{size}").target == f"Qwen/Qwen3-VL-{size}-Instruct"


@pytest.mark.parametrize("name", [None, "kantu-mini", "Kantu-Mini"])
def test_no_name_and_kantu_mini_mean_the_embedded_model(name: str | None) -> None:
    assert hub.parse_name(name) == hub.ModelName("embedded", "kantu-mini")


def test_the_text_model_of_the_pipeline_is_embedded_too_and_listed_nowhere() -> None:
    assert hub.parse_name("kantu-mini-text") == hub.ModelName("embedded", "kantu-mini-text")
    assert "kantu-mini-text" not in [model.name for model in hub.installed()]


def test_a_repository_id_is_kept_as_it_is_spelled() -> None:
    assert hub.parse_name("Some-Org/My.Model_v2") == hub.ModelName("repository", "Some-Org/My.Model_v2")


def test_a_local_folder_works_wherever_a_name_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("my/model", "./my/model", str(tmp_path / "my" / "model"), Path("my/model")):
        assert hub.parse_name(name).kind == "local"
        assert hub.locate(name).samefile(tmp_path / "my" / "model")


@pytest.mark.parametrize("name", ["", "nonsense", "a/b/c", "../nowhere", "/no/such/folder", "a/..", "https://x/y"])
def test_a_name_that_leads_nowhere_is_an_error(name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        hub.parse_name(name)


def test_a_model_not_yet_fetched_says_how_to_fetch_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    with pytest.raises(ModelNotFoundError) as caught:
        hub.locate("qwen3-vl-8b")
    assert caught.value.code == "model_not_installed"
    assert "kantu pull qwen3-vl-8b" in caught.value.message


# Pulling


def test_a_pull_takes_safetensors_and_text_and_nothing_else(kind: str) -> None:
    folder = pull()
    assert {p.name for p in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "chat_template.jinja",
        "merges.txt",
        "kantu-source.json",
    }
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert folder == hub.locate("qwen/qwen3-vl-2b") == hub.store() / REPOSITORY


def test_the_folder_says_where_it_came_from(kind: str) -> None:
    manifest = json.loads((pull() / "kantu-source.json").read_text())
    assert (manifest["hub"], manifest["repository"]) == (kind, REPOSITORY)
    assert manifest["commit"] == (COMMIT if kind == "huggingface" else "master")
    assert manifest["files"]["model.safetensors"]["sha256"] == hashlib.sha256(WEIGHTS).hexdigest()
    (model,) = (m for m in hub.installed() if m.name == REPOSITORY)
    assert (model.weights_bytes, model.revision) == (len(WEIGHTS), manifest["commit"])


def test_progress_rises_to_the_total_of_all_files(kind: str) -> None:
    seen: list[hub.Progress] = []
    pull(on_progress=seen.append)
    done = [p.done_bytes for p in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total_bytes > len(WEIGHTS)


def test_a_local_folder_called_like_a_published_model_is_used_until_that_is_pulled(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("qwen3-vl-2b").mkdir()
    assert hub.locate("qwen3-vl-2b") == Path("qwen3-vl-2b")
    assert hub.locate("qwen3-vl-2b") != pull("qwen3-vl-2b") == hub.locate("qwen3-vl-2b")


def test_a_pull_without_a_revision_returns_to_the_main_branch(kind: str, fake: FakeHub) -> None:
    folder = pull()
    manifest = json.loads((folder / hub.MANIFEST).read_text())
    (folder / hub.MANIFEST).write_text(json.dumps({**manifest, "revision": "v1", "commit": "0" * 40}))
    before = len(fake.requests)
    pull()
    assert len(fake.requests) > before
    assert json.loads((folder / hub.MANIFEST).read_text()) == manifest


def test_a_damaged_manifest_counts_as_none(kind: str) -> None:
    folder = pull()
    (folder / hub.MANIFEST).write_text("{")
    assert [model.revision for model in hub.installed() if model.folder == folder] == [None]
    assert pull() == folder
    assert "commit" in json.loads((folder / hub.MANIFEST).read_text())


def test_a_store_that_cannot_be_written_is_an_error(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KANTU_HOME", str(tmp_path / "file"))
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "store_not_writable"


def test_a_full_disk_is_not_called_an_interruption(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "store_not_writable"


def test_a_second_pull_asks_for_nothing(kind: str, fake: FakeHub) -> None:
    pull()
    count = len(fake.requests)
    pull()
    assert len(fake.requests) == count


def test_a_broken_connection_is_resumed_in_the_same_pull(kind: str, fake: FakeHub) -> None:
    fake.break_after["model.safetensors"] = 1_000_000
    assert (pull() / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [wanted for name, wanted in fake.requests if name == "model.safetensors"]
    assert ranges == [None, "bytes=1000000-"]


def test_an_interrupted_pull_is_resumed_by_the_next(kind: str, fake: FakeHub) -> None:
    fake.break_after["model.safetensors"] = 1_000_000
    with pytest.raises(DownloadError) as caught:
        pull(attempts=1)
    assert caught.value.code == "download_interrupted"
    with pytest.raises(ModelNotFoundError):
        hub.locate("qwen3-vl-2b")
    assert (pull(attempts=1) / "model.safetensors").read_bytes() == WEIGHTS
    assert [wanted for name, wanted in fake.requests if name == "model.safetensors"] == [None, "bytes=1000000-"]
    assert [name for name, _ in fake.requests].count("config.json") == 1


def test_a_server_that_ignores_range_is_read_from_the_start(kind: str, fake: FakeHub) -> None:
    fake.ignore_range = True
    fake.break_after["model.safetensors"] = 1_000_000
    assert (pull() / "model.safetensors").read_bytes() == WEIGHTS


def test_a_part_of_another_version_is_not_continued(kind: str, fake: FakeHub) -> None:
    fake.break_after["model.safetensors"] = 1_000_000
    with pytest.raises(DownloadError):
        pull(attempts=1)
    fake.files["model.safetensors"] = newer = random.Random(1).randbytes(2_000_000)
    folder = pull()
    assert (folder / "model.safetensors").read_bytes() == newer
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_wrong_checksum_is_refused_and_the_file_removed(kind: str, fake: FakeHub, name: str) -> None:
    good = fake.files[name]
    fake.serve_instead[name] = bytes([good[0] ^ 1]) + good[1:]
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "checksum_mismatch"
    assert not list(hub.store().rglob(f"{name}*"))
    fake.serve_instead.clear()
    assert (pull() / name).read_bytes() == good


def test_a_body_longer_than_listed_is_refused(kind: str, fake: FakeHub) -> None:
    fake.serve_instead["model.safetensors"] = WEIGHTS + b"more"
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "checksum_mismatch"


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "/etc/evil.json", "a/../../evil.json", "..\\evil.json", "C:evil.json", "a b.json", "../x.bin"],
)
def test_an_unsafe_listed_name_stops_the_pull_before_any_file(kind: str, fake: FakeHub, name: str) -> None:
    fake.files[name] = b"{}"
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "unsafe_file_name"
    assert fake.requests == []


def test_a_file_without_checksum_stops_the_pull(kind: str, fake: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(listing: dict[str, object]) -> dict[str, object]:
        text = json.dumps(listing).replace(hashlib.sha256(WEIGHTS).hexdigest(), "")
        return dict(json.loads(text))

    hf, ms = fake.huggingface_listing(), fake.modelscope_listing()
    monkeypatch.setattr(fake, "huggingface_listing", lambda: without(hf))
    monkeypatch.setattr(fake, "modelscope_listing", lambda: without(ms))
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "checksum_missing"


def test_a_repository_of_pickles_is_refused(kind: str, fake: FakeHub) -> None:
    del fake.files["model.safetensors"]
    with pytest.raises(CheckpointError) as caught:
        pull()
    assert caught.value.code == "not_a_safetensors_model"


def test_an_unknown_repository_is_an_error(kind: str) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        pull("someone/something")
    assert caught.value.code == "model_not_on_hub"


def test_a_passing_server_error_is_tried_again(kind: str, fake: FakeHub) -> None:
    fake.statuses["model.safetensors"] = [503, 429]
    assert (pull() / "model.safetensors").read_bytes() == WEIGHTS


def test_a_refused_file_is_not_tried_again(kind: str, fake: FakeHub) -> None:
    fake.statuses["model.safetensors"] = [403]
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "download_failed"
    assert [name for name, _ in fake.requests].count("model.safetensors") == 1


def test_an_unknown_revision_is_an_error(kind: str) -> None:
    with pytest.raises(ModelNotFoundError):
        pull(revision="no-such-branch")
    with pytest.raises(InvalidRequestError):
        pull(revision="../main")


def test_an_unreachable_hub_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    monkeypatch.setenv("KANTU_HUB_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "hub_unreachable"


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [("KANTU_HUB", "npm", "invalid_hub"), ("KANTU_HUB_ENDPOINT", "file:///etc", "invalid_hub_endpoint")],
)
def test_a_wrong_setting_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidRequestError) as caught:
        pull("someone/something")
    assert caught.value.code == code


def test_what_is_already_here_cannot_be_pulled(tmp_path: Path) -> None:
    for name in ("kantu-mini", str(tmp_path)):
        with pytest.raises(InvalidRequestError):
            pull(name)


def test_too_small_a_disk_is_said_before_the_transfer(
    kind: str, fake: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.hub.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(DownloadError) as caught:
        pull()
    assert caught.value.code == "not_enough_disk"
    assert fake.requests == []

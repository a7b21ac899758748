"""Model names -> a folder on disk: the embedded model, a local folder, or one fetched from a hub.

Names, in the order they are tried:

- ``kantu-mini`` (or no name): the model inside this package; ``kantu-mini-text``: the one in it that sees no pictures;
- ``qwen3-vl-2b`` / ``4b`` / ``8b`` / ``32b``, with or without ``qwen/`` and ``-instruct``, in any case: the published
  ``Qwen/Qwen3-VL-*-Instruct``;
- a local folder, wherever a name is taken;
- ``owner/name``: a repository of the hub, as it is spelled.

Fetched models live in ``$KANTU_HOME/models/owner/name`` (``~/.cache/kantu`` by default). ``KANTU_HUB`` chooses
``modelscope`` (default) or ``huggingface``, ``KANTU_HUB_ENDPOINT`` a mirror of it. This module imports nothing of ours
but errors and the transfer beside it, and nothing heavy: it also serves ``kantu --help``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kantu.errors import error, listed
from kantu.hub.transfer import HubName, Listing, Progress, RemoteFile, fetch_file, list_files

__all__ = [
    "EMBEDDED",
    "EMBEDDED_TEXT",
    "PUBLISHED",
    "InstalledModel",
    "ModelName",
    "Progress",
    "fingerprint",
    "installed",
    "locate",
    "parse_name",
    "pull",
]

EMBEDDED = "kantu-mini"
EMBEDDED_TEXT = "kantu-mini-text"  # the text model of the stitched pipeline, which nobody should show a picture
MANIFEST = "kantu-source.json"

# Short name -> (repository, parameters); the published weights are BF16, two bytes each.
PUBLISHED: dict[str, tuple[str, int]] = {
    "qwen3-vl-2b": ("Qwen/Qwen3-VL-2B-Instruct", 2_127_532_032),
    "qwen3-vl-4b": ("Qwen/Qwen3-VL-4B-Instruct", 4_437_815_808),
    "qwen3-vl-8b": ("Qwen/Qwen3-VL-8B-Instruct", 8_767_123_696),
    "qwen3-vl-32b": ("Qwen/Qwen3-VL-32B-Instruct", 33_357_390_064),
}

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_DEFAULT_REVISION: dict[HubName, str] = {"modelscope": "master", "huggingface": "main"}
_DEFAULT_ENDPOINT: dict[HubName, str] = {
    "modelscope": "https://modelscope.cn",
    "huggingface": "https://huggingface.co",
}
_SPARE_DISK_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a name means. ``target`` is an embedded name, a repository id, or a folder's path."""

    kind: Literal["embedded", "local", "repository"]
    target: str


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model present on this machine; ``weights_bytes`` sums its safetensors files."""

    name: str
    folder: Path
    weights_bytes: int
    revision: str | None


def parse_name(name: str | Path | None) -> ModelName:
    """Decide what ``name`` means without touching the network.

    Raises:
        ModelNotFoundError: it is neither a known name, nor an existing folder, nor of the form ``owner/name``.
    """
    if name is None:
        return ModelName("embedded", EMBEDDED)
    text = str(name).strip()
    if isinstance(name, Path) or text.startswith((".", "/", "~")):
        return ModelName("local", str(_existing_folder(text)))
    key = text.lower().removeprefix("qwen/").removesuffix("-instruct")
    if key in (EMBEDDED, EMBEDDED_TEXT):
        return ModelName("embedded", key)
    if key in PUBLISHED:
        return ModelName("repository", PUBLISHED[key][0])
    if _is_folder(text):
        return ModelName("local", str(_existing_folder(text)))
    if _REPOSITORY.fullmatch(text) and not any(part.strip(".") == "" for part in text.split("/")):
        return ModelName("repository", text)
    raise error("model_not_found", text=text, known=listed([EMBEDDED, *PUBLISHED]))


def locate(name: str | Path | None) -> Path:
    """The folder of an installed model.

    Raises:
        ModelNotFoundError: the name is unknown, or the model has not been pulled yet (the message says how).
    """
    model = parse_name(name)
    if model.kind == "local":
        return Path(model.target)
    folder = _embedded_folder(model.target) if model.kind == "embedded" else store() / model.target
    if (folder / "config.json").is_file():
        return folder
    if model.kind == "embedded":
        raise error("embedded_model_missing", embedded=model.target)
    if name is not None and _is_folder(name):  # a local folder that is called like a published model
        return _existing_folder(str(name))
    raise error("model_not_installed", target=model.target, name=name)


def home() -> Path:
    """`KANTU_HOME`, where Kantu keeps its data; `~/.cache/kantu` by default."""
    given = os.environ.get("KANTU_HOME")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "kantu"


def store() -> Path:
    """Where fetched models live: ``$KANTU_HOME/models``."""
    return home() / "models"


def installed() -> list[InstalledModel]:
    """The embedded model, if its weights are there, and every fetched model, by name."""
    found = [(EMBEDDED, _embedded_folder(EMBEDDED))]
    found += [
        (f"{p.parent.parent.name}/{p.parent.name}", p.parent) for p in sorted(store().glob("[!.]*/*/config.json"))
    ]
    return [
        InstalledModel(
            name=name,
            folder=folder,
            weights_bytes=sum(p.stat().st_size for p in folder.glob("*.safetensors")),
            revision=_read_manifest(folder).get("commit"),
        )
        for name, folder in found
        if (folder / "config.json").is_file()
    ]


def fingerprint(model: InstalledModel) -> str:
    """SHA-256 (hex) over the model's weights, file after file: equal for equal weights, whatever they are called."""
    digest = hashlib.sha256()
    for path in sorted(model.folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


def pull(
    name: str,
    *,
    revision: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    attempts: int = 4,
    retry_delay_seconds: float = 1.0,
) -> Path:
    """Fetch a model from the hub and return its folder.

    Only top-level ``.safetensors``, ``.json``, ``.txt`` and ``.jinja`` files are taken: never pickles, never code. Each
    is checked against the hub's checksum; an interrupted pull resumes where it stopped; the folder appears under its
    name in one rename, so a half-fetched model is never seen.

    Args:
        name: a published short name or ``owner/name``.
        revision: branch, tag or commit; None means the hub's main branch. On Hugging Face it is pinned to its commit
            before the first byte; on ModelScope the checksums of the listing pin the contents.
        on_progress: told bytes done of all files together.

    Raises:
        InvalidRequestError: a local folder or the embedded model was named, or a setting is wrong.
        ModelNotFoundError: the hub has no such repository or revision.
        DownloadError: the hub cannot be reached, a checksum or file name is wrong, or the store cannot be written or
            is too small.
    """
    model = parse_name(name)
    if model.kind != "repository":
        raise error("nothing_to_pull", name=name)
    hub = _hub()
    wanted = revision or _DEFAULT_REVISION[hub]
    if not _REVISION.fullmatch(wanted) or ".." in wanted:
        raise error("invalid_revision", wanted=wanted)
    folder = store() / model.target
    manifest = _read_manifest(folder)
    same = {wanted} if revision else {*_DEFAULT_REVISION.values()}  # either hub's main branch will do
    if same & {manifest.get("revision"), manifest.get("commit")}:
        return folder
    listing = list_files(hub, _endpoint(hub), model.target, wanted)
    _check_is_model(model.target, listing)
    incoming = store() / ".incoming" / model.target.replace("/", "--")
    try:
        _fetch(listing, incoming, on_progress, attempts, retry_delay_seconds)
        _write_manifest(incoming, hub, model.target, wanted, listing)
        _remove_strangers(incoming, {file.name for file in listing.files} | {MANIFEST})
        _publish(incoming, folder)
    except OSError as failure:  # the network's own are dealt with where they arise
        raise error("store_not_writable", store=store()) from failure
    return folder


def _fetch(
    listing: Listing,
    incoming: Path,
    on_progress: Callable[[Progress], None] | None,
    attempts: int,
    retry_delay_seconds: float,
) -> None:
    """Bring every file of the listing into `incoming`."""
    incoming.mkdir(parents=True, exist_ok=True)
    _check_disk(incoming, listing.files)

    total = sum(file.size for file in listing.files)
    before = 0
    for file in listing.files:

        def report(done: int, name: str = file.name, before: int = before) -> None:
            if on_progress is not None:
                on_progress(Progress(name, before + done, total))

        fetch_file(file, incoming, report, attempts=attempts, retry_delay_seconds=retry_delay_seconds)
        before += file.size


def _embedded_folder(name: str) -> Path:
    return Path(__file__).parents[1] / "models" / name


def _is_folder(path: str | Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for a name longer than a file's may be


def _existing_folder(text: str) -> Path:
    folder = Path(text).expanduser()
    if _is_folder(folder):
        return folder
    raise error("model_folder_not_found", path=text)


def _hub() -> HubName:
    value = os.environ.get("KANTU_HUB", "modelscope").strip().lower()
    if value == "modelscope":
        return "modelscope"
    if value == "huggingface":
        return "huggingface"
    raise error("invalid_hub", value=value)


def _endpoint(hub: HubName) -> str:
    value = os.environ.get("KANTU_HUB_ENDPOINT", "").strip() or _DEFAULT_ENDPOINT[hub]
    if not value.lower().startswith(("https://", "http://")):
        raise error("invalid_hub_endpoint", value=value)
    return value.rstrip("/")


def _check_is_model(repository: str, listing: Listing) -> None:
    names = {file.name for file in listing.files}
    if "config.json" in names and any(name.endswith(".safetensors") for name in names):
        return
    raise error("not_a_safetensors_model", repository=repository)


def _check_disk(incoming: Path, files: tuple[RemoteFile, ...]) -> None:
    present = sum(p.stat().st_size for p in incoming.iterdir() if p.is_file())
    needed = sum(file.size for file in files) - present + _SPARE_DISK_BYTES
    free = shutil.disk_usage(incoming).free
    if needed > free:
        raise error("not_enough_disk", needed_gb=needed / 1e9, free_gb=free / 1e9)


def _read_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # damaged: where the model came from is unknown, so `pull` asks the hub again
    if not isinstance(data, dict):
        return {}
    return {key: str(value) for key, value in data.items() if key != "files"}


def _write_manifest(folder: Path, hub: HubName, repository: str, revision: str, listing: Listing) -> None:
    record = {
        "hub": hub,
        "repository": repository,
        "revision": revision,
        "commit": listing.commit,
        "files": {f.name: {"size": f.size, f.checksum_kind: f.checksum} for f in listing.files},
    }
    (folder / MANIFEST).write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")


def _remove_strangers(folder: Path, keep: set[str]) -> None:
    """Parts and files of an older revision must not travel into the published folder."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in keep:
            path.unlink()


def _publish(incoming: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        old = incoming.with_name(incoming.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        incoming.rename(folder)
        shutil.rmtree(old)
    else:
        incoming.rename(folder)

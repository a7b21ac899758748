"""A client reads files of allowed folders, and no others, by whatever name."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.errors import ImageError, InvalidRequestError
from kantu.mcp.folders import AllowedFolders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`pictures/` with a picture, and one beside it."""
    inside = tmp_path / "pictures"
    (inside / "more").mkdir(parents=True)
    for name in ("pictures/a.png", "pictures/more/b.png", "secret.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "pictures-too").mkdir()
    (tmp_path / "pictures-too" / "c.png").write_bytes(b"x")
    return inside


def test_names_are_relative_to_an_allowed_folder_or_full(folder: Path) -> None:
    allowed = AllowedFolders.of([folder])
    for name in ("a.png", "./a.png", "more/../a.png", str(folder / "a.png")):
        assert allowed.file(name) == folder / "a.png"
    assert allowed.file("more/b.png") == folder / "more" / "b.png"


def test_the_first_folder_that_has_it_is_meant(folder: Path, tmp_path: Path) -> None:
    allowed = AllowedFolders.of([folder, tmp_path / "pictures-too"])
    assert allowed.file("c.png") == tmp_path / "pictures-too" / "c.png"


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "more/../../secret.png", "/etc/passwd", "../none.png", "../pictures-too/c.png", "..", "\0"],
)
def test_what_lies_outside_is_refused_whether_it_is_there_or_not(folder: Path, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        AllowedFolders.of([folder]).file(name)
    assert caught.value.code == "path_not_allowed"


def test_links_are_followed_before_anything_is_decided(folder: Path, tmp_path: Path) -> None:
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "in.png").symlink_to(folder / "a.png")
    (folder / "ring").symlink_to(folder / "ring")
    allowed = AllowedFolders.of([folder])
    assert allowed.file("in.png") == folder / "a.png"
    for name in ("out.png", "outside/secret.png"):
        with pytest.raises(ImageError) as caught:
            allowed.file(name)
        assert caught.value.code == "path_not_allowed"
    with pytest.raises(ImageError):
        allowed.file("ring")


def test_a_folder_may_itself_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert AllowedFolders.of([tmp_path / "link"]).file("a.png") == folder / "a.png"


def test_a_missing_picture_is_told_from_a_refused_one(folder: Path) -> None:
    with pytest.raises(ImageError) as caught:
        AllowedFolders.of([folder]).file("none.png")
    assert caught.value.code == "image_not_found"


def test_a_picture_as_base64_is_no_path(folder: Path) -> None:
    with pytest.raises(ImageError) as caught:
        AllowedFolders.of([folder]).file("data:image/png;base64," + "A" * 100_000)
    assert caught.value.code == "path_not_allowed"
    assert len(caught.value.message) < 1_000


@pytest.mark.parametrize("name", ["none", "a.png"])
def test_only_folders_can_be_allowed(folder: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        AllowedFolders.of([folder / name])
    assert caught.value.code == "not_a_folder"

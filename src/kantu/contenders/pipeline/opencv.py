"""Whether OpenCV is there, which is part of the extra `pipeline`."""

from __future__ import annotations

from importlib.util import find_spec

from kantu.errors import error, install_command


def check_installed() -> None:
    """Without importing it.

    Raises:
        MissingDependencyError: `opencv_missing`.
    """
    if find_spec("cv2") is None:
        raise error("opencv_missing", install=install_command("pipeline"))

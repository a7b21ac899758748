"""Names and purposes."""

from __future__ import annotations

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.files.record import check_upload_purpose, clean_filename


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("order.png", "order.png"),
        ("订单 2024.png", "订单 2024.png"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie: x=1.png"),
        ("nul\x00byte.png", "nulbyte.png"),
        ("gnp.\u202etpyrc", "gnp.tpyrc"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("..", "file"),
        ("", "file"),
        ("folder/", "file"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_its_last_component_without_what_cannot_be_printed(sent: str, kept: str) -> None:
    assert clean_filename(sent) == kept


@pytest.mark.parametrize("purpose", ["assistants", "fine-tune", "batch_output", ""])
def test_other_purposes_cannot_be_uploaded(purpose: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_upload_purpose(purpose)
    assert caught.value.code == "unsupported_purpose"

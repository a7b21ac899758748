"""Ids are told from anything else before anybody looks for them."""

from __future__ import annotations

import pytest

from kantu.service.database.ids import Ids

IDS = Ids("file-")


def test_a_new_id_has_the_form_and_no_other_one_has_it() -> None:
    first, second = IDS.new(), IDS.new()
    assert IDS.fits(first)
    assert first != second


@pytest.mark.parametrize(
    "text",
    [
        *("", "file-", "file-../../../../etc/passwd0", "3" * 24, "note_" + "3" * 24),
        *(f"file-{rest}" for rest in ("G" * 24, "٣" * 24, "3" * 23, "3" * 25, "3" * 24 + "\n")),
    ],
)
def test_what_has_not_the_form_does_not_fit(text: str) -> None:
    assert not IDS.fits(text)

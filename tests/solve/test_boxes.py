"""Boxes that a record holds."""

from __future__ import annotations

import json

import pytest

from kantu.solve.boxes import in_record
from kantu.solve.fields import nodes


def test_the_boxes_of_a_record_are_by_what_they_belong_to() -> None:
    assert in_record(nodes('[{"bbox_2d": [1, 2, 3, 4.5], "label": "甲"}, {"label": "乙"}]')) == {"[0]": (1, 2, 3, 4.5)}


@pytest.mark.parametrize(
    "box",
    [
        ["1", "2", "3", "4"],
        [1, 2, 3, None],
        [True, True, False, False],
        [1, 2, 3, [4]],
        [1, 2, 3],
        [1, 2, 3, float("nan")],
        [1, 2, 3, float("inf")],
        [1, 2, 3, 10**400],
        {"1": 2},
        "1234",
    ],
)
def test_what_is_not_four_numbers_is_no_box(box: object) -> None:
    assert in_record(nodes(json.dumps([{"bbox_2d": box}]))) == {}

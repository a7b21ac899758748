"""The sample is the same on every machine: some pictures of each family, some questions of each picture."""

from __future__ import annotations

from kantu.compare.sample import by_picture, chosen
from kantu.evaluation.items import Item
from tests.evaluation.asked import item


def suite(families: int = 2, pictures: int = 12, kinds: tuple[str, ...] = ("a", "b", "c", "d", "e")) -> list[Item]:
    return [
        item(
            f"{family}{origin}{picture}{kind}", picture=f"{picture}.png", family=f"f{family}", origin=origin, kind=kind
        )
        for family in range(families)
        for origin in ("held_out", "browser")
        for picture in range(pictures)
        for kind in kinds
    ]


def test_ten_pictures_a_family_of_both_origins_by_turns() -> None:
    found = by_picture(chosen(suite()))
    assert len(found) == 20
    assert [(asked[0].family, asked[0].origin) for asked in found[:4]] == [
        ("f0", "browser"),
        ("f0", "held_out"),
        ("f0", "browser"),
        ("f0", "held_out"),
    ]
    assert list(chosen(suite())) == list(chosen(suite()))


def test_a_family_of_one_origin_has_ten_of_it() -> None:
    found = by_picture(chosen([each for each in suite() if each.origin == "held_out"]))
    assert len(found) == 20


def test_the_kinds_of_a_family_are_asked_equally_often() -> None:
    found = [each.kind for each in chosen(suite(families=1), pictures=10, questions=2)]
    assert len(found) == 20
    assert {kind: found.count(kind) for kind in "abcde"} == dict.fromkeys("abcde", 4)


def test_questions_of_one_picture_come_one_after_the_other() -> None:
    mixed = sorted(suite(), key=lambda each: each.kind)
    names = [(each.family, each.origin, each.pictures[0].name) for each in chosen(mixed)]
    assert len(set(names)) == sum(1 for a, b in zip(names, [None, *names], strict=False) if a != b)

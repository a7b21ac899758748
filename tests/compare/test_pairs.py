"""Both are asked the same questions, one at a time and by turns; what came of each is kept and can be gone on with."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from kantu.compare.journal import default_path, opened
from kantu.compare.loss import Loss
from kantu.compare.pairs import ask_both
from kantu.contenders.contender import AskOptions
from kantu.contenders.pipeline.parts import Trace
from kantu.contenders.pipeline.pipeline import reply_of
from kantu.errors import EngineError, InvalidRequestError, error
from kantu.evaluation.items import Picture
from kantu.processing.conversation import ImageSource
from tests.compare.fakes import FakePipeline, line, trace
from tests.contenders.scripted import Scripted
from tests.evaluation.asked import item, png

ABOUT = {"suite": "toy", "ours": "a", "theirs": "b"}
LINES = (line("实付款 9.9"), line("状态 已发货", 40))


def test_who_is_first_alternates_and_both_get_every_question() -> None:
    order: list[str] = []
    ours = Scripted(lambda question: order.append("ours") or "9.9")  # type: ignore[func-returns-value]
    theirs = FakePipeline(lambda question: order.append("theirs") or "8.8", LINES)  # type: ignore[func-returns-value]
    pairs = list(ask_both(ours, theirs, [item(question) for question in "甲乙丙"]))
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert [pair.ours.score for pair in pairs] == [1, 1, 1]
    assert [pair.theirs.score for pair in pairs] == [0, 0, 0]
    assert pairs[0].loss == Loss("model", "9.9")


def test_a_pair_tells_what_the_pipeline_did() -> None:
    (pair,) = ask_both(Scripted(lambda question: "9.9元"), FakePipeline(lambda question: "9.9", LINES), [item()])
    assert pair.loss is None
    assert pair.stage_seconds == {"ocr": 0.5, "language": 0.2}
    assert (pair.completion, pair.prompt_tokens) == ("9.9", 70)
    assert "实付款 9.9" in pair.description
    assert pair.theirs.completion_tokens == 5


def test_what_we_say_and_nobody_has_read_is_not_verified() -> None:
    theirs = FakePipeline(lambda question: "9.9", LINES)
    right, wrong = ask_both(Scripted({"甲": "9.9元", "乙": "7.7元"}.__getitem__), theirs, [item("甲"), item("乙")])
    assert (right.unverified, wrong.unverified) == (False, True)


def test_the_first_question_about_a_picture_is_about_a_new_one() -> None:
    items = [item("甲", picture="a"), item("乙", picture="a"), item("丙", picture="b", family="x")]
    pairs = ask_both(Scripted(str), FakePipeline(str, LINES), items)
    found = [(pair.new_picture, pair.same_picture) for pair in pairs]
    assert found == [(True, False), (False, True), (False, True)]  # the pixels of a and b are equal


def test_a_question_about_a_new_picture_and_one_of_before_is_of_neither_sort() -> None:
    both = (Picture("a.png", png()), Picture("b.png", png("black")))
    items = [item("甲"), item("乙", pictures=both), item("丙", pictures=both[::-1])]
    pairs = ask_both(Scripted(str), FakePipeline(str, LINES), items)
    assert [(pair.new_picture, pair.same_picture) for pair in pairs] == [(True, False), (False, False), (False, True)]


def test_a_question_that_the_pipeline_cannot_take_is_wrong_and_has_no_loss() -> None:
    class Refusing(FakePipeline):
        def trace(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Trace:
            raise error("image_too_thin", cap=200)

    (pair,) = ask_both(Scripted(lambda question: "9.9"), Refusing(str), [item()])
    assert (pair.theirs.score, pair.theirs.error, pair.loss) == (0, "image_too_thin", None)


def test_a_run_that_broke_goes_on_where_it_ended(tmp_path: Path) -> None:
    path, items = tmp_path / "j.jsonl", [item(question) for question in "甲乙丙"]

    def breaking(question: str) -> str:
        if question == "丙":
            raise error("rival_died")
        return "9.9"

    with opened(path, ABOUT, again=False) as journal, pytest.raises(EngineError):
        deque(map(journal.add, ask_both(Scripted(breaking), FakePipeline(lambda question: "9.9", LINES), items)))
    kept = dict(journal.pairs)
    with opened(path, ABOUT, again=False) as journal:
        assert journal.pairs == kept
        assert [pair.ours.question for pair in journal.pairs.values()] == ["甲", "乙"]
    with opened(path, ABOUT, again=True) as journal:
        assert journal.pairs == {}


def test_another_comparisons_file_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with opened(path, ABOUT, again=False):
        pass
    with pytest.raises(InvalidRequestError) as caught, opened(path, {**ABOUT, "ours": "c"}, again=False):
        pass
    assert caught.value.code == "comparison_other"
    path.write_text("{}\n")
    with pytest.raises(InvalidRequestError) as caught, opened(path, ABOUT, again=False):
        pass
    assert caught.value.code == "comparison_invalid"


def test_every_comparison_has_a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    assert default_path(ABOUT) == default_path(dict(reversed(ABOUT.items())))
    assert default_path(ABOUT) != default_path({**ABOUT, "ours": "c"})
    assert default_path(ABOUT).parent == tmp_path / "comparisons"


def test_the_pipelines_reply_is_that_of_its_trace_timed() -> None:
    (pair,) = ask_both(Scripted(str), FakePipeline(str, LINES), [item()])
    taken = pair.theirs.total_seconds
    assert pair.theirs.ttft_seconds == reply_of(trace("", LINES), taken).ttft_seconds <= taken

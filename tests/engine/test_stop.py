"""Stop strings end the text before themselves, wherever the pieces are cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.engine.request import MAX_STOP_CHARACTERS, MAX_STOP_STRINGS
from kantu.engine.stop import StopFilter, _Automaton


def run(pieces: list[str], stops: list[str]) -> tuple[str, str | None]:
    stop = StopFilter(stops)
    shown = "".join(stop.push(piece) for piece in pieces)
    return shown + ("" if stop.found is not None else stop.flush()), stop.found


def test_text_without_a_stop_string_passes_unchanged() -> None:
    assert run(["你好", "，世界"], ["。"]) == ("你好，世界", None)


def test_a_stop_string_spanning_pieces_is_never_shown() -> None:
    stop = StopFilter(["END"])
    assert [stop.push(piece) for piece in ("abE", "N", "Dxyz", "more")] == ["ab", "", "", ""]
    assert stop.found == "END"


def test_only_a_possible_beginning_is_held_back() -> None:
    stop = StopFilter(["结束了"])
    assert stop.push("快结束") == "快"
    assert stop.push("吧") == "结束吧"


def test_the_earliest_of_several_wins() -> None:
    assert run(["一二三四"], ["四", "二三"]) == ("一", "二三")
    assert run(["一二", "三四"], ["三四", "二三四", "四"]) == ("一", "二三四")


@given(
    st.lists(st.text("ab", max_size=4), max_size=8),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_however_text_is_cut_the_result_is_that_of_the_whole(pieces: list[str], stops: list[str]) -> None:
    whole = "".join(pieces)
    ends = [at + len(s) for s in stops if (at := whole.find(s)) >= 0]
    shown, found = run(pieces, stops)
    assert (found in stops) == bool(ends)
    assert whole.startswith(shown)
    assert not any(s in shown for s in stops)
    if found is not None:
        assert whole[len(shown) :].startswith(found)
    else:
        assert shown == whole


def reference(held: str, piece: str, stops: list[str]) -> tuple[str, str, bool]:
    """The definition: what is shown of a piece, what is held back, and whether a stop string was found."""
    text = held + piece
    starts = [at for stop in stops if (at := text.find(stop)) >= 0]
    if starts:
        return text[: min(starts)], "", True
    beginnings = [stop[:size] for stop in stops for size in range(1, len(stop)) if text.endswith(stop[:size])]
    keep = max(map(len, beginnings), default=0)
    return text[: len(text) - keep], text[len(text) - keep :], False


@given(
    st.lists(st.text("ab", max_size=5), max_size=10),
    st.lists(st.text("ab", min_size=1, max_size=6), max_size=4),
)
def test_each_piece_shows_what_the_definition_shows(pieces: list[str], stops: list[str]) -> None:
    stop, held = StopFilter(stops), ""
    for piece in pieces:
        shown, held, found = reference(held, piece, stops)
        assert (stop.push(piece), stop.found is not None) == (shown, found)
        if found:
            break
    assert stop.flush() == held


def test_a_copy_goes_its_own_way() -> None:
    stop = StopFilter(["abc"])
    assert stop.push("xab") == "x"
    other = stop.copy()
    assert other.push("c") == ""
    assert other.found == "abc"
    assert stop.push("d") == "abd"
    assert stop.found is None


def steps(automaton: _Automaton, text: str) -> int:
    """How many states an automaton looks at for a text."""
    looked = 0

    class Counted(list[dict[str, int]]):
        def __getitem__(self, index: Any) -> Any:
            nonlocal looked
            looked += 1
            return super().__getitem__(index)

    automaton._next = Counted(automaton._next)
    state = 0
    for char in text:
        state = automaton.step(state, char)
    return looked


@pytest.mark.parametrize("length", [1, 16, MAX_STOP_CHARACTERS])
@pytest.mark.parametrize("text", ["x" * 4000, ("x" * 200 + "y") * 20, "xxxy" * 1000])
def test_a_character_costs_the_same_whatever_the_stop_strings(length: int, text: str) -> None:
    stops = ["x" * (length - 1) + chr(ord("一") + number) for number in range(MAX_STOP_STRINGS)]
    assert steps(_Automaton(stops), text) <= 4 * len(text)

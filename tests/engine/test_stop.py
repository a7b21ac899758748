"""Stop strings end the text before themselves, wherever the pieces are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kantu.engine.stop import StopFilter


def run(pieces: list[str], stops: list[str]) -> tuple[str, bool]:
    stop = StopFilter(stops)
    shown = "".join(stop.push(piece) for piece in pieces)
    return shown + ("" if stop.found else stop.flush()), stop.found


def test_text_without_a_stop_string_passes_unchanged() -> None:
    assert run(["你好", "，世界"], ["。"]) == ("你好，世界", False)


def test_a_stop_string_spanning_pieces_is_never_shown() -> None:
    stop = StopFilter(["END"])
    assert [stop.push(piece) for piece in ("abE", "N", "Dxyz", "more")] == ["ab", "", "", ""]
    assert stop.found


def test_only_a_possible_beginning_is_held_back() -> None:
    stop = StopFilter(["结束了"])
    assert stop.push("快结束") == "快"
    assert stop.push("吧") == "结束吧"


def test_the_earliest_of_several_wins() -> None:
    assert run(["一二三四"], ["四", "二三"]) == ("一", True)


@given(
    st.lists(st.text("ab", max_size=4), max_size=8),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3),
)
def test_however_text_is_cut_the_result_is_that_of_the_whole(pieces: list[str], stops: list[str]) -> None:
    whole = "".join(pieces)
    ends = [at + len(s) for s in stops if (at := whole.find(s)) >= 0]
    shown, found = run(pieces, stops)
    assert found == bool(ends)
    assert whole.startswith(shown)
    assert not any(s in shown for s in stops)
    if not found:
        assert shown == whole

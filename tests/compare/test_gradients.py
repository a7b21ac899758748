"""How far the gradient of one answer reaches is measured on real networks."""

from __future__ import annotations

from pathlib import Path

from kantu.compare.gradients import kantu_reach, pipeline_reach
from tests.evaluation.asked import png


def test_of_a_network_that_sees_it_reaches_every_parameter_and_the_pixels(tiny_folder: Path) -> None:
    reach = kantu_reach(tiny_folder, png("red"), "什么颜色？", "红色")
    assert reach.parameters > 0
    assert reach.reached > 0.85 * reach.parameters  # all but a merger for a layer that a decoder of two has not
    assert (reach.pixels, reach.stopped_by) == (True, "")


def test_of_a_pipeline_it_stops_at_the_text(tiny_folder: Path) -> None:
    reach = pipeline_reach(tiny_folder, "图中文字：红色\n什么颜色？", "红色", reader_bytes=123)
    assert 0 < reach.reached < reach.parameters  # a tower that nothing passes through has none
    assert (reach.pixels, reach.outside_bytes) == (False, 123)
    assert "floating point" in reach.stopped_by

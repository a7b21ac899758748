"""What panels are: buttons, tags, inputs, banners, cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.contenders.pipeline.boxes import area_of, inside, overlap, size_of
from kantu.contenders.pipeline.colors import color_name, distance, vivid
from kantu.contenders.pipeline.panels import Panel
from kantu.contenders.pipeline.seen import Box, Kind, SeenElement, State
from kantu.contenders.pipeline.surfaces import Scan, middle_in

_BUTTON_HEIGHT = (1.15, 4.2)  # of the line in it
_TAG_HEIGHT = 1.62  # of the line in it: what is lower is a tag
_MOST_BUTTON_WIDTH = 0.97  # of the page
_INPUT_WIDTH = 6.0  # lines, at least
_BANNER_WIDTH = 0.8  # of what it stands in
_SCREEN_BAR = 0.13  # of the page: where its title stands
_OPTIONS = 3  # at least, of which one looks unlike the others
_OTHER_LOOK = 18  # of 255 between the chosen option and the others


def buttons(scan: Scan, panels: Sequence[Panel]) -> Iterator[SeenElement]:
    """Panels with a word or two in their middle, and inputs, which have theirs at the left."""
    framed = [panel for panel in panels if _is_button(scan, panel, panels)]
    states = _states(scan, framed)
    for panel, state in zip(framed, states, strict=True):
        kind: Kind = "tag" if size_of(panel.box)[1] < _TAG_HEIGHT * _text_height(panel) else "button"
        yield _element(scan, kind, panel, state)
    for panel in panels:
        if _is_input(scan, panel, panels):
            yield _element(scan, "input", panel)


def _element(scan: Scan, kind: Kind, panel: Panel, state: State = "") -> SeenElement:
    return SeenElement(kind, panel.box, color_name(panel.color), state, scan.text_of(panel.lines), lines=panel.lines)


def _text_height(panel: Panel) -> int:
    return panel.text_box[3] - panel.text_box[1]


def _fits_a_line(scan: Scan, panel: Panel, panels: Sequence[Panel]) -> bool:
    width, height = size_of(panel.box)
    tall = _text_height(panel)
    low, high = _BUTTON_HEIGHT
    if panel.rows != 1 or panel.cell or panel.filled < 0.65 or not low * tall <= height <= high * tall:
        return False
    return width <= _MOST_BUTTON_WIDTH * scan.width and not any(panel.holds(other) for other in panels)


def _margins(panel: Panel) -> tuple[int, int]:
    return panel.text_box[0] - panel.box[0], panel.box[2] - panel.text_box[2]


def _centered(panel: Panel) -> bool:
    left, right = _margins(panel)
    return abs(left - right) <= max(0.6 * _text_height(panel), 0.1 * size_of(panel.box)[0])


def _is_button(scan: Scan, panel: Panel, panels: Sequence[Panel]) -> bool:
    if not _fits_a_line(scan, panel, panels) or not _centered(panel):
        return False
    width, height = size_of(panel.box)
    spread = sum(scan.lines[number].box[2] - scan.lines[number].box[0] for number in panel.lines)
    if spread < 0.75 * size_of(panel.text_box)[0]:
        return False  # texts far apart: a row
    return width > 1.25 * height or len(scan.text_of(panel.lines)) > 2


def _is_input(scan: Scan, panel: Panel, panels: Sequence[Panel]) -> bool:
    if not _fits_a_line(scan, panel, panels) or _centered(panel) or len(panel.lines) > 1:
        return False
    width, height = size_of(panel.box)
    left, right = _margins(panel)
    return width >= _INPUT_WIDTH * _text_height(panel) and right > left and left < 1.6 * height < 0.5 * width


def _states(scan: Scan, framed: Sequence[Panel]) -> list[State]:
    """Of options of one height near each other, which one is chosen: the one of another colour."""
    states: list[State] = [""] * len(framed)
    for place, panel in enumerate(framed):
        group = [
            number
            for number, other in enumerate(framed)
            if abs(size_of(other.box)[1] - size_of(panel.box)[1]) <= 3
            and abs(other.box[1] - panel.box[1]) <= 2.6 * size_of(panel.box)[1]
        ]
        if len(group) < _OPTIONS:
            continue
        unlike = [number for number in group if number != place and _unlike(scan, framed[number], panel)]
        alike = len(group) - 1 - len(unlike)
        if len(unlike) >= 2 and alike == 0:
            states[place] = "selected"
        elif alike >= 1 and len(unlike) == 1:
            states[place] = "unselected"
    if "selected" not in states:
        return [""] * len(framed)
    return states


def _unlike(scan: Scan, a: Panel, b: Panel) -> bool:
    ink_a, ink_b = scan.looks[a.lines[0]].ink, scan.looks[b.lines[0]].ink
    lines = max(distance(ink_a, ink_b), distance(a.edge, b.edge))  # thin ones have no clean colour
    return distance(a.color, b.color) > _OTHER_LOOK or lines > 3 * _OTHER_LOOK


def banners(scan: Scan, panels: Sequence[Panel]) -> Iterator[SeenElement]:
    """Coloured strips across what they stand in, above all other text in it."""
    for panel in panels:
        width, height = size_of(panel.box)
        if panel.filled < 0.85 or not vivid(panel.color) or width < 2.2 * height or not panel.own_ground or panel.cell:
            continue
        container = _container(scan, panel)
        if width < _BANNER_WIDTH * (container[2] - container[0]) or panel.rows > 4 or height < 1.3 * scan.unit:
            continue
        if panel.rows > 1 or _heads(scan, panel, container):
            yield _element(scan, "banner", panel)


def _container(scan: Scan, panel: Panel) -> Box:
    """The box of what a panel stands in: the smallest surface around it, or the page."""
    around = [
        surface.box
        for surface in scan.surfaces
        if inside(panel.box, surface.box, 2)
        and distance(surface.color, panel.color) > _OTHER_LOOK
        and area_of(surface.box) > 1.2 * area_of(panel.box)
    ]
    return min(around, key=area_of, default=(0, 0, scan.width, scan.height))


def _heads(scan: Scan, panel: Panel, container: Box) -> bool:
    """Whether nothing but the bar of the screen stands above a panel in its container, and something below it."""
    bar = container[1] + _SCREEN_BAR * scan.height if container[1] < 3 else container[1]
    lines = [line.box for line in scan.lines if middle_in(line.box, container)]
    above = any(bar <= box[1] and box[3] <= panel.box[1] + 2 for box in lines)
    return not above and any(box[1] >= panel.box[3] - 2 for box in lines)


def cards(scan: Scan, panels: Sequence[Panel]) -> Iterator[SeenElement]:
    """Panels that hold several rows of text, or one that runs across them."""
    for panel in panels:
        width, height = size_of(panel.box)
        if panel.cell or panel.filled < 0.85 or width < 0.28 * scan.width or height < 1.6 * scan.unit:
            continue
        if width > 0.97 * scan.width and (panel.box[1] <= 3 or panel.box[3] >= scan.height - 3):
            continue  # a bar at the top or the bottom of the screen
        if panel.rows > 1 or overlap(panel.box, (0, 0, scan.width, 1), 0) * width > 0.6 * scan.width:
            yield SeenElement(
                "card", panel.box, color_name(panel.color), text=scan.text_of(panel.lines), lines=panel.lines
            )

"""The messages of a chat: panels of several widths that stand under each other, on two sides or beside faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.contenders.pipeline.boxes import overlap, size_of
from kantu.contenders.pipeline.colors import color_name, distance
from kantu.contenders.pipeline.panels import Panel
from kantu.contenders.pipeline.seen import SeenElement, State
from kantu.contenders.pipeline.surfaces import Scan

_WIDEST = 0.86  # of the page
_HIGHEST = 0.6  # of the page
_MARGIN = (0.25, 2.2)  # lines between a bubble's edge and its text, above and below
_FACE_SIDE = (1.3, 5.0)  # lines
_FACE_GAP = 2.6  # lines between a face and its message
_TIGHT = 0.6  # of the messages are as wide as their text, at least
_EDGE = 5  # pixels between edges that are in line
_SAME_GROUND = 60  # of 255: chats may stand on wallpaper


def bubbles(scan: Scan, panels: Sequence[Panel]) -> Iterator[SeenElement]:
    """The messages of a page, if it is one of a chat."""
    found = [panel for panel in panels if _may_be_bubble(scan, panel, panels)]
    faces = {id(panel): (_face_beside(scan, panel, -1), _face_beside(scan, panel, 1)) for panel in found}
    found = [panel for panel in found if not _squarish(panel) or faces[id(panel)][0] != faces[id(panel)][1]]
    found = [a for a in found if not any(a is not b and overlap(a.box, b.box, 1) > 0.5 for b in found)]
    lefts = {id(panel): _in_line(panel, found, 0) for panel in found}
    rights = {id(panel): _in_line(panel, found, 2) for panel in found}
    beside_faces = sum(faces[id(panel)][0] != faces[id(panel)][1] for panel in found)
    left, right = max(lefts.values(), default=0), max(rights.values(), default=0)
    tight = sum(_tight(panel) for panel in found) >= _TIGHT * len(found)  # boxes of a form are not
    if len(found) < 2 or not (beside_faces >= 2 or (tight and ((left >= 1 and right >= 1) or left >= 2))):
        return
    for panel in found:
        key = id(panel)
        left_face, right_face = faces[key]
        if not (left_face or right_face or lefts[key] or rights[key]):
            continue
        side: State
        if left_face != right_face:
            side = "left" if left_face else "right"
        elif lefts[key] != rights[key]:
            side = "left" if lefts[key] > rights[key] else "right"
        else:
            side = "left" if panel.box[0] < scan.width - panel.box[2] else "right"
        text = scan.text_of(panel.lines)
        yield SeenElement("bubble", panel.box, color_name(panel.color), side, text, lines=panel.lines)


def _tight(panel: Panel) -> bool:
    """Whether a panel is as wide as its text wants it."""
    left, right = panel.text_box[0] - panel.box[0], panel.box[2] - panel.text_box[2]
    return abs(left - right) <= 1.2 * panel.line_height


def _squarish(panel: Panel) -> bool:
    """Whether a panel with one line may be a face with a name in it."""
    return panel.rows == 1 and size_of(panel.box)[0] < 1.25 * size_of(panel.box)[1]


def _may_be_bubble(scan: Scan, panel: Panel, panels: Sequence[Panel]) -> bool:
    width, height = size_of(panel.box)
    low, high = (share * panel.line_height for share in _MARGIN)
    above, below = panel.text_box[1] - panel.box[1], panel.box[3] - panel.text_box[3]
    if width > _WIDEST * scan.width or height > _HIGHEST * scan.height or panel.cell:
        return False
    if not (low <= above <= high and low <= below <= high) or width < 0.8 * height:
        return False
    ground = scan.page.color if scan.page else panel.around
    near_edge = panel.box[1] < 0.05 * scan.height or panel.box[3] > 0.93 * scan.height
    if near_edge and distance(panel.around, ground) > _SAME_GROUND:
        return False  # in the bar with the title, or where one writes
    return not any(other.holds(panel) and size_of(other.box)[0] < 0.9 * scan.width for other in panels)


def _in_line(panel: Panel, found: Sequence[Panel], edge: int) -> int:
    """How many others have the same left (0) or right (2) edge; 0 where all have one width, as buttons have."""
    others = [other for other in found if other is not panel and abs(other.box[edge] - panel.box[edge]) <= _EDGE]
    widths = [size_of(other.box)[0] for other in (panel, *others)]
    return len(others) if max(widths) - min(widths) > 2 * _EDGE else 0


def _face_beside(scan: Scan, panel: Panel, side: int) -> bool:
    """Whether a face stands beside a message: a squarish blob at the height of its upper edge."""
    x1, y1, x2, _ = panel.box
    low, high = (share * scan.unit for share in _FACE_SIDE)
    for blob in scan.blobs:
        width, height = size_of(blob.box)
        gap = x1 - blob.box[2] if side < 0 else blob.box[0] - x2
        if not low <= height <= high or not 0.75 <= width / height <= 1.33 or not -2 <= gap <= _FACE_GAP * scan.unit:
            continue
        if -2.6 * scan.unit <= blob.box[1] - y1 <= 1.2 * scan.unit:
            return True
    return False

"""Switches, checkboxes, radios, sliders and progress bars: small blobs without letters, told by their form."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from kantu.contenders.pipeline.boxes import middle, overlap, size_of
from kantu.contenders.pipeline.colors import (
    RGB,
    Pixels,
    as_rgb,
    color_name,
    common_color,
    distance,
    main_colors,
    nearest,
)
from kantu.contenders.pipeline.seen import Box, Kind, SeenElement, State
from kantu.contenders.pipeline.surfaces import Blob, Scan
from kantu.solve.reader import PrintedLine

_SWITCH_RATIO = (1.4, 2.6)  # width to height
_SWITCH_HEIGHT = (0.45, 2.8)  # lines
_CHECK_SIDE = (0.6, 1.5)  # lines
_CHECK_PIXELS = 9  # at least: in what is smaller no mark can be told from noise
_DISC_FILLED = 0.88  # of its box: what fills more is no disc
_LABEL_REACH = 6.0  # lines between a switch and the name above or below it
_LABEL_GAP = 2.5  # lines between a checkbox and its label
_SLIDER_HEIGHT = 4  # pixels, at least: what is lower is a rule
_SLIDER_LENGTH = 4.0  # lines, at least
_KNOB_STEPS = (18, 45, 80)  # of 255 between a knob and its track: a pale one first, then one in noise
_DISC_CORE = 0.33  # of a ring's width, from its middle: nearer than its line
_BOX_CORE = 0.26
_BETWEEN = 0.8  # of a checkbox's inside has one of two colours, or one between them
_SAME = 28  # of 255 between two colours that count as one


def controls(scan: Scan) -> Iterator[SeenElement]:
    """All controls of a page."""
    for blob in scan.blobs:
        if blob.lines:
            continue
        found = _switch(scan, blob) or _check(scan, blob) or _slider(scan, blob)
        if found is not None:
            yield found


def _switch(scan: Scan, blob: Blob) -> SeenElement | None:
    width, height = size_of(blob.box)
    low, high = (share * scan.unit for share in _SWITCH_HEIGHT)
    if not low <= height <= high or not _SWITCH_RATIO[0] <= width / height <= _SWITCH_RATIO[1]:
        return None
    if blob.filled < 0.6 or blob.solid < 0.8 or _in_status_bar(scan, blob.box):
        return None
    label = _label_beside(scan, blob.box)
    side = next((side for step in _KNOB_STEPS if (side := _knob_side(scan, blob, step)) is not None), None)
    if label is None or side is None:
        return None
    crop = scan.crop(blob.box)
    rest = crop[:, : width // 2] if side == "on" else crop[:, width - width // 2 :]
    track = common_color(rest[height // 3 : height - height // 3].reshape(-1, 3))
    return SeenElement("switch", blob.box, color_name(track), side, label=label)


def _knob_side(scan: Scan, blob: Blob, step: int) -> State | None:
    """On which side the knob is: the largest roundish piece of one colour that leaves the other side free."""
    crop = scan.crop(blob.box)
    height, width = crop.shape[:2]
    colors = main_colors(crop.reshape(-1, 3), 4, apart=step)
    which = nearest(crop, colors)
    best = 0.0
    state: State | None = None
    for number in range(len(colors)):
        mask = (which == number).astype(np.uint8)
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        for contour, node in zip(contours, tree[0] if len(contours) else (), strict=True):
            if node[3] >= 0:
                continue  # a hole: a knob may lie in that of its track's frame
            x, y, wide, tall = cv2.boundingRect(contour)
            if tall < 0.36 * height or not 0.62 <= wide / tall <= 1.5 or wide > 0.72 * width:
                continue
            area = cv2.contourArea(cv2.convexHull(contour))
            solid = cv2.contourArea(contour) / max(area, 1.0)
            if area < 0.62 * (wide - 1) * (tall - 1) or solid < 0.7 or abs(y + tall / 2 - height / 2) > 0.15 * height:
                continue
            left, right = x, width - x - wide
            near, far = min(left, right), max(left, right)
            # A knob stands as far from its end as from the edges above and below, so that its end is round around it.
            if near > 0.36 * height or far < near + 0.2 * height or area <= best:
                continue
            best, state = area, "off" if left < right else "on"
    return state if best > 0.1 * height * height else None


def _in_status_bar(scan: Scan, box: Box) -> bool:
    """Whether a box is where phones show the time: a battery looks like a switch."""
    if box[3] > 0.09 * scan.height:
        return False
    row = [line for line in scan.lines if overlap(line.box, box, 1) > 0.4]
    return any(sum(sign.isdigit() for sign in line.text) >= 3 and ":" in line.text for line in row) or not row


def _label_beside(scan: Scan, box: Box) -> str | None:
    """The text that stands in a control's row: to its left, else to its right."""
    row = [line for line in scan.lines if overlap(line.box, box, 1) > 0.3]
    left = [line for line in row if line.box[2] <= box[0] + 2]
    if left:
        return max(left, key=lambda line: line.box[2]).text if box[0] > 0.35 * scan.width else left[0].text
    right = [line for line in row if line.box[0] >= box[2] - 2]
    if right:
        return min(right, key=lambda line: line.box[0]).text
    x, y = middle(box)  # a label of two lines has the control at its middle, that of a tile stands above or below

    def far(line: PrintedLine) -> float:
        left, top, right, bottom = line.box
        return max(0.0, left - x, x - right) + max(0.0, top - y, y - bottom)

    near = min(scan.lines, key=far, default=None)
    return near.text if near is not None and far(near) < _LABEL_REACH * scan.unit else None


def _check(scan: Scan, blob: Blob) -> SeenElement | None:
    width, height = size_of(blob.box)
    low, high = (share * scan.unit for share in _CHECK_SIDE)
    if (
        not max(low, _CHECK_PIXELS) <= height <= high
        or not 0.82 <= width / height <= 1.22
        or blob.filled < 0.7
        or blob.solid < 0.92
    ):
        return None
    label = _label_of_check(scan, blob.box, blob.around)
    crop = scan.crop(blob.box)
    if label is None or not _outline_is_even(crop, blob):
        return None
    disc = blob.filled < _DISC_FILLED
    core = _core(crop, disc)
    ground, mark, share = _two_colors(core)
    kind: Kind = "radio" if disc else "checkbox"
    edge = color_name(_edge_color(crop))
    if share < _BETWEEN:
        return None
    if distance(ground, mark) <= _SAME:
        if distance(ground, blob.around) > _SAME:
            return None  # a dot or a swatch
        return SeenElement(kind, blob.box, edge, _state(disc, on=False), label=label)
    return SeenElement(kind, blob.box, edge, _state(disc, on=True), label=label)


def _core(crop: Pixels, disc: bool) -> Pixels:
    """What lies within the outline of a box or a ring: [pixels, 3]."""
    height, width = crop.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    across, down = (x - (width - 1) / 2) / width, (y - (height - 1) / 2) / height
    far = np.hypot(across, down) if disc else np.maximum(np.abs(across), np.abs(down))
    return np.asarray(crop[far <= (_DISC_CORE if disc else _BOX_CORE)])


def _two_colors(pixels: Pixels) -> tuple[RGB, RGB, float]:
    """The commonest colour, the one farthest from it, and the share of pixels that lie between the two."""
    common = common_color(pixels)
    away = pixels.astype(np.float64) - common
    far = np.abs(away).max(axis=1)
    other = away[far.argmax()]
    along = away @ other / max(float(other @ other), 1.0)
    off = np.abs(away - along[:, None] * other).max(axis=1)
    return common, as_rgb(other + common), float((off < 30).mean())


def _state(disc: bool, *, on: bool) -> State:
    if disc:
        return "selected" if on else "unselected"
    return "on" if on else "off"


def _edge_color(crop: Pixels) -> RGB:
    """The colour of a control's outline, at the middles of its sides."""
    height, width = crop.shape[:2]
    y, x = height // 2, width // 2
    ends = [crop[y - 1 : y + 2, 1], crop[y - 1 : y + 2, -2], crop[1, x - 1 : x + 2], crop[-2, x - 1 : x + 2]]
    return common_color(np.concatenate(ends))


def _outline_is_even(crop: Pixels, blob: Blob) -> bool:
    """Whether the four sides of a blob have one colour, as those of a control have and those of pictures have not."""
    height, width = crop.shape[:2]
    y, x = height // 2, width // 2
    sides = [crop[y - 1 : y + 2, :3], crop[y - 1 : y + 2, -3:], crop[:3, x - 1 : x + 2], crop[-3:, x - 1 : x + 2]]
    around = np.array(blob.around, dtype=np.int16)
    strongest = []
    for side in sides:
        pixels = side.reshape(-1, 3)
        far = np.abs(pixels.astype(np.int16) - around).max(axis=1)
        if far.max() < 18:
            return False
        strongest.append(pixels[far.argmax()].astype(np.int16))
    return int((np.max(strongest, axis=0) - np.min(strongest, axis=0)).max()) < 75


def _label_of_check(scan: Scan, box: Box, around: RGB) -> str | None:
    """What a checkbox or a radio is for: the text right after it, else the text in its row before it."""
    row = [number for number, line in enumerate(scan.lines) if overlap(line.box, box, 1) > 0.5]
    after = [number for number in row if scan.lines[number].box[0] >= box[2] - 2]
    before = [number for number in row if scan.lines[number].box[2] <= box[0] + 2]
    near = min(after, key=lambda number: scan.lines[number].box[0], default=None)
    if near is not None and scan.lines[near].box[0] - box[2] > _LABEL_GAP * scan.unit:
        return None
    label = near if near is not None else before[0] if before else None
    if label is None or distance(scan.looks[label].ground, around) > _SAME:
        return None  # a sign on a tile, a part of a picture
    beside = [near, max(before, key=lambda number: scan.lines[number].box[2], default=None)]
    if any(number is not None and scan.lines[number].text.strip().isdigit() for number in beside):
        return None  # less and more of a number
    return scan.lines[label].text


def _slider(scan: Scan, blob: Blob) -> SeenElement | None:
    """A track of two colours, with or without a knob where they meet."""
    width, height = size_of(blob.box)
    if height < _SLIDER_HEIGHT or width < max(_SLIDER_LENGTH * scan.unit, 3.5 * height) or height > 2.2 * scan.unit:
        return None
    crop = scan.crop(blob.box).astype(np.int16)
    inked = np.abs(crop - np.array(blob.around, dtype=np.int16)).max(axis=2) > 14
    thick = inked.sum(axis=0)
    track = float(np.median(thick[thick > 0])) if thick.any() else 0.0
    if track < 1 or (thick > 0).mean() < 0.9:
        return None
    center = crop[height // 2]
    start = np.median(center[2 : max(4, width // 25)], axis=0)
    end = np.median(center[-max(4, width // 25) : -2], axis=0)
    knob = np.flatnonzero(thick >= track + max(2.5, 0.28 * track))
    knob_width = int(knob[-1] - knob[0] + 1) if len(knob) else 0
    if knob_width > 2.2 * height or (knob_width and (track > 0.9 * height or knob_width < 0.2 * height)):
        return None
    if float(np.abs(start - end).max()) < 18 and not knob_width:
        return None
    label = _label_beside(scan, blob.box) or _text_above(scan, blob.box)
    color = color_name(as_rgb(start))
    if knob_width:
        margin = 0.0 if knob_width < 0.8 * height else height / 2
        share = (float(knob[0] + knob[-1]) / 2 - margin) / max(1.0, width - 2 * margin)
        return SeenElement("slider", blob.box, color, label=label or "", value=_percent(share))
    to_end = np.abs(center - end).sum(axis=1) < np.abs(center - start).sum(axis=1)
    share = 1 - float(to_end[2:-2].mean())
    rest = to_end[round(share * (width - 4)) + 4 : -2]
    if not 0.02 < share < 0.98 or blob.filled <= 0.7 or len(rest) == 0 or rest.mean() < 0.95:
        return None
    return SeenElement("progress", blob.box, color, label=label or "", value=_percent(share))


def _percent(share: float) -> float:
    return float(round(100 * min(max(share, 0.0), 1.0)))


def _text_above(scan: Scan, box: Box) -> str | None:
    above = [
        line
        for line in scan.lines
        if line.box[3] <= box[1] + 2 and box[1] - line.box[3] < 2 * scan.unit and overlap(line.box, box, 0) > 0.5
    ]
    lowest = max((line.box[3] for line in above), default=0)
    return next((line.text for line in above if lowest - line.box[3] < 0.5 * scan.unit), None)

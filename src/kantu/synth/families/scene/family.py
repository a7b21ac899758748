"""Family "scene": animals, people and things before all sorts of backdrops, as pictures without text are sent."""

from __future__ import annotations

import random

from kantu.synth.ask import places, texts
from kantu.synth.draw import effects, faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.palette import grey
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Listing, Marked
from kantu.synth.families.family import Family, Size, finish, usual_size
from kantu.synth.families.scene.backdrop import PLACES
from kantu.synth.families.scene.content import Told, stage_things, tinted
from kantu.synth.families.scene.questions import SceneQuestions
from kantu.synth.page import Page
from kantu.synth.words import vocabulary

_CAPTIONED = 0.15


def _caption(rng: random.Random, canvas: Canvas, margin: float) -> str:
    """A date as cameras print it, or a short line of text, at the lower or upper edge over a strip or in outline."""
    stamp = rng.random() < 0.4
    text = vocabulary.date_time(rng) if stamp else rng.choice((vocabulary.word, vocabulary.sentence))(rng)
    size = faces.snap(rng.randint(13, 24))
    type_ = Type(rng.choice(faces.FACES), size, rng.choice(((255, 255, 255), (255, 160, 40), (255, 235, 120))))
    text = type_.cut(text, canvas.width - 2 * margin - 12).strip()
    if len(text) < 2:
        return ""
    y = canvas.height - margin - size - 4 if rng.random() < 0.7 else margin + 4
    left = margin + 6 if rng.random() < 0.5 else canvas.width - margin - 6 - type_.width(text)
    canvas.draw.rectangle((left - 5, y - 3, left + type_.width(text) + 5, y + size + 3), fill=grey(rng.randint(10, 50)))
    canvas.text(left, y, text, type_, role="caption", name="caption")
    return text


def draw(seed: int, size: Size) -> Page:
    """One scene and what can be asked about it."""
    rng = random.Random(f"{SCENE.name}:{seed}")
    canvas = Canvas(*size, (255, 255, 255))
    scenes, weights = zip(*PLACES, strict=True)
    place = rng.choices(scenes, weights)[0]
    place.paint(rng, canvas.image, rng.uniform(*place.horizon))
    margin = float(effects.margin(*size))
    if rng.random() < 0.1:
        margin += frame(rng, canvas)
    band = margin
    captioned = rng.random() < _CAPTIONED
    if captioned:
        band += 30
    things = stage_things(rng, canvas, place, band)
    if rng.random() < 0.25:
        canvas.image.paste(tinted(rng, canvas.image))
    caption = _caption(rng, canvas, margin) if captioned else ""
    for thing in things:
        canvas.element("thing", thing.name, thing.box)
    facts = [Listing(tuple(thing.name for thing in things), "东西")] + ([Marked("caption", caption)] if caption else [])
    own = SceneQuestions(Told(place, things, caption))
    askers = own.all()
    if caption:
        askers = (*askers, (places.at_box, 0.6), (texts.transcribe_page, 1.0), (texts.present, 0.5))
    return finish(SCENE.name, seed, size, canvas, facts, rng, askers=askers, first=own.first(rng), least=6, most=12)


def frame(rng: random.Random, canvas: Canvas) -> float:
    """A border as prints have one; its width."""
    width = rng.uniform(0.02, 0.05) * min(canvas.width, canvas.height)
    color = rng.choice(((255, 255, 255), (245, 240, 228), (30, 30, 30)))
    canvas.draw.rectangle((0, 0, canvas.width - 1, canvas.height - 1), outline=color, width=max(round(width), 2))
    return width


SCENE = Family("scene", usual_size, draw)

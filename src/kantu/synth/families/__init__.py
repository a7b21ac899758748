"""The families of pages `synth` can draw, by name."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType

from kantu.errors import error, listed
from kantu.synth.draw.faces import require_fonts
from kantu.synth.families.chart.family import CHART
from kantu.synth.families.chat.family import CHAT
from kantu.synth.families.family import Family, Size
from kantu.synth.families.glyphs import GLYPHS
from kantu.synth.families.invoice.family import INVOICE
from kantu.synth.families.notice.family import NOTICE
from kantu.synth.families.order.family import ORDER
from kantu.synth.families.phone.family import PHONE
from kantu.synth.families.photo.family import PHOTO
from kantu.synth.families.post.family import POST
from kantu.synth.families.problem.family import PROBLEM
from kantu.synth.families.product.family import PRODUCT
from kantu.synth.families.reading.family import READING
from kantu.synth.families.scene.family import SCENE
from kantu.synth.families.table.family import TABLE
from kantu.synth.families.ui.family import UI
from kantu.synth.page import Page

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            *(ORDER, PRODUCT, POST, NOTICE, PROBLEM, CHART, TABLE, UI, SCENE, INVOICE, CHAT, PHONE),
            *(READING, PHOTO, GLYPHS),
        )
    }
)


def draw(name: str, seed: int, size: Size | None = None) -> Page:
    """Page number `seed` of a family: the same picture and truth in every process. Without `size` the seed chooses.

    Raises `InvalidRequestError` for an unknown family, `MissingDependencyError` when the fonts are not installed: a
    page drawn with other fonts is another page.
    """
    if name not in FAMILIES:
        raise error("unknown_family", name=name, families=listed(FAMILIES))
    require_fonts()
    family = FAMILIES[name]
    return family.draw(seed, size or family.choose_size(random.Random(f"{name}:size:{seed}")))

"""The recipe of `kantu-mini-text`: the last stage of that of `kantu-mini`, whose decoder it starts from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kantu.training.loop import Stretch
from kantu.training.mini.recipe import STAGES as MINI_STAGES
from kantu.training.mini.stream import Stage

DEFAULT_RUN = Path.home() / ".cache/kantu/training/mini-text"

EVERYDAY = MINI_STAGES["everyday"]
STAGES: Mapping[str, Stage] = {EVERYDAY.name: EVERYDAY}
PLAN: tuple[Stretch, ...] = (Stretch(EVERYDAY.name, 60_000, decay=True),)

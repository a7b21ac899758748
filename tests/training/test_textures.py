from __future__ import annotations

import random

import numpy as np

from kantu.training.textures import draw_texture


def test_a_texture_is_the_same_for_the_same_chance_and_another_for_another() -> None:
    one, again, other = (draw_texture(random.Random(seed)) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_textures_are_no_plain_grounds() -> None:
    assert all(np.ptp(draw_texture(random.Random(seed))) > 60 for seed in range(6))

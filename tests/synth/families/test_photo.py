"""Pictures without a word, about which the answer is that there is nothing to read."""

from __future__ import annotations

import numpy as np

from kantu.synth.families import draw


def test_a_photo_has_no_text_and_every_question_about_it_is_denied() -> None:
    for seed in range(6):
        page = draw("photo", seed, (160, 128))
        assert page.image.size == (160, 128)
        assert page.lines == ()
        assert len(page.questions) >= 2
        assert all(question.absent and "没有" in question.answer for question in page.questions)


def test_photos_are_alike_for_a_seed_and_differ_between_seeds() -> None:
    first, again, other = (np.asarray(draw("photo", seed, (96, 96)).image, int) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 8

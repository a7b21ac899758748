"""Fixtures of the network's tests: a pair of equal models for every kind of checkpoint."""

from __future__ import annotations

import pytest

from tests.model.twins import CONVERSATIONS, VARIANTS, Prompt, Twins, make_prompt


@pytest.fixture(scope="session", params=VARIANTS)
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Our network and the reference with the same random weights, for every variant."""
    return Twins.make(tmp_path_factory.mktemp("twins"), request.param)


@pytest.fixture(params=CONVERSATIONS)
def prompt(request: pytest.FixtureRequest, twins: Twins) -> Prompt:
    """A prompt of `twins`, for every conversation."""
    return make_prompt(twins.config, CONVERSATIONS[request.param])


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """One pair, for tests that need no variants."""
    return Twins.make(tmp_path_factory.mktemp("pair"), next(iter(VARIANTS)))


@pytest.fixture
def picture_prompt(pair: Twins) -> Prompt:
    """The longest conversation, for `pair`."""
    return make_prompt(pair.config, list(CONVERSATIONS.values())[-1])

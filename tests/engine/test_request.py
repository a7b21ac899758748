"""Sampling parameters are checked when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.engine.request import (
    MAX_ALL_STOP_CHARACTERS,
    MAX_STOP_CHARACTERS,
    SamplingParams,
    Usage,
    stop_strings,
)
from kantu.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": -5}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"min_tokens": -1}, "min_tokens"),
        ({"min_tokens": None}, "min_tokens"),
        ({"min_tokens": 9, "max_tokens": 8}, "min_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"top_p": 1.01}, "top_p"),
        ({"top_k": -2}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"top_k": 2.0}, "top_k"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"seed": -(2**63) - 1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": -1.0}, "seed"),
        ({"seed": "x"}, "seed"),
        ({"stop": ("",)}, "stop"),
        ({"stop": (3,)}, "stop"),
        ({"stop": tuple("abcdefghijklmnopq")}, "stop"),
        ({"stop": ("长" * (MAX_STOP_CHARACTERS + 1),)}, "stop"),
        ({"stop": ("长" * MAX_STOP_CHARACTERS,) * (MAX_ALL_STOP_CHARACTERS // MAX_STOP_CHARACTERS + 1)}, "stop"),
    ],
)
def test_a_value_out_of_range_is_refused_and_named(values: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        SamplingParams(**values)
    assert (caught.value.code, caught.value.param) == (f"invalid_{param}", param)


def test_the_edges_of_the_ranges_are_allowed() -> None:
    SamplingParams(max_tokens=1, min_tokens=1, temperature=0, top_p=1, top_k=0, seed=0, stop=("。",))
    SamplingParams(stop=("长" * MAX_STOP_CHARACTERS,) * (MAX_ALL_STOP_CHARACTERS // MAX_STOP_CHARACTERS))


@pytest.mark.parametrize("seed", [-(2**63), -2, 0, 1, 2**63 - 1])
def test_a_seed_is_any_signed_64_bit_integer(seed: int) -> None:
    assert SamplingParams(seed=seed).seed == seed


def test_minus_one_is_off_as_with_vllm() -> None:
    assert SamplingParams(top_k=-1) == SamplingParams(top_k=0)
    assert SamplingParams(seed=-1) == SamplingParams()


def test_stop_is_none_one_string_or_a_list() -> None:
    assert stop_strings(None) == ()
    assert stop_strings("。") == ("。",)
    assert stop_strings(["a", "b"]) == ("a", "b")
    with pytest.raises(InvalidRequestError):
        stop_strings(3)  # type: ignore[arg-type]


def test_usage_adds_up() -> None:
    assert Usage(prompt_tokens=10, visual_tokens=6, completion_tokens=4).total_tokens == 14

"""The local engine continues exactly as transformers' `generate`, ends where it should, and says what it did."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen3VLForConditionalGeneration

from kantu.engine.local import LocalEngine
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Constraint, RepetitionStop, SamplingParams
from kantu.errors import CancelledError, DeadlineExceededError, InvalidRequestError, OverloadedError, PromptTooLongError
from kantu.processing.conversation import Turn
from kantu.processing.image import patchify
from tests.engine.engines import Parts, end_of, picture, request, run, tokens
from tests.tiny_checkpoint import write_tiny_checkpoint

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def oracle(tiny_folder: Path) -> Qwen3VLForConditionalGeneration:
    return Qwen3VLForConditionalGeneration.from_pretrained(tiny_folder, dtype=torch.float32).eval()


@pytest.mark.parametrize("sizes", [[], [(96, 128)], [(64, 64), (160, 96), (224, 64)]])
@pytest.mark.parametrize(("tied", "penalty"), [(True, 1.0), (True, 2.0), (False, 1.0)])
def test_64_greedy_tokens_equal_transformers(
    parts: Parts,
    oracle: Qwen3VLForConditionalGeneration,
    sizes: list[tuple[int, int]],
    tied: bool,
    penalty: float,
    tmp_path: Path,
) -> None:
    if not tied:
        write_tiny_checkpoint(tmp_path, tied=False, seed=7)
        parts = Parts(tmp_path)
        oracle = Qwen3VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32).eval()
    images = [picture(parts, w, h, seed) for seed, (w, h) in enumerate(sizes)]
    asked = request(images, max_tokens=64, min_tokens=64, temperature=0, repetition_penalty=penalty)
    with parts.engine() as engine:
        ours = tokens(run(engine, asked))

    grids = [image.grid(parts.image_config) for image in images]
    ids = torch.from_numpy(parts.chat.prompt(asked.turns, grids).input_ids)[None]
    given: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if images:
        patches = np.concatenate([patchify(image.pixels, parts.image_config) for image in images])
        given |= {
            "pixel_values": torch.from_numpy(patches),
            "image_grid_thw": torch.tensor(grids),
            "mm_token_type_ids": (ids == parts.chat.image_token_id).int(),
        }
    greedy = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None, "repetition_penalty": penalty}
    theirs = oracle.generate(**given, **greedy, min_new_tokens=64, max_new_tokens=64)
    assert ours == theirs[0, ids.shape[1] :].tolist()
    if penalty > 1 or not tied:
        assert len(set(ours)) > 8  # not one token over and over, which would prove little


def test_pieces_join_to_the_decoded_tokens(parts: Parts, engine: LocalEngine) -> None:
    deltas = run(engine, request([picture(parts, 96, 96)], max_tokens=40, min_tokens=40, seed=1))
    assert "".join(d.text for d in deltas) == parts.chat.tokenizer.decode(tokens(deltas))
    assert [d.end is None for d in deltas] == [True] * 39 + [False]
    assert end_of(deltas).finish_reason == "length"


def test_usage_and_timings_come_with_the_last_piece_only(parts: Parts, engine: LocalEngine) -> None:
    image = picture(parts, 96, 128)
    deltas = run(engine, request([image], max_tokens=5, min_tokens=5))
    assert all(d.end is None for d in deltas[:-1])
    usage, timings = end_of(deltas).usage, end_of(deltas).timings
    assert (usage.visual_tokens, usage.completion_tokens) == (12, 5)
    assert usage.prompt_tokens > 12
    assert 0 < timings.preprocess_seconds < timings.ttft_seconds < timings.total_seconds
    assert 0 < timings.encode_seconds < timings.ttft_seconds
    assert timings.tpot_seconds == pytest.approx((timings.total_seconds - timings.ttft_seconds) / 4)


def test_an_end_token_ends_the_answer_and_is_not_shown(parts: Parts, engine: LocalEngine) -> None:
    free = tokens(run(engine, request(max_tokens=12, min_tokens=12, temperature=0)))
    config = replace(parts.generation_config, end_ids=frozenset({free[5]}))
    first = free.index(free[5])
    with parts.engine(generation_config=config) as ending:
        deltas = run(ending, request(max_tokens=12, temperature=0))
    assert tokens(deltas) == free[: first + 1]
    assert end_of(deltas).finish_reason == "stop"
    assert "".join(d.text for d in deltas) == parts.chat.tokenizer.decode(free[:first])


def test_min_tokens_keeps_the_answer_going(parts: Parts, engine: LocalEngine) -> None:
    free = tokens(run(engine, request(max_tokens=12, min_tokens=12, temperature=0)))
    config = replace(parts.generation_config, end_ids=frozenset({free[0]}))
    with parts.engine(generation_config=config) as ending:
        assert len(tokens(run(ending, request(max_tokens=12, temperature=0)))) == 1
        assert len(tokens(run(ending, request(max_tokens=12, min_tokens=6, temperature=0)))) >= 6


def test_a_stop_string_ends_the_answer_before_itself(parts: Parts, engine: LocalEngine) -> None:
    asked = request(max_tokens=40, min_tokens=0, temperature=1.5, seed=5)
    whole = "".join(d.text for d in run(engine, asked))
    stop = whole[10:13]
    deltas = run(engine, replace(asked, sampling=replace(asked.sampling, stop=(stop,))))
    assert "".join(d.text for d in deltas) == whole[: whole.index(stop)]
    assert (end_of(deltas).finish_reason, end_of(deltas).stop_string) == ("stop", stop)


def test_a_stop_string_is_ignored_before_min_tokens(parts: Parts, engine: LocalEngine) -> None:
    asked = request(max_tokens=20, min_tokens=20, temperature=1.5, seed=5)
    whole = "".join(d.text for d in run(engine, asked))
    deltas = run(engine, replace(asked, sampling=replace(asked.sampling, stop=(whole[1:3],))))
    assert len(tokens(deltas)) == 20


def test_a_seed_repeats_the_answer(parts: Parts, engine: LocalEngine) -> None:
    def answer(seed: int) -> list[int]:
        return tokens(
            run(engine, request(max_tokens=16, min_tokens=16, temperature=1.0, top_k=0, top_p=1.0, seed=seed))
        )

    assert answer(3) == answer(3)
    assert answer(3) != answer(4)


class Unable:
    """A network that must not be run."""

    def __init__(self, parts: Parts) -> None:
        model = parts.model
        self.config, self.parameters, self.buffers = model.config, model.parameters, model.buffers


def test_a_prompt_too_long_is_refused_before_the_network_runs(parts: Parts) -> None:
    context = parts.model.config.text.max_position_embeddings
    with parts.engine(model=Unable(parts), kv_bytes=2**30) as unable:
        assert unable.context_tokens == context
        for asked in (request(text="字 " * context), request(max_tokens=context)):
            with pytest.raises(PromptTooLongError):
                run(unable, asked)


def test_a_request_the_kv_cache_can_never_hold_is_refused(parts: Parts) -> None:
    with parts.engine(kv_bytes=2**16) as small, pytest.raises(PromptTooLongError, match=str(small.context_tokens)):
        run(small, request(max_tokens=small.context_tokens))


def test_the_default_length_is_what_the_context_leaves(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "short")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 40
    (folder / "config.json").write_text(json.dumps(config))
    short = Parts(folder)
    with short.engine(generation_config=replace(short.generation_config, end_ids=frozenset({0}))) as engine:
        deltas = run(engine, request(min_tokens=3, temperature=0))
        usage = end_of(deltas).usage
        assert end_of(deltas).finish_reason in ("length", "stop")
        assert usage.total_tokens <= 40
        with pytest.raises(PromptTooLongError):
            run(engine, request(max_tokens=40))


# Reuse


def test_a_second_question_about_a_picture_reuses_what_is_computed(parts: Parts, engine: LocalEngine) -> None:
    image = picture(parts, 160, 160)
    first, second = (request([image], text, max_tokens=8, min_tokens=8, temperature=0) for text in ("多少钱？", "谁？"))
    with parts.engine() as fresh:
        alone = tokens(run(fresh, second))
    run(engine, first)
    deltas = run(engine, second)
    usage, stats = end_of(deltas).usage, engine.stats()
    assert usage.cached_tokens >= usage.visual_tokens - 8
    assert tokens(deltas) == alone
    assert stats.counters["prefix_hits"] * 8 == usage.cached_tokens
    assert stats.counters["vision_queries"] - stats.counters.get("vision_hits", 0) == 1  # encoded once


def test_the_next_turn_of_a_chat_reuses_the_last(parts: Parts, engine: LocalEngine) -> None:
    asked = request([picture(parts, 96, 96)], max_tokens=24, min_tokens=24, temperature=0)
    answer = "".join(delta.text for delta in run(engine, asked))
    turns = (*asked.turns, Turn("assistant", answer), Turn("user", "还有呢？"))
    usage = end_of(run(engine, replace(asked, turns=turns))).usage
    assert usage.cached_tokens >= usage.visual_tokens


def test_questions_asked_at_once_share_one_prefill(parts: Parts, engine: LocalEngine) -> None:
    image = picture(parts, 160, 160)
    asked = [request([image], text, max_tokens=4, min_tokens=4) for text in ("一？", "二？", "三？", "四？")]
    streams = [DeltaStream(engine, each) for each in asked]
    reused = [end_of(list(stream)).usage.cached_tokens for stream in streams]
    assert sum(cached == 0 for cached in reused) == 1
    assert sorted(reused)[1] >= 16


# Sampling


def test_several_answers_share_the_prompt_and_differ(parts: Parts, engine: LocalEngine) -> None:
    asked = request([picture(parts, 96, 96)], n=3, max_tokens=12, min_tokens=12, temperature=1.5, seed=9)
    deltas = run(engine, asked)
    answers = [tokens([delta for delta in deltas if delta.index == index]) for index in range(3)]
    assert len({tuple(answer) for answer in answers}) == 3
    one = replace(asked, sampling=replace(asked.sampling, n=1))
    assert tokens(run(engine, one)) == answers[0]


def test_logprobs_come_with_every_token(parts: Parts, engine: LocalEngine) -> None:
    deltas = run(engine, request(max_tokens=6, min_tokens=6, temperature=0, logprobs=3))
    for delta in deltas:
        (reported,) = delta.logprobs
        assert (reported.token_id,) == delta.token_ids
        assert len(reported.top) == 3
        assert reported.logprob <= reported.top[0][2] < 0


def test_a_loop_ends_with_the_reason_repetition(parts: Parts, engine: LocalEngine) -> None:
    rule = RepetitionStop(max_pattern_size=4, min_count=3)
    free = tokens(run(engine, request(max_tokens=200, min_tokens=200, temperature=0)))
    deltas = run(engine, request(max_tokens=200, min_tokens=200, temperature=0, repetition=rule))
    assert end_of(deltas).finish_reason == "repetition"
    ended = tokens(deltas)
    assert ended == free[: len(ended)]
    assert any(ended[-size:] * 3 == ended[-3 * size :] for size in range(1, 5))


# Ending from outside


def test_a_cancelled_request_ends_with_a_typed_error(parts: Parts, engine: LocalEngine) -> None:
    stream = DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))
    next(stream)
    stream.cancel()
    with pytest.raises(CancelledError):
        list(stream)
    assert engine.stats().counters["requests_cancelled"] == 1


def test_a_stream_that_is_dropped_is_cancelled(parts: Parts, engine: LocalEngine) -> None:
    stream = DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))
    next(stream)
    del stream
    run(engine, request(max_tokens=3))
    assert engine.stats().counters["requests_cancelled"] == 1


def test_a_deadline_ends_a_request(parts: Parts, engine: LocalEngine) -> None:
    with pytest.raises(DeadlineExceededError):
        run(engine, replace(request(max_tokens=2500, min_tokens=2500), timeout_seconds=0.05))


def test_closing_ends_what_runs_and_refuses_what_comes(parts: Parts) -> None:
    with parts.engine() as engine:
        stream = DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))
        next(stream)
        engine.close()
        engine.close()
        with pytest.raises(CancelledError):
            list(stream)
        with pytest.raises(CancelledError):
            run(engine, request())


def test_a_full_queue_refuses_and_says_when_to_come_back(parts: Parts) -> None:
    with parts.engine(max_waiting=2, max_running=1) as engine:
        running = DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))
        next(running)
        waiting = [DeltaStream(engine, request()) for _ in range(2)]
        with pytest.raises(OverloadedError) as caught:
            engine.submit(request(), lambda item: None)
        assert caught.value.retry_after_seconds >= 1
        assert engine.stats().counters["rejected_queue_full"] == 1
        assert engine.stats().gauges["waiting"] == 2
        for stream in (running, *waiting):
            stream.cancel()
        for stream in (running, *waiting):
            with pytest.raises(CancelledError):
                list(stream)


def test_a_line_holds_no_more_places_than_are_free(parts: Parts) -> None:
    with parts.engine(max_waiting=12, max_running=1) as engine:
        streams = [DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))]
        next(streams[0])

        def places(line: str) -> int:
            for count in range(100):
                try:
                    streams.append(DeltaStream(engine, request(line=line)))
                except OverloadedError:
                    return count
            raise AssertionError("nothing is refused")

        assert [places(line) for line in ("a", "b", "a", "c", "b")] == [6, 3, 0, 2, 0]
        assert places("") == 1  # all that is left
        for stream in streams:
            stream.cancel()
        for stream in streams:
            with pytest.raises(CancelledError):
                list(stream)


def test_waiting_pixels_are_bounded_too(parts: Parts) -> None:
    image = picture(parts, 160, 160)
    with parts.engine(max_waiting_pixels=2 * 160 * 160, max_running=1) as engine:
        running = DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))
        next(running)
        waiting = [DeltaStream(engine, request([image])) for _ in range(2)]
        with pytest.raises(OverloadedError):
            engine.submit(request([image]), lambda item: None)
        assert engine.stats().gauges["waiting_pixels"] == 2 * 160 * 160
        running.cancel()
        for stream in waiting:
            list(stream)


def test_a_line_s_pixels_leave_room_for_another_line_s(parts: Parts) -> None:
    image = picture(parts, 160, 160)
    with parts.engine(max_waiting_pixels=5 * 160 * 160, max_running=1) as engine:
        streams = [DeltaStream(engine, request(max_tokens=2000, min_tokens=2000))]
        next(streams[0])
        streams += [DeltaStream(engine, request([image], line="a")) for _ in range(3)]
        with pytest.raises(OverloadedError):
            engine.submit(request([image], line="a"), lambda item: None)
        streams.append(DeltaStream(engine, request([image], line="b")))
        for stream in streams:
            stream.cancel()
        for stream in streams:
            with pytest.raises(CancelledError):
                list(stream)


def test_what_cannot_be_compiled_is_never_admitted(parts: Parts, engine: LocalEngine) -> None:
    with pytest.raises(InvalidRequestError):
        engine.submit(request(constraint=Constraint("json_schema", "{")), lambda item: None)
    assert engine.stats().gauges["waiting"] == 0


# Constraints


def test_a_constrained_answer_is_of_its_shape_and_takes_fewer_steps_than_tokens(
    parts: Parts, engine: LocalEngine
) -> None:
    names = ("order_number", "price", "count", "shop")
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "pattern": "^[0-9]{4}$"} for name in names},
        "required": list(names),
        "additionalProperties": False,
    }
    asked = request(max_tokens=300, temperature=0, constraint=Constraint.json_schema(schema))
    deltas = run(engine, asked)
    record = json.loads("".join(delta.text for delta in deltas))
    assert list(record) == list(names)
    assert all(len(value) == 4 and value.isdigit() for value in record.values())
    assert end_of(deltas).finish_reason == "stop"
    assert len(deltas) < len(tokens(deltas)) / 2


def test_a_constrained_answer_does_not_depend_on_what_runs_beside_it(parts: Parts, engine: LocalEngine) -> None:
    sampling = SamplingParams(max_tokens=40, temperature=1.0, seed=4)
    asked = replace(request(), sampling=replace(sampling, constraint=_choice("待商家发货", "待买家付款", "已发货")))
    alone = tokens(run(engine, asked))
    beside = [DeltaStream(engine, request(max_tokens=30, min_tokens=30, seed=s)) for s in range(4)]
    again = DeltaStream(engine, asked)
    assert tokens(list(again)) == alone
    for stream in beside:
        list(stream)


def _choice(*labels: str) -> Constraint:
    return Constraint.choice(labels)

"""The network equals transformers' Qwen3VLForConditionalGeneration on the same weights, in float32."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.model.twins import CONVERSATIONS, Prompt, Twins, make_prompt, new_cache

pytestmark = pytest.mark.whole

TOLERANCE = 1e-4
NEW_TOKENS = 64


def assert_close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("prompt", [name for name, turns in CONVERSATIONS.items() if any(turns)], indirect=True)
def test_the_vision_tower_gives_the_same_visual_tokens_and_every_deepstack_level(twins: Twins, prompt: Prompt) -> None:
    with torch.inference_mode():
        expected = twins.reference.model.visual(prompt.patches, torch.tensor(prompt.grids))
        hidden, visual = twins.ours.visual.features(prompt.patches, prompt.grids)
    assert_close(hidden, expected.last_hidden_state)
    assert_close(visual[0], expected.pooler_output)
    levels = expected.deepstack_features
    assert len(visual) == 1 + len(levels) == 1 + len(twins.config.vision.deepstack_visual_indexes)
    for ours, theirs in zip(visual[1:], levels, strict=True):
        assert_close(ours, theirs)


def test_norms_have_the_epsilon_of_the_reference(pair: Twins) -> None:
    """Too small a thing for logits within 1e-4 to show."""
    ours, theirs = (
        {module.eps for module in tower.modules() if isinstance(module, torch.nn.LayerNorm)}
        for tower in (pair.ours.visual, pair.reference.model.visual)
    )
    assert ours == theirs
    assert pair.ours.language_model.norm.eps == pair.reference.model.language_model.norm.variance_epsilon


def test_several_frames_attend_only_to_themselves_as_in_the_reference(twins: Twins) -> None:
    grids = [(2, 4, 6), (1, 2, 4)]
    patches = torch.randn(56, twins.config.vision.patch_dim, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        expected = twins.reference.model.visual(patches, torch.tensor(grids)).pooler_output
        assert_close(twins.ours.encode_images(patches, grids)[0], expected)


def test_positions_are_the_same(twins: Twins, prompt: Prompt) -> None:
    inputs = twins.reference_inputs(prompt)
    expected, delta = twins.reference.model.get_rope_index(
        inputs["input_ids"], inputs["mm_token_type_ids"], inputs.get("image_grid_thw")
    )
    assert torch.equal(prompt.positions, expected[:, 0])
    assert prompt.delta == int(delta)


def test_logits_of_every_token_are_the_same(twins: Twins, prompt: Prompt) -> None:
    expected = twins.reference_logits(prompt)
    assert expected.std() > 0.1, "weights so small that nothing could differ"
    assert_close(twins.logits(prompt), expected)


@pytest.mark.parametrize("chunk", [1, 7])
def test_logits_do_not_depend_on_how_the_prompt_is_cut_into_chunks(twins: Twins, prompt: Prompt, chunk: int) -> None:
    assert_close(twins.logits(prompt, chunk=chunk), twins.reference_logits(prompt))


def test_greedy_continuations_of_64_tokens_are_equal(twins: Twins, prompt: Prompt) -> None:
    """Prefill, then one token a step at position index + delta."""
    with torch.inference_mode():
        expected = twins.reference.generate(
            **twins.reference_inputs(prompt), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0
        )
    continuation = expected[0, prompt.length :].tolist()
    assert len(continuation) == NEW_TOKENS

    cache = new_cache(twins.ours, prompt.length + NEW_TOKENS)
    token = int(twins.logits(prompt, cache=cache)[-1].argmax())
    tokens = [token]
    while len(tokens) < NEW_TOKENS:
        position = torch.full((3, 1), cache.length + prompt.delta)
        with torch.inference_mode():
            token = int(twins.ours(torch.tensor([token]), position, cache)[0].argmax())
        tokens.append(token)
    assert tokens == continuation


def test_a_truncated_cache_continues_as_if_the_rest_had_never_been_there(pair: Twins, picture_prompt: Prompt) -> None:
    kept = picture_prompt.length - 6  # all of them words
    cache = new_cache(pair.ours, picture_prompt.length)
    expected = pair.logits(picture_prompt, cache=cache)
    cache.truncate(kept)
    assert cache.length == kept
    tail = slice(kept, None)
    with torch.inference_mode():
        again = pair.ours(picture_prompt.input_ids[tail], picture_prompt.positions[:, tail], cache)
    assert_close(again, expected[tail])


def test_a_folder_saved_by_transformers_loads_unchanged(pair: Twins, picture_prompt: Prompt, tmp_path: Path) -> None:
    """The newer layout: rope_parameters in config.json, and whatever else newer tools write."""
    pair.reference.save_pretrained(tmp_path)
    assert "rope_parameters" in (tmp_path / "config.json").read_text("utf-8")
    assert_close(Twins.load(tmp_path).logits(picture_prompt), pair.reference_logits(picture_prompt))


def test_every_weight_matters_to_the_logits(pair: Twins) -> None:
    """Parity would prove little of a network that ignored some of its weights."""
    prompt = make_prompt(pair.config, [[(1, 4, 6)], [(1, 8, 2)]])
    model = pair.ours.requires_grad_(True)
    try:
        visual = model.encode_images(prompt.patches, prompt.grids)
        cache = RecordingCache(model.config.text.num_hidden_layers)
        logits = model(prompt.input_ids, prompt.positions, cache, visual=visual, visual_index=prompt.visual_index)
        logits.square().mean().backward()
        idle = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    finally:
        model.zero_grad(set_to_none=True)
        model.requires_grad_(False)
    assert idle == []


class RecordingCache:
    """Full causal attention without a buffer, so that gradients flow; checks that layers come in order."""

    def __init__(self, layers: int) -> None:
        self._expected = list(range(layers))

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        assert layer == self._expected.pop(0)
        q, k, v = (x.transpose(0, 1)[None] for x in (q, k, v))
        output = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return output[0].transpose(0, 1)

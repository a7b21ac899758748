"""The decoder."""

from __future__ import annotations

import torch
from torch import Tensor

from kantu.model import rope
from kantu.model.attention import ContiguousCache
from kantu.model.text import RMSNorm
from tests.model.twins import Prompt, Twins, new_cache


class OrderedCache(ContiguousCache):
    """Notes which layers attended, in order."""

    def __init__(self, pair: Twins, capacity: int) -> None:
        super().__init__(pair.config.text, capacity, device=torch.device("cpu"), dtype=torch.float32)
        self.layers: list[int] = []

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.layers.append(layer)
        return super().attend(layer, q, k, v)


def decode(pair: Twins, prompt: Prompt, *, input_ids: Tensor | None = None, visual: Tensor | None = None) -> Tensor:
    ids = prompt.input_ids if input_ids is None else input_ids
    with torch.inference_mode():
        if visual is None:
            visual = pair.ours.encode_images(prompt.patches, prompt.grids)
        cache = new_cache(pair.ours, prompt.length)
        hidden: Tensor = pair.ours.language_model(ids, prompt.positions, cache, visual, prompt.visual_index)
    return hidden


def test_rms_norm_casts_back_before_it_multiplies_by_its_weight() -> None:
    norm = RMSNorm(64, 1e-6).bfloat16()
    torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
    x = torch.randn(5, 64).bfloat16() * 30
    wide = x.float()
    normed = (wide / (wide.square().mean(-1, keepdim=True) + 1e-6).sqrt()).bfloat16()
    torch.testing.assert_close(norm(x), norm.weight * normed, rtol=0, atol=0)


def test_rms_norm_of_zeros_is_finite() -> None:
    assert torch.equal(RMSNorm(8, 1e-6)(torch.zeros(2, 8)), torch.zeros(2, 8))


def test_visual_tokens_replace_what_stands_at_their_positions(pair: Twins, picture_prompt: Prompt) -> None:
    other = picture_prompt.input_ids.clone()
    other[picture_prompt.visual_index] = 7
    assert torch.equal(decode(pair, picture_prompt, input_ids=other), decode(pair, picture_prompt))


def test_level_i_is_added_after_layer_i(pair: Twins, picture_prompt: Prompt) -> None:
    """The decoder written out for this one prompt."""
    config, decoder, index = pair.config.text, pair.ours.language_model, picture_prompt.visual_index
    cache = new_cache(pair.ours, picture_prompt.length)
    with torch.inference_mode():
        visual = pair.ours.encode_images(picture_prompt.patches, picture_prompt.grids)
        x = decoder.embed_tokens(picture_prompt.input_ids)
        x[index] = visual[0]
        cos, sin = rope.text_rotary(
            picture_prompt.positions, config.head_dim, config.rope_theta, config.mrope_section, x.dtype
        )
        for layer, level in zip(decoder.layers, visual[1:], strict=True):
            x = layer(x, cos, sin, cache)
            x[index] += level
        expected = decoder.norm(x)
    torch.testing.assert_close(decode(pair, picture_prompt), expected)


def test_fewer_levels_than_layers_leave_the_later_layers_alone(pair: Twins, picture_prompt: Prompt) -> None:
    visual = pair.ours.encode_images(picture_prompt.patches, picture_prompt.grids)
    shortened, silenced = visual[:2], visual.clone()
    silenced[2:] = 0
    torch.testing.assert_close(
        decode(pair, picture_prompt, visual=shortened), decode(pair, picture_prompt, visual=silenced)
    )


def test_a_token_sees_nothing_behind_it(pair: Twins, picture_prompt: Prompt) -> None:
    other = picture_prompt.input_ids.clone()
    other[-3:] = torch.tensor([1, 2, 3])
    torch.testing.assert_close(
        decode(pair, picture_prompt, input_ids=other)[:-3], decode(pair, picture_prompt)[:-3], rtol=0, atol=1e-5
    )


def test_every_layer_asks_the_cache_once_in_order(pair: Twins, picture_prompt: Prompt) -> None:
    cache = OrderedCache(pair, picture_prompt.length)
    pair.logits(picture_prompt, cache=cache)
    assert cache.layers == list(range(pair.config.text.num_hidden_layers))

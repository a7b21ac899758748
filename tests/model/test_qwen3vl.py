"""The whole network: tying, and logits only where they are asked for."""

from __future__ import annotations

import torch

from tests.model.twins import Prompt, Twins, new_cache


def test_tied_models_project_with_the_embedding_table_itself(twins: Twins) -> None:
    table = twins.ours.language_model.embed_tokens.weight
    assert (twins.ours.output_weight is table) == twins.config.tie_word_embeddings
    assert twins.ours.output_weight.shape == table.shape


def test_logits_at_picks_rows(pair: Twins, picture_prompt: Prompt) -> None:
    wanted = torch.tensor([3, picture_prompt.length - 1])
    visual = pair.ours.encode_images(picture_prompt.patches, picture_prompt.grids)
    with torch.inference_mode():
        rows = pair.ours(
            picture_prompt.input_ids,
            picture_prompt.positions,
            new_cache(pair.ours, picture_prompt.length),
            visual=visual,
            visual_index=picture_prompt.visual_index,
            logits_at=wanted,
        )
    torch.testing.assert_close(rows, pair.logits(picture_prompt)[wanted])

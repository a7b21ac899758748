"""What config.json may say, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kantu.errors import CheckpointError, UnsupportedModelError
from kantu.model.config import AttentionHead, ModelConfig
from kantu.model.folder import ModelFolder

Raw = dict[str, Any]
PUBLISHED = Path(__file__).parent / "published"


@pytest.fixture
def raw() -> Raw:
    """The published configuration of 2B."""
    loaded: Raw = json.loads((PUBLISHED / "2b" / "config.json").read_text("utf-8"))
    return loaded


def read(folder: Path, raw: object) -> ModelConfig:
    (folder / "config.json").write_text(json.dumps(raw), "utf-8")
    return ModelFolder.open(folder).config


def with_rope_parameters(raw: Raw) -> Raw:
    """The same configuration as newer tools write it."""
    text = dict(raw["text_config"])
    text["rope_parameters"] = {**text.pop("rope_scaling"), "rope_theta": text.pop("rope_theta")}
    return {**raw, "text_config": text}


def test_the_published_layout(tmp_path: Path, raw: Raw) -> None:
    config = read(tmp_path, raw)
    assert config.text.rope_theta == 5_000_000
    assert config.text.mrope_section == (24, 20, 20)
    assert config.text.max_position_embeddings == 262_144
    assert config.tie_word_embeddings is True
    assert config.image_token_id == 151_655
    assert (config.vision_start_token_id, config.vision_end_token_id) == (151_652, 151_653)


def test_the_head_that_reads(tmp_path: Path, raw: Raw) -> None:
    assert read(tmp_path, raw).reading_head is None
    assert read(tmp_path, {**raw, "kantu_reading_head": {"layer": 4, "number": 2}}).reading_head == AttentionHead(4, 2)


def test_derived_sizes(tmp_path: Path, raw: Raw) -> None:
    vision = read(tmp_path, raw).vision
    assert (vision.head_dim, vision.patch_dim, vision.merge_unit, vision.position_side) == (64, 1536, 4, 48)


def test_both_rope_layouts_give_the_same_configuration(tmp_path: Path, raw: Raw) -> None:
    newer = with_rope_parameters(raw)
    assert "rope_theta" not in newer["text_config"]
    assert read(tmp_path, newer) == read(tmp_path, raw)


def test_neither_rope_layout_is_an_error_and_never_a_default(tmp_path: Path, raw: Raw) -> None:
    del raw["text_config"]["rope_scaling"]
    with pytest.raises(CheckpointError, match="rope_parameters") as caught:
        read(tmp_path, raw)
    assert caught.value.code == "config_incomplete"


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("text_config", "rope_theta"),
        ("text_config", "head_dim"),
        ("text_config", "rms_norm_eps"),
        ("vision_config", "deepstack_visual_indexes"),
        (None, "image_token_id"),
        (None, "vision_config"),
    ],
)
def test_a_missing_field_is_named(tmp_path: Path, raw: Raw, section: str | None, field: str) -> None:
    del (raw[section] if section else raw)[field]
    with pytest.raises(CheckpointError, match=field) as caught:
        read(tmp_path, raw)
    assert (caught.value.code, caught.value.param) == ("config_incomplete", field)


@pytest.mark.parametrize("where", ["mrope_section", "mrope_interleaved", "rope_type"])
def test_a_missing_rope_field_is_named(tmp_path: Path, raw: Raw, where: str) -> None:
    del raw["text_config"]["rope_scaling"][where]
    with pytest.raises(CheckpointError, match=where):
        read(tmp_path, raw)


def test_tying_is_read_from_the_text_section_when_the_top_is_silent(tmp_path: Path, raw: Raw) -> None:
    del raw["tie_word_embeddings"]
    assert read(tmp_path, raw).tie_word_embeddings is True
    raw["text_config"]["tie_word_embeddings"] = False
    assert read(tmp_path, raw).tie_word_embeddings is False


def edit(section: str, **fields: object) -> Callable[[Raw], None]:
    return lambda raw: raw[section].update(fields)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        (edit("vision_config", out_hidden_size=2560), "vision_config.out_hidden_size"),
        (edit("text_config", head_dim=64), "mrope_section"),
        (edit("text_config", num_key_value_heads=5), "num_attention_heads"),
        (edit("vision_config", num_position_embeddings=2300), "num_position_embeddings"),
        (edit("text_config", num_hidden_layers=2), "deepstack_visual_indexes"),
        (edit("vision_config", deepstack_visual_indexes=[5, 11, 24]), "deepstack_visual_indexes"),
        (lambda raw: raw.update(kantu_reading_head={"layer": 28, "number": 0}), "kantu_reading_head"),
        (lambda raw: raw.update(kantu_reading_head={"layer": 0, "number": 16}), "kantu_reading_head"),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, raw: Raw, change: Callable[[Raw], None], param: str) -> None:
    change(raw)
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path, raw)
    assert (caught.value.code, caught.value.param) == ("config_contradiction", param)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        (edit("text_config", hidden_act="gelu"), "text_config.hidden_act"),
        (edit("vision_config", hidden_act="quick_gelu"), "vision_config.hidden_act"),
        (edit("text_config", attention_bias=True), "attention_bias"),
        (lambda raw: raw["text_config"]["rope_scaling"].update(rope_type="yarn"), "rope_type"),
        (lambda raw: raw["text_config"]["rope_scaling"].update(mrope_interleaved=False), "mrope_interleaved"),
    ],
)
def test_values_the_network_does_not_do_are_refused_by_name(
    tmp_path: Path, raw: Raw, change: Callable[[Raw], None], param: str
) -> None:
    change(raw)
    with pytest.raises(UnsupportedModelError) as caught:
        read(tmp_path, raw)
    assert (caught.value.code, caught.value.param) == ("config_value_unsupported", param)


@pytest.mark.parametrize(
    "change",
    [
        edit("text_config", num_key_value_heads=0),
        edit("text_config", hidden_size="large"),
        edit("vision_config", deepstack_visual_indexes=5),
        edit("vision_config", num_position_embeddings=-1),
        edit("vision_config", spatial_merge_size=0),
        edit("text_config", num_hidden_layers=-1),
        lambda raw: raw["text_config"]["rope_scaling"].update(mrope_section=[64]),
        lambda raw: raw.update(text_config=[]),
        lambda raw: raw.update(architectures=5),
    ],
)
def test_nonsense_is_an_error_of_ours(tmp_path: Path, raw: Raw, change: Callable[[Raw], None]) -> None:
    change(raw)
    with pytest.raises(CheckpointError) as caught:
        read(tmp_path, raw)
    assert caught.value.code == "config_invalid"


class TestUnsupportedModels:
    """Folders of kinds that are recognised say so by name."""

    @staticmethod
    def refused(folder: Path, raw: object) -> str | None:
        with pytest.raises(UnsupportedModelError) as caught:
            read(folder, raw)
        assert caught.value.code == "model_unsupported"
        assert caught.value.param is not None
        assert caught.value.param in caught.value.message
        return caught.value.param

    @pytest.mark.parametrize(
        "other",
        [{"weight_block_size": None}, {"weight_block_size": [128]}, {"weight_block_size": [0, 128]}, {"fmt": "e5m2"}],
    )
    def test_fp8_in_another_layout_than_the_published_one(self, tmp_path: Path, raw: Raw, other: Raw) -> None:
        published = {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]}
        assert read(tmp_path, {**raw, "quantization_config": published}) == read(tmp_path, raw)
        assert self.refused(tmp_path, {**raw, "quantization_config": published | other}) == "fp8"

    @pytest.mark.parametrize(("content", "name"), [({"quant_method": "awq"}, "awq"), ({}, "quantized")])
    def test_other_quantizations(self, tmp_path: Path, raw: Raw, content: Raw, name: str) -> None:
        raw["quantization_config"] = content
        assert self.refused(tmp_path, raw) == name

    def test_a_null_quantization_is_none(self, tmp_path: Path, raw: Raw) -> None:
        assert read(tmp_path, {**raw, "quantization_config": None}) == read(tmp_path, raw)

    def test_moe(self, tmp_path: Path, raw: Raw) -> None:
        raw["architectures"] = ["Qwen3VLMoeForConditionalGeneration"]
        assert self.refused(tmp_path, raw) == "MoE"

    @pytest.mark.parametrize("file", ["chat_template.json", "chat_template.jinja", "tokenizer_config.json"])
    def test_thinking(self, tmp_path: Path, raw: Raw, file: str) -> None:
        template = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}"
        content = template if file.endswith(".jinja") else json.dumps({"chat_template": template})
        (tmp_path / file).write_text(content, "utf-8")
        assert self.refused(tmp_path, raw) == "Thinking"

    def test_a_template_that_is_not_text_is_left_to_whoever_reads_it(self, tmp_path: Path, raw: Raw) -> None:
        (tmp_path / "chat_template.jinja").write_bytes(b"\xff{{ messages }}")
        assert read(tmp_path, raw).text.head_dim

    def test_a_template_that_only_handles_earlier_thoughts_is_not_thinking(self, tmp_path: Path, raw: Raw) -> None:
        template = "{{ content.split('</think>')[-1] }}{{- '<|im_start|>assistant\\n' }}"
        (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": template}), "utf-8")
        assert read(tmp_path, raw).image_token_id == 151_655

    @pytest.mark.parametrize(
        ("architectures", "name"),
        [
            (["Qwen2_5_VLForConditionalGeneration"], "Qwen2_5_VLForConditionalGeneration"),
            ([], "unknown"),
            (None, "unknown"),
        ],
    )
    def test_other_families(self, tmp_path: Path, raw: Raw, architectures: list[str] | None, name: str) -> None:
        raw["architectures"] = architectures
        assert self.refused(tmp_path, raw) == name

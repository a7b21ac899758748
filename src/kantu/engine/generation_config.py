"""A folder's generation_config.json: sampling defaults, and the tokens that end an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kantu.engine.request import DEFAULT_MAX_TOKENS, SamplingParams
from kantu.errors import InvalidRequestError, error
from kantu.model.folder import ModelFolder

_FILE = "generation_config.json"

# Settings that would change the output and that we do not implement, each with the value that turns it off. A folder
# that asks for one of them is refused.
_NEUTRAL: dict[str, object] = {
    "min_length": 0,
    "min_new_tokens": 0,
    "num_beams": 1,
    "num_beam_groups": 1,
    "penalty_alpha": 0,
    "min_p": 0,
    "typical_p": 1,
    "epsilon_cutoff": 0,
    "eta_cutoff": 0,
    "no_repeat_ngram_size": 0,
    "encoder_repetition_penalty": 1,
    "bad_words_ids": None,
    "force_words_ids": None,
    "sequence_bias": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "guidance_scale": 1,
}


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """A folder's defaults. `temperature` is 0 if the folder says `do_sample: false`.

    Attributes:
        end_ids: token ids that end an answer; at least one.
        max_tokens: most tokens of an answer if the request does not say.
    """

    end_ids: frozenset[int]
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float
    max_tokens: int

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> GenerationConfig:
        """Read generation_config.json of a model folder.

        Raises:
            CheckpointError: it is missing, damaged, names no end token, or asks for something we do not implement.
        """
        raw = folder.json(_FILE)
        for name, neutral in _NEUTRAL.items():
            if raw.get(name) not in (None, neutral):
                raise error("generation_config_unsupported", name=name, value=raw[name])
        try:
            return _parse(raw)
        except (InvalidRequestError, KeyError, TypeError, ValueError) as failure:
            path = folder.path / _FILE
            raise error("generation_config_invalid", path=path) from failure

    def complete(self, params: SamplingParams) -> SamplingParams:
        """`params`, with every sampling parameter that is None filled in from the folder."""

        return replace(
            params,
            temperature=self.temperature if params.temperature is None else params.temperature,
            top_p=self.top_p if params.top_p is None else params.top_p,
            top_k=self.top_k if params.top_k is None else params.top_k,
            repetition_penalty=(
                self.repetition_penalty if params.repetition_penalty is None else params.repetition_penalty
            ),
        )


def _parse(raw: Mapping[str, Any]) -> GenerationConfig:
    ends = raw["eos_token_id"]
    ends = ends if isinstance(ends, list) else [ends]
    if not ends or not all(isinstance(i, int) and i >= 0 for i in ends):
        raise ValueError("eos_token_id")
    given = {name: raw[name] for name in ("top_p", "top_k", "repetition_penalty") if raw.get(name) is not None}
    temperature = 1.0 if raw.get("temperature") is None else raw["temperature"]
    most = raw.get("max_new_tokens")
    checked = SamplingParams(most, temperature=temperature, **given)  # the same ranges as for a user's values
    return GenerationConfig(
        end_ids=frozenset(ends),
        temperature=float(temperature) if raw.get("do_sample") else 0.0,
        top_p=1.0 if checked.top_p is None else float(checked.top_p),
        top_k=checked.top_k or 0,
        repetition_penalty=1.0 if checked.repetition_penalty is None else float(checked.repetition_penalty),
        max_tokens=checked.max_tokens or DEFAULT_MAX_TOKENS,
    )

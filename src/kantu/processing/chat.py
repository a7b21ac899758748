"""Messages to token ids: the folder's chat template, image placeholders, three-axis positions.

Users' text passes through the template in disguise: every character that begins or ends an added token is replaced by a
private-use character, and put back only after the template's own added tokens have been cut out. So the template sees
ordinary strings, ordinary text tokenizes exactly as if rendered in one piece, and no user's text can become or complete
an added token, not even where the template joins two pieces of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kantu.errors import error
from kantu.model.folder import ModelFolder
from kantu.processing.conversation import Turn
from kantu.processing.template import ChatTemplate
from kantu.processing.tokenizer import Tokenizer

Grid = tuple[int, int, int]
_PRIVATE_USE = range(0xF0000, 0xFFFFE)
_PRIVATE_USE_RUNS = re.compile(f"[{chr(_PRIVATE_USE[0])}-{chr(_PRIVATE_USE[-1])}]+")
_AT_ONCE = 2**16  # characters handled in one call, during which no other Python thread runs


@dataclass(frozen=True, eq=False)
class Prompt:
    """What the network reads.

    Attributes:
        input_ids: int64 [tokens].
        positions: int64 [3, tokens]: time, height, width.
        position_delta: largest position + 1 - tokens; the position of generated token i is i + delta on all axes.
        image_spans: (start, length) of every image's placeholder tokens, in order.
    """

    input_ids: npt.NDArray[np.int64]
    positions: npt.NDArray[np.int64]
    position_delta: int
    image_spans: tuple[tuple[int, int], ...]


class ChatProcessor:
    """Renders conversations the way one model folder wants them. Immutable after loading."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate, *, image_token_id: int, merge_size: int) -> None:
        self.tokenizer = tokenizer
        self.image_token_id = image_token_id
        self.merge_size = merge_size
        self._template = template
        edges = {t[0] for t in tokenizer.added_tokens} | {t[-1] for t in tokenizer.added_tokens}
        self._edges = sorted(edges)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> ChatProcessor:
        """Read tokenizer, chat template and config.json of a model folder.

        Raises:
            CheckpointError: a file or value is missing or damaged, or they contradict each other.
            UnsupportedModelError: see `ModelFolder.config`.
        """
        config = folder.config
        tokenizer = Tokenizer.from_folder(folder)
        if config.image_token_id not in tokenizer.added_tokens.values():
            raise error("invalid_config")
        template = ChatTemplate.from_folder(folder)
        return cls(
            tokenizer,
            template,
            image_token_id=config.image_token_id,
            merge_size=config.vision.spatial_merge_size,
        )

    def prompt(
        self,
        turns: Sequence[Turn],
        grids: Sequence[Grid],
        *,
        add_generation_prompt: bool = True,
        most_tokens: int | None = None,
    ) -> Prompt:
        """Turn a conversation into the network's input.

        Args:
            turns: at least one. All their text counts as typed by a user.
            grids: (frames, rows, columns) in patches of every image, in order of appearance.
            most_tokens: of the prompt, visual tokens included. A longer prompt is refused before all of it is read.

        Raises:
            InvalidRequestError: `invalid_turn`, `invalid_text`, `image_count_mismatch`, `invalid_grid`,
                `chat_template_refused`.
            PromptTooLongError: `prompt_too_long`: there are more than `most_tokens`.
        """
        images = sum(turn.image_count for turn in turns)
        if images != len(grids):
            raise error("image_count_mismatch", images=images, given=len(grids))
        lengths = [visual_tokens(grid, self.merge_size) for grid in grids]
        short_ids = self._render(turns, add_generation_prompt, _Room(most_tokens, sum(lengths) - images))
        places = np.flatnonzero(short_ids == self.image_token_id)
        if places.size != images:
            raise error("image_not_placed")
        repeats = np.ones(short_ids.size, dtype=np.int64)
        repeats[places] = lengths
        input_ids = np.repeat(short_ids, repeats)
        starts = (np.cumsum(repeats) - repeats)[places].tolist()
        positions, delta = mrope_positions(
            input_ids, grids, image_token_id=self.image_token_id, merge_size=self.merge_size
        )
        return Prompt(input_ids, positions, delta, tuple(zip(starts, lengths, strict=True)))

    def _render(self, turns: Sequence[Turn], add_generation_prompt: bool, room: _Room) -> npt.NDArray[np.int64]:
        """Return token ids with one placeholder per image."""
        if not turns:
            raise error("invalid_turn.empty")
        disguise = self._disguise([text for turn in turns for text in turn.texts])
        rendered = self._template.render(
            [{"role": turn.role, "content": _for_template(turn.content, disguise)} for turn in turns],
            add_generation_prompt=add_generation_prompt,
        )
        reveal = {stand_in: char for char, stand_in in disguise.items()}
        ids: list[int] = []
        for piece, token_id in self.tokenizer.split_added(rendered):
            if token_id is not None:
                ids.append(token_id)
                continue
            text = _replaced(piece, reveal)
            room.check(len(ids) + self.tokenizer.least_tokens(text))
            for more in self.tokenizer.encode_pieces(text):
                ids += more
                room.check(len(ids))
        room.check(len(ids))
        return np.array(ids, dtype=np.int64)

    def _disguise(self, texts: Sequence[str]) -> dict[str, str]:
        """Choose for every edge character a stand-in that neither the users nor the template use."""
        taken = set(self._template.source).union(self._edges)
        for text in texts:
            for start in range(0, len(text), _AT_ONCE):
                taken.update(*_PRIVATE_USE_RUNS.findall(text, start, start + _AT_ONCE))
        free = (chr(code) for code in _PRIVATE_USE if chr(code) not in taken)
        disguise = dict(zip(self._edges, free, strict=False))
        if len(disguise) < len(self._edges):
            raise error("invalid_text.private_use")
        return disguise


@dataclass(frozen=True, slots=True)
class _Room:
    """How many tokens a prompt may have; `visual` of them are not text."""

    most: int | None
    visual: int

    def check(self, text_tokens: int) -> None:
        if self.most is not None and self.visual + text_tokens > self.most:
            raise error("prompt_too_long.at_least", least=self.visual + text_tokens, most=self.most)


def visual_tokens(grid: Grid, merge_size: int) -> int:
    """Number of tokens an image of this grid (frames, rows, columns, in patches) takes in the prompt.

    Raises:
        InvalidRequestError: `invalid_grid` if a side is not a positive multiple of `merge_size`.
    """
    frames, rows, columns = grid
    if min(grid) < 1 or rows % merge_size or columns % merge_size:
        raise error("invalid_grid", grid=grid, merge_size=merge_size)
    return frames * rows * columns // merge_size**2


def mrope_positions(
    input_ids: npt.NDArray[np.int64], grids: Sequence[Grid], *, image_token_id: int, merge_size: int
) -> tuple[npt.NDArray[np.int64], int]:
    """Three-axis positions of a prompt whose images are already expanded.

    Each text token advances all axes by one. An image that starts at s has T = s + frame, H = s + row, W = s + column
    on the merged grid, and the text after it goes on at s + max(rows, columns).

    Args:
        input_ids: int64 [tokens].
        grids: (frames, rows, columns) in patches of every image, in order.

    Returns:
        int64 [3, tokens] and the position delta: largest position + 1 - tokens (0 for an empty prompt).

    Raises:
        InvalidRequestError: `image_count_mismatch` if the placeholders are not exactly those the grids ask for.
    """
    is_image = input_ids == image_token_id
    positions = np.zeros((3, input_ids.size), dtype=np.int64)
    index, position = 0, 0
    for grid in grids:
        length = visual_tokens(grid, merge_size)
        waiting = np.flatnonzero(is_image[index:])
        start = index + int(waiting[0]) if waiting.size else input_ids.size
        if start + length > input_ids.size or not is_image[start : start + length].all():
            raise error("image_count_mismatch.placeholders")
        positions[:, index:start] = np.arange(start - index) + position
        position += start - index
        frames, rows, columns = grid[0], grid[1] // merge_size, grid[2] // merge_size
        positions[:, start : start + length] = np.indices((frames, rows, columns)).reshape(3, -1) + position
        position += max(rows, columns)
        index = start + length
    if is_image[index:].any():
        raise error("image_count_mismatch.placeholders")
    positions[:, index:] = np.arange(input_ids.size - index) + position
    delta = int(positions.max()) + 1 - input_ids.size if input_ids.size else 0
    return positions, delta


def _for_template(content: str | Sequence[str | None], disguise: Mapping[str, str]) -> str | list[dict[str, str]]:
    if isinstance(content, str):
        return _replaced(content, disguise)
    return [
        {"type": "image"} if part is None else {"type": "text", "text": _replaced(part, disguise)} for part in content
    ]


def _replaced(text: str, characters: Mapping[str, str]) -> str:
    """Replace each of a few characters by one that is not in the text: much faster than `str.translate`."""
    for old, new in characters.items():
        text = text.replace(old, new)
    return text

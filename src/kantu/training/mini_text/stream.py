"""Pages -> batches of text: what the pipeline asks about them, and what is to be answered."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer

from kantu.model.config import ModelConfig
from kantu.synth.page import Page, Question
from kantu.training.mini.batch import IGNORED, TextBatch
from kantu.training.mini.compose import packed, sequences
from kantu.training.mini.pointing import Quoted
from kantu.training.mini.sequences import SequenceWriter, TokenSequence
from kantu.training.mini.stream import Draw, PageStream, Stage
from kantu.training.mini_text.reader_errors import ReaderErrors
from kantu.training.mini_text.told import asked, opening, told

_PART = re.compile(r"[^|\n〔〕\s][^|\n〔〕]*")


class TextStream(PageStream[TextBatch]):
    """The pages and questions of a stage of `kantu-mini`, in words.

    Questions see the descriptions but not each other, except where they are the turns of one chat.
    """

    def __init__(
        self,
        stage: Stage,
        draws: Mapping[str, Draw],
        config: ModelConfig,
        tokenizer_json: str,
        errors: ReaderErrors,
        run_seed: int,
        first_index: int,
    ) -> None:
        super().__init__(stage, draws, config.vision.patch_size, run_seed, first_index)
        self.writer = SequenceWriter(config, Tokenizer.from_str(tokenizer_json))
        self.errors = errors

    def fitted(self, page: Page, width: int, height: int) -> Page:
        """As it was sent: the reader is given pictures unshrunk."""
        return page

    def composed(self, index: int, pages: Sequence[Page], rng: random.Random) -> TextBatch:
        pictures = [told(page, self.errors, rng) for page in pages]

        def write(shown: tuple[int, ...], questions: Sequence[Question], family: str) -> TokenSequence:
            chosen = [pictures[number] for number in shown]
            text = opening(chosen)
            beginning, places = self.writer.beginning_in_words(text)
            return self.writer.write(
                beginning,
                tuple(asked(chosen, questions)),
                self.stage.text_tokens,
                rng,
                pictures=shown,
                family=family,
                printed=_quoted(text, places) if len(shown) == 1 else None,
            )

        written = [made for made in sequences(pages, rng, write) if (made.columns[-1] != IGNORED).any()]
        text, lengths, pointers = packed(written)
        return TextBatch(
            index=index,
            pictures=len(pages),
            input_ids=text[0],
            positions=text[1:4],
            segments=text[4],
            labels=text[5],
            pointers=pointers,
            lengths=lengths,
            families=tuple(made.family for made in written),
        )


def _quoted(text: str, places: Sequence[int]) -> Quoted:
    """Cells and words of a description as lines of their own, so that a value is known to be one."""
    parts = [match.span() for match in _PART.finditer(text)]
    return Quoted([(text[start:end], places[start:end]) for start, end in parts], {})

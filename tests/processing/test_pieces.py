"""The ids of a text read in pieces are those of the whole text, wherever it is cut."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers

from kantu import hub
from kantu.model.folder import ModelFolder
from kantu.processing import pieces
from kantu.processing.pieces import PIECE_CHARACTERS, PieceEncoder
from kantu.processing.tokenizer import Tokenizer
from tests.tiny_checkpoint import QWEN_SPLIT

pytestmark = pytest.mark.whole

# Blocks of every class that the expression of Qwen tells apart, and of what normalization joins.
BLOCKS = (
    *("a", "ab", "X", "é", "e\u0301", "ſ", "0", "٣", "Ⅳ", " ", "  ", "\u3000", "\u00a0", "\t"),
    *("\n", "\r\n", " \n", "\x85", "\u2028", "\x1c", "'", "'s", "'re", "don't", ".", "--", "!?", "，", "。"),
    *("<", "=\u0338", "为什么", "𠮷", "가", "ᄀ\u1161\u11a8", "\u0338", "\u0301", "\u212b", "กำ", "\u200b"),
    *("😀", "👍🏽", "👨\u200d👩\u200d👧\u200d👦", "🇨🇳", "\U000f0000", "\ufeff"),
)
NASTY = {
    "families of emoji": "👨\u200d👩\u200d👧\u200d👦" * 3000,
    "emoji": "😀" * 20_000,
    "CRLF": "\r\n" * 20_000,
    "digits": "1234567890" * 3000,
    "combining marks": "e" + "\u0301" * 20_000,
    "composed letters": "e\u0301" * 20_000,
    "jamo": "ᄀ\u1161\u11a8" * 10_000,
    "Chinese without a break": "为什么这个还没发货" * 3000,
    "one letter": "a" * 40_000,
    "one sign": "-" * 40_000 + "a",
    "blanks": " " * 100_000 + "x",
    "blanks and lines": " \n" * 20_000 + "  x",
    "English": "I'm, you're, we'll: the price isn't 39.90!\n\n" * 1000,
}


def split_as_qwen() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def trained(split: pre_tokenizers.PreTokenizer) -> tokenizers.Tokenizer:
    """With merges that reach far: 128 letters or signs in one token, words of two letters in any order."""
    rng = random.Random(3)
    corpus = [sign * 2**power for sign in ("a", "-", "😀", " ", "\n", " \n", "\n ") for power in range(1, 8)] * 50
    for letters in ("ab", "为什么发货", "😀👍🏽.-"):
        corpus += ["".join(rng.choices(letters, k=60)) for _ in range(200)]
    plain = tokenizers.Tokenizer(models.BPE())
    plain.normalizer = normalizers.NFC()
    plain.pre_tokenizer = split
    plain.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=2000, min_frequency=2, show_progress=False, initial_alphabet=alphabet)
    )
    return plain


@pytest.fixture(scope="module")
def qwen() -> tokenizers.Tokenizer:
    return trained(split_as_qwen())


@pytest.fixture(scope="module")
def mini() -> tokenizers.Tokenizer:
    """The embedded model's: every character by itself."""
    return Tokenizer.from_folder(ModelFolder.open(hub.locate(None)))._plain


@pytest.fixture(params=["qwen", "mini"])
def plain(request: pytest.FixtureRequest) -> tokenizers.Tokenizer:
    found: tokenizers.Tokenizer = request.getfixturevalue(request.param)
    return found


def joined(encoder: PieceEncoder, text: str) -> list[int]:
    return [token_id for piece in encoder.encode(text) for token_id in piece]


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_nasty_texts_have_the_ids_of_the_whole(plain: tokenizers.Tokenizer, text: str) -> None:
    whole = plain.encode(text).ids
    for size in (700, 5000, PIECE_CHARACTERS):
        assert joined(PieceEncoder(plain, size), text) == whole


@settings(max_examples=150, deadline=None)
@given(blocks=st.lists(st.tuples(st.sampled_from(BLOCKS), st.sampled_from([1, 1, 2, 3, 9, 40])), max_size=30))
@pytest.mark.parametrize("name", ["qwen", "mini"])
def test_any_mixture_has_the_ids_of_the_whole(
    request: pytest.FixtureRequest, name: str, blocks: list[tuple[str, int]]
) -> None:
    plain = request.getfixturevalue(name)
    text = "".join(block * times for block, times in blocks)
    whole = plain.encode(text).ids
    for size in (1, 6, 50):
        assert joined(PieceEncoder(plain, size), text) == whole


@pytest.mark.parametrize("letters", ["a", "ab", "-", "-.", "😀👍🏽", "为什么发货", "abé", "a0", " a", " ", "\n", "\n "])
def test_a_run_that_is_cut_inside_has_the_ids_of_the_whole(qwen: tokenizers.Tokenizer, letters: str) -> None:
    rng = random.Random(letters)
    for around in ("", "'", "'s", " ", "!", "e\u0301", "9", "\n"):
        text = around + "".join(rng.choices(letters, k=4000)) + around + "".join(rng.choices(letters, k=1500))
        whole = qwen.encode(text).ids
        for size in (600, 1000, 1700):
            assert joined(PieceEncoder(qwen, size), text) == whole


@pytest.mark.parametrize("letters", ["a", "ab", "-.", "😀", "为什么发货"])
def test_a_piece_that_ends_as_it_would_not_inside_the_run_is_noticed(
    qwen: tokenizers.Tokenizer, letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Giving up one token is too little: the next piece often begins otherwise."""
    monkeypatch.setattr(pieces, "_GIVEN_UP", 1)
    rng = random.Random(letters)
    for length in range(3000, 3100):
        text = "".join(rng.choices(letters, k=length))
        assert joined(PieceEncoder(qwen, 600), text) == qwen.encode(text).ids


@pytest.mark.parametrize("blanks", ["\n\n", " ", "\n "])
def test_blanks_are_not_cut_inside(qwen: tokenizers.Tokenizer, blanks: str) -> None:
    for before in ("!", "x", "\n"):
        for behind in ("\n", " \n" * 400, " \n  x", "x", " "):
            text = before + blanks * 900 + behind
            assert joined(PieceEncoder(qwen, 600), text) == qwen.encode(text).ids


@pytest.mark.parametrize(
    "name", ["families of emoji", "emoji", "digits", "Chinese without a break", "one letter", "one sign", "English"]
)
def test_a_piece_is_short(qwen: tokenizers.Tokenizer, name: str) -> None:
    text = NASTY[name]
    lengths = [len(qwen.decode(piece)) for piece in PieceEncoder(qwen, 2000).encode(text)]
    assert max(lengths) <= 3 * 2000
    assert len(lengths) > len(text) / 2000 / 3


def test_no_more_is_read_than_is_asked_for(mini: tokenizers.Tokenizer) -> None:
    encoder = PieceEncoder(mini)
    read: list[int] = []
    encode = encoder._ids
    encoder._ids = lambda text, start, cut: read.append(start) or encode(text, start, cut)  # type: ignore[func-returns-value, method-assign]
    assert len(next(encoder.encode("货" * 1_000_000))) == PIECE_CHARACTERS
    assert read == [0]


def test_an_expression_that_is_not_known_is_read_whole() -> None:
    plain = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    text = "I'm here; 123.\n" * 1000
    assert list(PieceEncoder(plain, 100).encode(text)) == [plain.encode(text).ids]


def test_other_threads_run_meanwhile(plain: tokenizers.Tokenizer) -> None:
    """Whoever holds the interpreter lets a thread that only counts get nowhere."""
    text = NASTY["blanks"] * 5
    counted, done = 0, threading.Event()

    def encode() -> None:
        joined(PieceEncoder(plain), text)
        done.set()

    thread = threading.Thread(target=encode)
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0)
    thread.join()
    assert counted > 100


def test_the_folder_s_tokenizer_reads_in_pieces(tiny_folder: Path) -> None:
    tokenizer = Tokenizer.from_folder(ModelFolder.open(tiny_folder))
    text = "商品有货，2025-03-08 发出。" * 3000
    assert len(list(tokenizer.encode_pieces(text))) > 2
    assert tokenizer.encode(text, allow_special=False) == tokenizer._plain.encode(text).ids

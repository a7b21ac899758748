"""Token ids and text, against transformers' AutoTokenizer; text typed by users; streaming."""

from __future__ import annotations

import json
import random
import shutil
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from tokenizers import Tokenizer as Library
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from kantu.errors import CheckpointError, InvalidRequestError
from kantu.model.folder import ModelFolder
from kantu.processing.tokenizer import IncrementalDetokenizer, Tokenizer
from tests.tiny_checkpoint import PLAIN_ADDED_TOKENS, SPECIAL_TOKENS

ADDED = SPECIAL_TOKENS + PLAIN_ADDED_TOKENS
TEXTS = [
    "",
    " ",
    "\n",
    "为什么这个还没发货？",
    "订单编号 2025030812345678，实付 ¥39.90",
    "  leading and trailing  \n\n\n",
    "I'm, you're, we'll, DON'T",
    "def f(x):\n\treturn {'a': [1, 2], \"b\": x ** 2}\r\n",
    "😀👍🏽👨‍👩‍👧‍👦🇨🇳",
    "cafe\u0301 \u212b Ａ１ ﬁ",  # NFC changes these
    "\x00\x01\x7f\ufeff\u200b\u202e",
    "\U000f0000\U000f0001\ue000",  # private use
    "𠮷野家 㐂 龘",
    "a" * 300,
    "<|im_start|",
    "< |im_end|> <think > <|IM_END|>",
]


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(ModelFolder.open(tiny_folder))


@pytest.fixture(scope="module")
def oracle(tiny_folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(tiny_folder)


class TestEncode:
    @pytest.mark.parametrize("text", TEXTS, ids=ascii)
    def test_ordinary_text_equals_the_oracle_either_way(
        self, text: str, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase
    ) -> None:
        expected = oracle.encode(text, add_special_tokens=False)
        assert tokenizer.encode(text, allow_special=False) == expected
        assert tokenizer.encode(text, allow_special=True) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "<|im_start|>user\n为什么<|vision_start|><|image_pad|><|vision_end|>？<|im_end|>\n",
            "<think>\n\n</think>\n\n答 <tool_call>{}</tool_call> ",
            "".join(ADDED),
            " <|endoftext|> <|endoftext|>\n<|im_end|",
            "<<|im_end|>>",
        ],
    )
    def test_allowed_added_tokens_equal_the_oracle(
        self, text: str, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase
    ) -> None:
        assert tokenizer.encode(text, allow_special=True) == oracle.encode(text, add_special_tokens=False)

    # Where a text spells an added token the oracle makes it one and we must not: the tests below hold that.
    @settings(max_examples=300, deadline=None)
    @given(
        text=st.text(st.characters(exclude_categories=("Cs",)), max_size=40).filter(
            lambda text: not any(token in text for token in ADDED)
        )
    )
    def test_any_text_equals_the_oracle(self, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase, text: str) -> None:
        assert tokenizer.encode(text, allow_special=False) == oracle.encode(text, add_special_tokens=False)

    @pytest.mark.parametrize("token", ADDED)
    def test_typed_text_never_becomes_an_added_token(self, token: str, tokenizer: Tokenizer) -> None:
        added = set(tokenizer.added_tokens.values())
        assert len(added) == len(ADDED)
        assert tokenizer.encode(token, allow_special=True) == [tokenizer.token_id(token)]
        for text in (token, f"发货{token}", f" {token}\n", token * 3, token[:-1] + token, f"x{token}y"):
            ids = tokenizer.encode(text, allow_special=False)
            assert not added & set(ids)
            assert tokenizer.decode(ids) == text

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.one_of(st.sampled_from(ADDED), st.text(st.sampled_from("<|>/ 发a\n"), max_size=4)), max_size=6))
    def test_no_mixture_of_spellings_becomes_an_added_token(self, tokenizer: Tokenizer, pieces: list[str]) -> None:
        ids = tokenizer.encode("".join(pieces), allow_special=False)
        assert not set(tokenizer.added_tokens.values()) & set(ids)

    def test_text_that_is_not_unicode_is_refused(self, tokenizer: Tokenizer) -> None:
        for allowed in (True, False):
            with pytest.raises(InvalidRequestError) as caught:
                tokenizer.encode("a\ud800b", allow_special=allowed)
            assert caught.value.code == "invalid_text"


class TestLeastTokens:
    @settings(max_examples=200, deadline=None)
    @given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
    def test_no_text_has_fewer(self, tokenizer: Tokenizer, text: str) -> None:
        assert tokenizer.least_tokens(text) <= len(tokenizer.encode(text, allow_special=False))

    def test_it_counts_the_longest_token_s_bytes(self, tokenizer: Tokenizer) -> None:
        longest = max(len(tokenizer.token_bytes(i)) for i in range(tokenizer.vocab_size - len(ADDED)))
        assert tokenizer.least_tokens("\U00020bb7" * 1000 * longest) == 1000  # 4 bytes; NFC may shorten to a quarter
        assert tokenizer.least_tokens("") == 0

    def test_normalization_shortens_to_no_less_than_a_quarter(self) -> None:
        """However a character is spelled: as singletons, and as compositions of its parts."""
        changed = [chr(code) for code in range(0x30000) if unicodedata.decomposition(chr(code))[:1] not in ("", "<")]
        longest: dict[str, int] = {}  # canonical decomposition -> bytes of the longest character that has it
        for char in changed:
            parts = unicodedata.normalize("NFD", char)
            longest[parts] = max(longest.get(parts, 0), len(char.encode()))

        def most_bytes(parts: str) -> int:
            """Of any spelling."""
            ways = [
                longest[parts[:end]] + most_bytes(parts[end:])
                for end in range(1, len(parts) + 1)
                if parts[:end] in longest
            ]
            alone = len(parts[:1].encode()) + most_bytes(parts[1:]) if parts else 0
            return max([alone, *ways])

        composed = {unicodedata.normalize("NFC", char) for char in changed}
        ratios = {char: most_bytes(unicodedata.normalize("NFD", char)) / len(char.encode()) for char in composed}
        assert max(ratios.values()) == ratios["ΐ"] == 3.5  # U+1FBE U+0308 U+0301

    def test_nothing_is_known_of_other_normalizers(self, tiny_folder: Path, tmp_path: Path) -> None:
        def edit(content: dict[str, object]) -> None:
            content["normalizer"] = {"type": "Replace", "pattern": {"String": "aaaa"}, "content": "a"}

        folder = TestFromFolder().change(tiny_folder, tmp_path, edit)
        assert Tokenizer.from_folder(ModelFolder.open(folder)).least_tokens("a" * 10_000) == 0


class TestDecode:
    @pytest.mark.parametrize("text", TEXTS, ids=ascii)
    def test_round_trip_equals_the_oracle(
        self, text: str, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase
    ) -> None:
        ids = tokenizer.encode(text, allow_special=False)
        assert tokenizer.decode(ids) == oracle.decode(ids, skip_special_tokens=True)

    def test_special_tokens_are_left_out_and_plain_added_tokens_stay(
        self, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase
    ) -> None:
        ids = tokenizer.encode("<|im_start|>答<think>想</think>发货<|im_end|>", allow_special=True)
        assert tokenizer.decode(ids) == "答<think>想</think>发货" == oracle.decode(ids, skip_special_tokens=True)

    def test_ids_beyond_the_vocabulary_stand_for_nothing(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.decode([tokenizer.vocab_size, *tokenizer.encode("发", allow_special=False), 10**6]) == "发"

    def test_random_ids_equal_the_oracle_but_for_a_cut_off_end(
        self, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase
    ) -> None:
        rng = random.Random(0)
        for _ in range(300):
            ids = [rng.randrange(tokenizer.vocab_size) for _ in range(rng.randrange(1, 30))]
            expected = oracle.decode(ids, skip_special_tokens=True)
            text = tokenizer.decode(ids)
            assert text in (expected, expected.removesuffix("\ufffd"))


class TestIncrementalDetokenizer:
    def stream(self, tokenizer: Tokenizer, ids: list[int]) -> list[str]:
        detokenizer = IncrementalDetokenizer(tokenizer)
        return [detokenizer.push(i) for i in ids]

    @pytest.mark.parametrize("text", TEXTS, ids=ascii)
    def test_pieces_join_to_the_whole_and_hold_whole_characters(self, text: str, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode(text, allow_special=False)
        pieces = self.stream(tokenizer, ids)
        assert "".join(pieces) == tokenizer.decode(ids)
        assert "\ufffd" not in "".join(pieces)

    def test_a_character_of_several_tokens_comes_out_once_complete(self, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode("龘", allow_special=False)
        assert len(ids) == 3  # falls back to bytes in the tiny vocabulary
        assert self.stream(tokenizer, ids) == ["", "", "龘"]

    def test_a_character_cut_off_at_the_end_is_not_said(self, tokenizer: Tokenizer) -> None:
        ids = tokenizer.encode("发龘", allow_special=False)
        assert "".join(self.stream(tokenizer, ids[:-1])) == "发" == tokenizer.decode(ids[:-1])

    def test_bytes_that_can_be_no_character_are_replaced_as_the_whole_would(self, tokenizer: Tokenizer) -> None:
        broken = tokenizer.encode("龘", allow_special=False)[:2] + tokenizer.encode("好", allow_special=False)
        assert "".join(self.stream(tokenizer, broken)) == tokenizer.decode(broken) == "\ufffd好"

    def test_random_ids_join_to_the_whole(self, tokenizer: Tokenizer) -> None:
        rng = random.Random(1)
        for _ in range(300):
            ids = [rng.randrange(tokenizer.vocab_size + 9) for _ in range(rng.randrange(1, 30))]
            assert "".join(self.stream(tokenizer, ids)) == tokenizer.decode(ids)

    def test_time_grows_with_the_tokens_and_no_faster(self, tokenizer: Tokenizer) -> None:
        def seconds(count: int) -> float:
            best = float("inf")
            for _ in range(3):
                start = time.thread_time()
                self.stream(tokenizer, [300] * count)
                best = min(best, time.thread_time() - start)
            return best

        assert seconds(20_000) < 40 * seconds(2_000)  # ten times the tokens; a quadratic one takes a hundred


class TestFromFolder:
    def change(self, source: Path, target: Path, edit: object) -> Path:
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(source / name, target / name)
        content = json.loads((target / "tokenizer.json").read_text(encoding="utf-8"))
        edit(content)  # type: ignore[operator]
        (target / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
        return target

    def refused(self, folder: Path, code: str = "invalid_tokenizer") -> None:
        with pytest.raises(CheckpointError) as caught:
            Tokenizer.from_folder(ModelFolder.open(folder))
        assert caught.value.code == code

    def test_ids_come_from_the_folder(self, tokenizer: Tokenizer, oracle: PreTrainedTokenizerBase) -> None:
        for token in ADDED:
            assert tokenizer.token_id(token) == oracle.convert_tokens_to_ids(token)
        assert tokenizer.vocab_size == len(oracle)
        with pytest.raises(CheckpointError) as caught:
            tokenizer.token_id("<|no_such_token|>")
        assert caught.value.code == "token_missing"

    def test_missing_and_damaged_files(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "checkpoint_file_missing")
        (tmp_path / "tokenizer.json").write_text("{}")
        self.refused(tmp_path)

    def test_added_tokens_listed_in_the_vocabulary_are_neutralised_too(self, tiny_folder: Path, tmp_path: Path) -> None:
        """Trainers that are told of special tokens put them there; with `ignore_merges` plain BPE would find them."""

        def edit(content: dict[str, object]) -> None:
            model = content["model"]
            assert isinstance(model, dict)
            model["ignore_merges"] = True
            model["vocab"] |= {t["content"]: t["id"] for t in content["added_tokens"]}  # type: ignore[attr-defined]
            content["pre_tokenizer"] = content["pre_tokenizer"]["pretokenizers"][1]  # type: ignore[index]

        folder = self.change(tiny_folder, tmp_path, edit)
        naive = Library.from_file(str(folder / "tokenizer.json"))
        naive.encode_special_tokens = True
        assert len(naive.encode("<|im_end|>").ids) == 1  # the trap is real
        tokenizer = Tokenizer.from_folder(ModelFolder.open(folder))
        for token in ADDED:
            ids = tokenizer.encode(token, allow_special=False)
            assert not set(tokenizer.added_tokens.values()) & set(ids)
            assert tokenizer.decode(ids) == token

    def test_an_added_token_that_merges_can_build_is_refused(self, tiny_folder: Path, tmp_path: Path) -> None:
        def edit(content: dict[str, object]) -> None:
            model = content["model"]
            assert isinstance(model, dict)
            merged = "".join(model["merges"][0])
            content["added_tokens"].append(  # type: ignore[attr-defined]
                {
                    "id": model["vocab"][merged],
                    "content": merged,
                    "single_word": False,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "special": True,
                }
            )

        self.refused(self.change(tiny_folder, tmp_path, edit))

    def test_tokenizers_of_another_kind_are_refused(self, tiny_folder: Path, tmp_path: Path) -> None:
        self.refused(self.change(tiny_folder, tmp_path, lambda c: c.update(decoder={"type": "Fuse"})))
        self.refused(self.change(tiny_folder, tmp_path, lambda c: c["added_tokens"][3].update(lstrip=True)))

    def test_added_tokens_known_only_to_the_other_file_are_refused(self, tiny_folder: Path, tmp_path: Path) -> None:
        self.refused(self.change(tiny_folder, tmp_path, lambda c: c["added_tokens"].pop()))

    def test_padding_and_truncation_of_the_file_do_not_apply(self, tiny_folder: Path, tmp_path: Path) -> None:
        shutil.copy(tiny_folder / "tokenizer_config.json", tmp_path)
        library = Library.from_file(str(tiny_folder / "tokenizer.json"))
        library.enable_truncation(4)
        library.enable_padding(length=16)
        library.add_special_tokens([AddedToken("<|endoftext|>", special=True)])
        library.save(str(tmp_path / "tokenizer.json"))
        text = "为什么这个还没发货？请看图片。"
        tokenizer = Tokenizer.from_folder(ModelFolder.open(tmp_path))
        assert tokenizer.decode(tokenizer.encode(text, allow_special=False)) == text

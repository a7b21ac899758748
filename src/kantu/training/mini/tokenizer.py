"""The tokenizer of `kantu-mini`: one token a character, the published added tokens."""

from __future__ import annotations

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from kantu.synth.words.vocabulary import HAN

ADDED_TOKENS = (  # the published list, in the published order
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
PUNCTUATION = "，。、：；？！“”‘’（）《》〈〉【】「」『』—…·～￥¥×÷％＋－＝＊＃＆＠／｜°℃→←↑↓★☆●○■□▶✓√ⅠⅡⅢ①②③④⑤⑥"


def build_tokenizer() -> Tokenizer:
    """Byte-level BPE in which no token spans two characters.

    Every GB2312 level-1 character and every mark of `PUNCTUATION` is one token; all else falls back to bytes.
    """
    byte_names = _byte_names()
    vocabulary = {name: index for index, name in enumerate(byte_names)}
    merges: list[tuple[str, str]] = []
    for character in sorted((*HAN, *PUNCTUATION)):
        name = ""
        for byte in character.encode():
            if name and name + byte_names[byte] not in vocabulary:
                vocabulary[name + byte_names[byte]] = len(vocabulary)
                merges.append((name, byte_names[byte]))
            name += byte_names[byte]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in ADDED_TOKENS])
    return tokenizer


def _byte_names() -> list[str]:
    """The printable stand-in of every byte in byte-level BPE (GPT-2): itself if printable, else U+0100 upwards."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    names, extra = [], 256
    for byte in range(256):
        names.append(chr(byte if byte in printable else extra))
        extra += byte not in printable
    return names


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a token that the vocabulary has."""
    index: int = tokenizer.get_vocab()[token]
    return index

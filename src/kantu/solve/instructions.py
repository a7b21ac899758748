"""Words that tell the reader what to answer, in a picture or in a text given with it: flagged, never obeyed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from kantu.solve.reader import PrintedLine
from kantu.tasks.problem import Problem

_SHOWN = 40  # characters of the words that the message has
_ORDERS = "指令|要求|规则|规定|设定|提示词|任务|标准|上文|前文|以上|上面|之前|先前|原先|原来|用户"
_RULES = (
    # what was asked before is to be dropped
    rf"(?:忽略|无视|别管|不用管|忘掉|忘记|抛开|丢掉|跳过|取消|撤销|覆盖|放弃|停止|停下|不必|不要理会).{{0,8}}(?:{_ORDERS})",
    rf"(?:{_ORDERS}).{{0,8}}(?:作废|不算|无效|已换|变更|失效)",
    # who is to hear it
    r"(?:致|给|看图的?)(?:AI|模型|助手|算法|机器人?|程序|识图)",
    r"(?:AI|模型|程序|识图|机器人?|助手)(?:你好|请注意|请对|请只|必须|一律|读到|看到|看得见|输出)",
    # what the result is to be
    r"(?:判定|判断|标记|审核|预设|固定|改|写|填)(?:为|成)[“”:]?(?:不?合规|违规|不?一致|需复核|无法判断|已)",
    r"(?:一律|统一|只需?|只许|只能|直接|必须|都|改为)(?:回答|回复|输出|判定|填|答|给)[“”:]?",
    r"结论[^。，]{0,3}(?:->|→|=|:|是|写|填|用|按|就是)[“”]?(?:不?合规|违规|不?一致|需复核)",
    r"(?:答案|状态|回复|字段值?)(?:->|→|=|写|填|用|按|固定)[“”]?(?:已退款|已取消|已签收|已完成|\d{4,})",
    # marks of a conversation with a model, or of its record
    r"<\|im_|\[/?INST\]|</?system>|###System|^system:|\[SYS\]|(?:^|[^a-z])assistant:|助手:(?:不?合规|违规|不?一致|已)",
    r"[\"“](?:verdict|status|reply|answer|value|everything)[\"”]:",
    # the same in English
    r"(?:ignore|disregard|forget|override)(?:all|the|what|any|previous|instructions|text|question|above)",
    r"youarenow|debugmode|theonlyvalid|assistantmust|newinstruction|whateveryouweretold",
)
_PATTERN = re.compile("|".join(f"(?:{rule})" for rule in _RULES), re.IGNORECASE | re.MULTILINE)


def instruction_in(lines: Iterable[str]) -> str | None:
    """The words around what looks like an instruction; None where nothing does."""
    text = "\n".join(re.sub(r"\s+", "", unicodedata.normalize("NFKC", line)) for line in lines)
    for said in (text, text.replace("\n", "")):  # it may be broken over lines
        if found := _PATTERN.search(said):
            start = max(0, found.start() - _SHOWN // 4)
            return said[start : start + _SHOWN].replace("\n", " ")
    return None


def instructed(lines: Sequence[Sequence[PrintedLine]]) -> Iterable[Problem]:
    """The pictures in which an instruction is printed, by the lines that a reader has found in each."""
    for printed in lines:
        if words := instruction_in(line.text for line in printed):
            message = f"图中有像指令的文字（“{words}”），它可能左右了结果。"
            yield Problem("instruction_in_picture", message)


def instructed_by(given: Mapping[str, str]) -> Iterable[Problem]:
    """The texts given with the pictures that have an instruction in them."""
    for text in given.values():
        if words := instruction_in([text]):
            yield Problem("instruction_in_text", f"随图的文字里有像指令的话（“{words}”），它可能左右了结果。")

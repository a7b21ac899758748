"""Of `kantu compare`."""

from __future__ import annotations

from kantu.errors.catalogue.row import Row
from kantu.errors.types import EngineError, InvalidRequestError

# fmt: off
ROWS = {
    "comparison_other": Row(InvalidRequestError, None, param="{path}",
        zh="{path} 里是另一次对比：换个文件，或加 --fresh。",
        en="{path} holds another comparison; name another file, or use --fresh."),
    "comparison_invalid": Row(InvalidRequestError, None, param="{path}",
        zh="{path} 不是 kantu compare 的进度文件（第 {number} 行）。",
        en="{path} is not a file of kantu compare (line {number})."),
    "invalid_price": Row(InvalidRequestError, None, param="price",
        zh="价格要写成 名字=数字，名字是 {names} 之一，这里是 {told}。",
        en="A price is written NAME=NUMBER, NAME one of {names}, not {told}."),
    "suite_without_single_pictures": Row(InvalidRequestError, None,
        zh="没有只关于一张图的问题，无法量。",
        en="No question is about a single picture; this cannot be measured."),
    "no_answer_before_faults": Row(EngineError, None,
        zh="还没有故障就没有答案（{code}），无法看故障的影响。",
        en="No answer although nothing had failed yet ({code}); faults cannot be told from that."),
    "stage_not_started": Row(EngineError, None,
        zh="流水线的{stage}环节没有启动：{last}",
        en="A stage of the pipeline did not start: {last}"),
}
# fmt: on

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
    "stage_not_started": Row(EngineError, None,
        zh="流水线的{stage}环节没有启动：{last}",
        en="A stage of the pipeline did not start: {last}"),
}
# fmt: on

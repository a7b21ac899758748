"""Under what conditions the rows of the table are measured: whose cache holds what of a picture by then."""

from __future__ import annotations

from kantu.errors import Words

HEADS = (
    Words("行", "rows"),
    Words("图片", "the picture"),
    Words("看图的缓存里", "in Kantu's cache"),
    Words("流水线的缓存里", "in the pipeline's cache"),
)
_NOTHING = Words("没有它的任何东西", "nothing of it")
CONDITIONS = (
    (
        Words("新图片的一问，进程内；价钱", "new picture, in process; price"),
        Words("第一次见：问题里的图都没有问过", "seen for the first time: nothing was asked about any of them before"),
        _NOTHING,
        _NOTHING,
    ),
    (
        Words("同图的又一问，进程内", "same picture again, in process"),
        Words("见过：问题里的图都问过", "seen before: something was asked about all of them"),
        Words(
            "它解码后的像素、视觉词元，和提示里到它为止的前缀（像素预算相同时）",
            "its pixels, its visual tokens, and the prompt's prefix as far as it (where the pixel budget is the same)",
        ),
        Words(
            "前四级对它的结果（不再识字、分析和描述），和文本模型提示的前缀",
            "what the first four stages made of it (it is not read again), and the prefix of the text model's prompt",
        ),
    ),
    (
        Words("新图片的一问，经 HTTP；请求/秒；故障", "new picture, over HTTP; requests/s; faults"),
        Words("第一次见：每一问都是没有问过的图", "seen for the first time: every question is about another one"),
        _NOTHING,
        _NOTHING,
    ),
    (
        Words("启动：答完第一问", "start-up: first answer"),
        Words("第一次见，进程也都是新的", "seen for the first time, by a fresh process each time"),
        _NOTHING,
        _NOTHING,
    ),
    (
        Words("内存峰值；字节", "peak memory; bytes"),
        Words(
            "进程是新的，几问，每问一张第一次见的图",
            "a fresh process, a few questions, each about one seen for the first time",
        ),
        _NOTHING,
        _NOTHING,
    ),
)
NOTE = Words(
    "两边都只认内容：看图按文件（像素）和解码后像素（视觉词元）的 SHA-256，流水线按文件的 SHA-256 和改变结果的选项；"
    "都以字节为界。",
    "Both know a picture by its content alone: Kantu by the SHA-256 of its file (pixels) and of its decoded pixels "
    "(visual tokens), the pipeline by that of its file and the options that change what comes of it. Both are bounded "
    "in bytes.",
)

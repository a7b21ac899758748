"""Options that several commands have, in whichever package a command is."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[
    str | None, typer.Option("--model", "-m", help="模型名或本地文件夹，默认内置的 kantu-mini。", metavar="NAME")
]
MaxPixels = Annotated[int | None, typer.Option(help="每张图片的像素上限（1024 像素 = 1 个视觉词元）。", metavar="N")]
Device = Annotated[str | None, typer.Option(help="cpu、cuda 等，默认自动选择。")]
Quantize = Annotated[str | None, typer.Option(help="解码器权重只用 8 位或 4 位：省内存，更快。", metavar="int8|int4")]
NoEvidence = Annotated[bool, typer.Option("--no-evidence", help="不问各字段在图中的位置：更快。")]
Force = Annotated[bool, typer.Option("--force", help="问题没有指明对象也照问；只对任务 ask 有用。")]

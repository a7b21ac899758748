"""`kantu mcp`: a thin shell over the server on standard input and output. Heavy imports wait until it runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from kantu.command_options import Device, Model, Quantize


def mcp(
    model: Model = None,
    allow: Annotated[
        list[Path] | None, typer.Option(help="可以读这个文件夹里的图片；可重复，默认当前文件夹。", metavar="FOLDER")
    ] = None,
    device: Device = None,
    quantize: Quantize = None,
) -> None:
    """MCP 服务器（标准输入输出）：让支持 MCP 的客户端把每个任务当作工具用。由客户端启动，见 docs/tasks.md。"""
    from kantu import hub
    from kantu.command_tasks import all_tasks
    from kantu.errors import error, install_command

    if importlib.util.find_spec("mcp") is None:
        raise error("service_missing", missing="mcp", install=install_command("service"))
    from kantu.mcp.folders import AllowedFolders
    from kantu.mcp.local import ModelChoice
    from kantu.mcp.stdio import serve

    folders = AllowedFolders.of(allow or [Path()])
    hub.locate(model)  # what is wrong with its name is said now
    serve(all_tasks().by_name, ModelChoice(model, device, quantize), folders)

"""Commands about what requests have left behind: rotate the master key, erase what one owner has."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kantu.errors import error
from kantu.service.command_parts import Config, open_store

retention = typer.Typer(help="保存下来的提问：主密钥的新建与轮换。", no_args_is_help=True)


@retention.command()
def rotate(
    wrap_only: Annotated[
        bool, typer.Option("--wrap-only", help="不新建主密钥：文件由别处管理，只把数据密钥换成由文件里的第一个加密。")
    ] = False,
    config: Config = None,
) -> None:
    """轮换 retention.key_file 里的主密钥（没有文件就新建），并用它重新加密全部数据密钥；服务不用停。"""
    with open_store(config) as (settings, _, database, log):
        from kantu.service.audit.failures import failures_recorded
        from kantu.service.retention.rotation import rotate as run
        from kantu.service.retention.rotation import wrap_all

        with failures_recorded(database, log, "rotate", "retention"):
            path = settings.retention.key_file
            if path is None:
                raise error("retention_key_missing")
            count = (wrap_all if wrap_only else run)(database, log, path)
    print(f"主密钥在 {path}；重新加密了 {count} 个数据密钥。", file=sys.stderr)


def erase(
    owner: Annotated[str, typer.Option(help="kantu keys create --owner 的那个名字，密钥或人的编号。", metavar="OWNER")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    config: Config = None,
) -> None:
    """抹掉一个所有者保存的一切：提问、文件、批处理，并在磁盘上核对。密钥另用 kantu keys revoke 撤销。"""
    if not yes:
        typer.confirm(f"抹掉 {owner} 的全部提问、文件和批处理？不能恢复", abort=True, err=True)
    with open_store(config) as (_, folder, database, log):
        from kantu.service.audit.failures import failures_recorded
        from kantu.service.retention.erasure import erase_owner

        with failures_recorded(database, log, "erase", "owner", owner):
            erased = erase_owner(database, log, folder / "files", owner)
    checked = "数据库文件里已没有它们" if erased.verified else "数据库在别处，没有逐字节核对"
    print(
        f"抹掉了 {erased.history} 次提问、{erased.files} 个文件、{erased.batches} 个批处理；{checked}。",
        file=sys.stderr,
    )

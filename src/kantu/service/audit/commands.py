"""`kantu audit`: thin shells, which import what they need themselves."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kantu.errors import error
from kantu.service.command_parts import Config, open_store

if TYPE_CHECKING:
    from kantu.service.audit.archive import Archiver
    from kantu.service.audit.repository import Search
    from kantu.service.audit.service import AuditService
    from kantu.service.audit.verify import Verdict

audit = typer.Typer(help="审计：查、核对、导出、归档；每次查看本身也记入审计。", no_args_is_help=True)

Text = Annotated[str | None, typer.Option(metavar="TEXT")]
When = Annotated[
    str | None, typer.Option(help="2026-01-31 或 2026-01-31T08:00:00+08:00；没有时区的按 UTC。", metavar="WHEN")
]

_KINDS = {
    "edited": "改过",
    "deleted": "删过",
    "truncated": "末尾被截",
    "reordered": "换过次序",
    "wrong_key": "不是用这把密钥签的",
}
_RESULTS = {"ok": "成功", "refused": "拒绝", "failed": "失败"}


@audit.command()
def verify(
    anchors: Annotated[
        list[Path] | None, typer.Option(help="另存的锚点（JSONL 或 syslog 的日志）；可重复。", metavar="FILE")
    ] = None,
    archive: Annotated[Path | None, typer.Option(help="核对一个归档文件，而不是数据库。", metavar="FILE")] = None,
    behind: Annotated[
        int | None, typer.Option(help="只核对这个序号之后的，它本身当作可信。", min=1, metavar="N")
    ] = None,
    config: Config = None,
) -> None:
    """从头到尾核对审计链；有问题时说出第一处在哪里、是哪一种，退出码不为 0。"""
    with _opened(config, "verify") as opened:
        from kantu.service.audit.anchors import read_anchors

        if archive is None:
            others = [anchor for path in anchors or () for anchor in read_anchors(path)]
            verdict = opened.service.verify(others, behind=behind)
        else:
            verdict = opened.service.verify_archive(archive)
    print(_told(verdict))
    if verdict.fault is not None:
        raise error("audit_broken", sequence=verdict.fault.sequence, kind=_KINDS[verdict.fault.kind])


@audit.command()
def search(
    actor: Text = None,
    tenant: Text = None,
    action: Text = None,
    resource: Text = None,
    target: Text = None,
    result: Annotated[str | None, typer.Option(metavar="ok|refused|failed")] = None,
    request: Text = None,
    address: Text = None,
    since: When = None,
    until: When = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="每行一条 JSON。")] = False,
    config: Config = None,
) -> None:
    """查审计记录，新的在前。"""
    with _opened(config, "read") as opened:
        from kantu.service.audit.lines import json_line, time_of

        wanted = _search(actor, tenant, action, resource, target, result, request, address, since, until)
        found = opened.service.search(wanted, limit=limit)
    for entry in found:
        if as_json:
            print(json_line(entry))
            continue
        who = "/".join(filter(None, (entry.actor_kind, entry.role, entry.actor_id)))
        act = " ".join(filter(None, (entry.action, entry.resource, entry.target_id)))
        outcome = _RESULTS.get(entry.result, entry.result)
        print(
            _one_line(
                f"{entry.sequence}  {time_of(entry.recorded_ms)}  {outcome}  {who}  {act}  {entry.address or '-'}"
            )
        )
        if entry.before or entry.after:
            print(f"    {entry.before or '-'} → {entry.after or '-'}")


@audit.command()
def export(
    format_: Annotated[str, typer.Option("--format", help="格式。", metavar="jsonl|syslog")] = "jsonl",
    since: When = None,
    until: When = None,
    config: Config = None,
) -> None:
    """把审计记录写到标准输出，旧的在前。"""
    form: Literal["jsonl", "syslog"] = "syslog" if format_ == "syslog" else "jsonl"
    with _opened(config, "export") as opened:
        wanted = _search(None, None, None, None, None, None, None, None, since, until)
        for page in opened.service.export(wanted, form):
            sys.stdout.write(page)


@audit.command()
def archive(config: Config = None) -> None:
    """把过了保存期（audit.keep_days）的月份归档成文件，移出数据库。服务自己每天也做。"""
    with _opened(config, "archive") as opened:
        for written in opened.archiver.archive(time.time()):
            print(f"{written.path}（第 {written.first} 到 {written.last} 条）")


@audit.command()
def restore(
    file: Annotated[Path, typer.Argument(help="归档文件；从最近的月份开始。", metavar="FILE")], config: Config = None
) -> None:
    """核对一个归档文件，放回数据库里查。服务运行时，它在下一天又被归档。"""
    with _opened(config, "restore") as opened:
        restored = opened.archiver.restore(file)
    print(f"已放回第 {restored.first} 到 {restored.last} 条。", file=sys.stderr)


@audit.command()
def accept(
    reason: Annotated[str, typer.Option(help="查明了什么、谁同意继续；记入审计。", metavar="TEXT")],
    config: Config = None,
) -> None:
    """审计链断了以后，接着最后一条继续记。断处不会抹去，核对时仍会说。"""
    with _opened(config, "accept") as opened:
        verdict = opened.service.accept(reason)
    print(_told(verdict), file=sys.stderr)


@dataclass(frozen=True)
class _Opened:
    service: AuditService
    archiver: Archiver


@contextmanager
def _opened(config: Path | None, action: str) -> Iterator[_Opened]:
    """The audit of the service that `config` and the environment describe, running or not.

    Args:
        action: what the command does, recorded where it fails.
    """
    with open_store(config) as (settings, folder, database, log):
        from kantu.service.audit.archive import Archiver
        from kantu.service.audit.failures import failures_recorded
        from kantu.service.audit.opening import anchor_file, archive_folder
        from kantu.service.audit.service import AuditService

        archiver = Archiver(database, log, archive_folder(settings.audit, folder), settings.audit.keep_days)
        with failures_recorded(database, log, action, "audit"):
            yield _Opened(AuditService(database, log, anchor_file(settings.audit, folder)), archiver)


def _search(
    actor: str | None,
    tenant: str | None,
    action: str | None,
    resource: str | None,
    target: str | None,
    result: str | None,
    request: str | None,
    address: str | None,
    since: str | None,
    until: str | None,
) -> Search:
    from kantu.service.audit.repository import Search

    times = (_milliseconds("since", since), _milliseconds("until", until))
    return Search(actor, tenant, action, resource, target, result, request, address, *times)


def _milliseconds(name: str, given: str | None) -> int | None:
    if given is None:
        return None
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        read = None
    if read is None:
        raise error("invalid_audit_time", name=name)
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)


def _told(verdict: Verdict) -> str:
    checked = f"核对了 {verdict.checked} 条（第 {verdict.first} 到 {verdict.last} 条），{verdict.anchors} 个锚点相符"
    if verdict.fault is None:
        return f"{checked}；没有问题。"
    return f"{checked}；第 {verdict.fault.sequence} 条起有问题：{_KINDS[verdict.fault.kind]}（{verdict.fault.kind}）。"


def _one_line(text: str) -> str:
    """Nothing that was recorded may move the cursor of whoever reads it, or turn the words around."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)

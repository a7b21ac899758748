"""Commands to run and reload the service and to keep its keys: thin shells, which import what they need themselves."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantu.errors import error
from kantu.service.command_parts import Config, need_service, open_store

if TYPE_CHECKING:
    from kantu.service.keys.api_key import ApiKey
    from kantu.service.keys.service import KeyService

keys = typer.Typer(help="管理 API 密钥；改动从下一个请求起生效。", no_args_is_help=True)

_WORDS = {"requests": "请求", "visual_tokens": "视觉词元", "output_tokens": "输出词元", "minute": "分钟", "day": "天"}

Count = Annotated[int | None, typer.Option(min=1, metavar="N")]


def serve(
    host: Annotated[str | None, typer.Option(help="监听的地址，默认 127.0.0.1。")] = None,
    port: Annotated[int | None, typer.Option(help="监听的端口，默认 8000；0 任选一个。")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="模型名、文件夹，或上游服务的网址。", metavar="NAME|FOLDER|URL")
    ] = None,
    quantize: Annotated[str | None, typer.Option(help="解码器权重只用 8 位或 4 位。", metavar="int8|int4")] = None,
    config: Config = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="TLS 证书（PEM）。", metavar="FILE")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="TLS 私钥（PEM）。", metavar="FILE")] = None,
    allow_insecure: Annotated[
        bool | None, typer.Option("--allow-insecure", help="没有 TLS 也监听本机以外的地址（前面另有 TLS 代理）。")
    ] = None,
) -> None:
    """启动服务：兼容 OpenAI 的接口、控制台和监控。Ctrl-C 或 SIGTERM 先处理完再停。"""
    need_service()
    from kantu.service.settings import read_settings
    from kantu.service.start import serve as run

    server = {
        "host": host,
        "port": port,
        "tls_certificate": tls_certificate,
        "tls_key": tls_key,
        "allow_insecure": allow_insecure,
    }
    run(read_settings(config, flags={"server": server, "model": {"name": model, "quantize": quantize}}))


def reload(config: Config = None) -> None:
    """让正在运行的服务重新读取自己的任务（KANTU_HOME/tasks）和词表，不用重启。有文件出错时什么都不换。"""
    need_service()
    from kantu.hub import home
    from kantu.service.home import RELOAD, service_of
    from kantu.service.settings import read_settings
    from kantu.service.tasks.catalogue import read_tasks

    folder = home()
    tasks = read_tasks(folder / "tasks", read_settings(config).tasks.moderation_words)
    if tasks.faults:
        first, *others = tasks.faults
        for fault in others:
            print(f"{fault.message} [{fault.code}]", file=sys.stderr)
        raise first
    process = service_of(folder) if folder.is_dir() else None
    if process is None:
        raise error("service_not_running", folder=folder)
    try:
        os.kill(process, RELOAD)
    except ProcessLookupError:  # it has just ended
        raise error("service_not_running", folder=folder) from None
    except PermissionError:
        raise error("service_of_another", process=process) from None
    print(f"服务（进程 {process}）正在重新读取任务；自己的任务：{'、'.join(tasks.own) or '无'}。", file=sys.stderr)


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="给人看的名字，如“客服部”。", metavar="NAME")],
    owner: Annotated[str | None, typer.Option(help="与同一所有者的密钥共用文件和批处理；默认独立。")] = None,
    model: Annotated[list[str] | None, typer.Option(help="只能用这个模型；可重复。", metavar="NAME")] = None,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            help="只能用这个接口（chat、decisions、tasks、models、files、batches、tokenize、history）；可重复。",
            metavar="NAME",
        ),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="到期：12h、30d、8w，或日期时间。", metavar="WHEN")] = None,
    requests_per_minute: Count = None,
    requests_per_day: Count = None,
    visual_tokens_per_minute: Count = None,
    visual_tokens_per_day: Count = None,
    output_tokens_per_minute: Count = None,
    output_tokens_per_day: Count = None,
    config: Config = None,
) -> None:
    """新建密钥。标准输出上只有密钥本身，只显示这一次。"""
    from kantu.service.actor import Limits

    limits = Limits(
        requests_per_minute,
        requests_per_day,
        visual_tokens_per_minute,
        visual_tokens_per_day,
        output_tokens_per_minute,
        output_tokens_per_day,
    )
    with _key_service(config, "create") as service:
        from kantu.service.keys.expiry import read_expiry

        expires_at = None if expires is None else read_expiry(expires, time.time())
        key, text = service.create(
            name, owner=owner, models=model, endpoints=endpoint, limits=limits, expires_at=expires_at
        )
    print(f"密钥 {key.id}（{name}），请现在保存，以后无法再查看：", file=sys.stderr)
    print(text)


@keys.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False, config: Config = None) -> None:
    """列出所有密钥（不含密钥本身）：编号、状态、名字，到期与最近使用，范围与限额。"""
    with _key_service(config, "read") as service:
        found = service.list()
    now = time.time()
    if as_json:
        print(json.dumps([{**asdict(key), "state": key.state(now)} for key in found], ensure_ascii=False, indent=2))
        return
    if not found:
        print("还没有密钥：kantu keys create 名字", file=sys.stderr)
    states = {"active": "有效", "expired": "已过期", "revoked": "已撤销"}
    for key in found:  # three lines a key and no table: eight columns wrap in any terminal
        print(f"{key.id}  {states[key.state(now)]}  {key.name}")
        print(f"    开头 {key.hint}…  到期 {_when(key.expires_at)}  最近使用 {_when(key.last_used_at)}")
        print(f"    范围 {_scope(key)}  限额 {_limits(key)}")


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="kantu keys list 里的编号。", metavar="ID")], config: Config = None
) -> None:
    """撤销密钥，下一个请求起不能再用。"""
    with _key_service(config, "revoke", key_id) as service:
        key = service.revoke(key_id)
    print(f"已撤销 {key.id}（{key.name}）。", file=sys.stderr)


@contextmanager
def _key_service(config: Path | None, action: str, key_id: str | None = None) -> Iterator[KeyService]:
    """The keys of the service that `config` and the environment describe, running or not.

    Args:
        action: what the command does, recorded where it fails.
    """
    with open_store(config) as (_, _, database, log):
        from kantu.service.audit.failures import failures_recorded
        from kantu.service.keys.service import KeyService

        with failures_recorded(database, log, action, "keys", key_id):
            yield KeyService(database, log)


def _scope(key: ApiKey) -> str:
    parts = [*(key.models or ()), *(key.endpoints or ())]
    return "、".join(parts) or "全部"


def _limits(key: ApiKey) -> str:
    given = [(*field.name.split("_per_"), getattr(key.limits, field.name)) for field in fields(key.limits)]
    shown = [f"{_WORDS[kind]} {limit}/{_WORDS[period]}" for kind, period, limit in given if limit is not None]
    return "、".join(shown) or "无"


def _when(seconds: int | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")

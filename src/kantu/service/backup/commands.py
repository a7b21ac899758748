"""`kantu backup` and `kantu restore`: thin shells over `saving` and `restoring`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantu.errors import error
from kantu.service.command_parts import Config, need_service

if TYPE_CHECKING:
    from kantu.service.backup.archive import Manifest
    from kantu.service.backup.sealing import Secret
    from kantu.service.database import Database
    from kantu.service.gcm import CipherName
    from kantu.service.settings import AuditSettings

Passphrase = Annotated[
    bool, typer.Option("--passphrase", help="用口令加密：在终端上问，或读标准输入的第一行；至少 12 个字符。")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="用密钥文件加密：至少 32 字节的随机内容，与备份分开保管。", metavar="FILE"),
]


def backup(
    file: Annotated[Path, typer.Argument(help="写到哪里；已有的文件不覆盖。", metavar="FILE")],
    passphrase: Passphrase = False,
    key_file: KeyFile = None,
    cipher: Annotated[str, typer.Option(help="加密算法：aes-256-gcm 或 sm4-gcm。", metavar="NAME")] = "aes-256-gcm",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="有文件的内容已经丢失时，也备份其余的。")
    ] = False,
    config: Config = None,
) -> None:
    """备份数据库、上传的文件和 KANTU_HOME 里的密钥；服务可以照常运行。"""
    need_service()
    from kantu.service.audit.failures import failures_recorded
    from kantu.service.audit.opening import begun_log
    from kantu.service.backup.audited import record_backup
    from kantu.service.backup.saving import back_up
    from kantu.service.backup.sealing import cipher_named

    name: CipherName = cipher_named(cipher)
    secret = _secret(passphrase, key_file, new=True)
    with _store(config, finish=True) as (settings, home, database):
        log = begun_log(settings, home, database)
        record = partial(record_backup, database, log, file, encrypted=secret is not None)
        with failures_recorded(database, log, "create", "backup", file.name):
            saved = back_up(file, home, database, secret, name, record=record, allow_missing=allow_missing)
    print(f"已备份到 {file}：{_told(saved.manifest, saved.files)}", file=sys.stderr)
    if saved.missing:
        print(f"警告：{len(saved.missing)} 个文件的内容已经丢失，备份里也没有。", file=sys.stderr)
    if secret is None:
        print("警告：备份没有加密，其中有密钥；请加 --passphrase 或 --key-file，或妥善保管。", file=sys.stderr)


def restore(
    file: Annotated[Path, typer.Argument(help="kantu backup 写的文件。", metavar="FILE")],
    passphrase: Passphrase = False,
    key_file: KeyFile = None,
    force: Annotated[bool, typer.Option("--force", help="已有数据时也恢复，用备份替换它们。")] = False,
    only_check: Annotated[bool, typer.Option("--check", help="只检查备份是否完整，不恢复。")] = False,
    config: Config = None,
) -> None:
    """从备份恢复到空的 KANTU_HOME 和数据库；先停止服务。中途被打断时，要么什么都没有变，要么下次启动时做完。"""
    need_service()
    from kantu.service.audit.failures import failures_recorded
    from kantu.service.backup import restoring
    from kantu.service.backup.audited import log_before, record_restore

    secret = _secret(passphrase, key_file, new=False)
    if only_check:
        print(f"{file} 完整：{_told(restoring.check(file, secret))}", file=sys.stderr)
        return
    with _store(config, finish=False) as (settings, home, database):
        stage = partial(record_restore, settings, home, database, file)
        log = log_before(settings, home, database)
        with failures_recorded(database, log, "restore", "backup", file.name):
            manifest = restoring.restore(file, home, database, secret, force=force, stage=stage)
    print(f"已恢复：{_told(manifest)}", file=sys.stderr)


@contextmanager
def _store(config: Path | None, *, finish: bool) -> Iterator[tuple[AuditSettings, Path, Database]]:
    """The audit's settings, the home and the database that `config` and the environment describe, as they are.

    Args:
        finish: bring a restore to its end first that was killed.
    """
    from kantu.hub import home
    from kantu.service.backup.restoring import finish_restore
    from kantu.service.home import prepare_home
    from kantu.service.open_database import database_of
    from kantu.service.settings import read_settings

    settings, folder = read_settings(config), home()
    prepare_home(folder)
    database = database_of(settings, folder)
    try:
        if finish:
            finish_restore(folder, database)
        yield settings.audit, folder, database
    finally:
        database.close()


def _secret(passphrase: bool, key_file: Path | None, *, new: bool) -> Secret | None:
    from kantu.service.backup.sealing import read_key_file, read_passphrase

    if passphrase and key_file is not None:
        raise error("invalid_backup_key.both")
    if key_file is not None:
        return read_key_file(key_file)
    return read_passphrase(_asked(new)) if passphrase else None


def _asked(new: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("口令", hide_input=True, err=True, confirmation_prompt="再输一遍" if new else False)
    return answer


def _told(manifest: Manifest, files: int | None = None) -> str:
    from kantu.service.backup.archive import HOME

    if files is None:
        files = sum(member.name.startswith(f"{HOME}files/") for member in manifest.members)
    size = sum(member.size for member in manifest.members)
    when = datetime.fromtimestamp(manifest.created_at).strftime("%Y-%m-%d %H:%M:%S")
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(manifest.database, manifest.database)
    return f"{when} 的 {kind} 数据库（修订 {manifest.revision}）和 {files} 个文件，共 {size / 2**20:.1f} MiB。"

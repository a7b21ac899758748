"""`kantu people`: for whoever administers the machine, when nobody can log in any more. Thin shells, as the others."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kantu.service.command_parts import Config, open_store

if TYPE_CHECKING:
    from kantu.service.people.person import Person
    from kantu.service.people.service import PeopleService

people = typer.Typer(help="账号的应急管理：没有人能登录时，在这台机器上用。", no_args_is_help=True)

T = TypeVar("T")

_STATES = {"active": "可用", "disabled": "已停用"}

Name = Annotated[str, typer.Argument(help="登录名，见 kantu people list。", metavar="NAME")]


@people.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False, config: Config = None) -> None:
    """列出所有账号：登录名、状态、角色、第二因素、最近登录。"""
    from kantu.service.people.schemas import PersonObject

    with _opened(config) as (service, recorded), recorded("read", "people"):
        found = asyncio.run(service.all())
    if as_json:
        told = [PersonObject.model_validate(person).model_dump() for person in found]
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for person in found:
        print(_line(person))


@people.command()
def disable(name: Name, config: Config = None) -> None:
    """停用账号，下一个请求起不能再用。"""
    person = _change(config, name, lambda service, person_id: service.disable(None, person_id))
    print(f"已停用 {person.name}。", file=sys.stderr)


@people.command()
def enable(name: Name, config: Config = None) -> None:
    """启用停用的账号。"""
    person = _change(config, name, lambda service, person_id: service.enable(None, person_id))
    print(f"已启用 {person.name}。", file=sys.stderr)


@people.command()
def unlock(name: Name, config: Config = None) -> None:
    """解除锁定（输错密码的次数太多）。"""
    person = _change(config, name, lambda service, person_id: service.unlock(None, person_id))
    print(f"已解除 {person.name} 的锁定。", file=sys.stderr)


@people.command()
def reset(
    name: Name,
    totp: Annotated[bool, typer.Option("--totp", help="也取消第二因素（验证器丢了）。")] = False,
    config: Config = None,
) -> None:
    """重置密码。标准输出上只有一次性密码，第一次登录必须换掉；这个人的会话都结束。"""
    person, secret = _change(config, name, lambda service, person_id: service.reset_password(None, person_id))
    if totp:
        asked = ("delete", "factors")
        _change(config, name, lambda service, person_id: service.remove_factor(None, person_id), asked)
    print(f"{person.name} 的一次性密码，请现在记下，以后无法再查看：", file=sys.stderr)
    print(secret)


def _change(
    config: Path | None,
    name: str,
    act: Callable[[PeopleService, str], Awaitable[T]],
    asked: tuple[str, str] = ("update", "people"),
) -> T:
    """What comes of an act on the account of a name.

    Args:
        asked: what the command does, recorded where it fails.
    """
    with _opened(config) as (service, recorded):

        async def work() -> T:
            with recorded(*asked):
                person = await service.find(name)
            with recorded(*asked, person.id):
                return await act(service, person.id)

        return asyncio.run(work())


@contextmanager
def _opened(config: Path | None) -> Iterator[tuple[PeopleService, Callable[..., AbstractContextManager[None]]]]:
    """The accounts of the service that `config` and the environment describe, and `failures_recorded` of its audit."""
    with open_store(config) as (settings, home, database, log):
        import time

        from kantu.service.audit.failures import failures_recorded
        from kantu.service.identity import open_identity

        identity = open_identity(settings.people, home, database, log, clock=time.time)
        yield identity.people, partial(failures_recorded, database, log)


def _line(person: Person) -> str:
    from kantu.service.people.person import ROLE_NAMES

    last = person.last_login_at
    when = "-" if last is None else datetime.fromtimestamp(last).strftime("%Y-%m-%d %H:%M")
    second = "有第二因素" if person.has_totp else "无第二因素"
    return f"{person.name}  {_STATES[person.state]}  {ROLE_NAMES[person.role]}  {second}  最近登录 {when}"

"""Prints docs/permissions.md from the table of permissions and the routes that ask it.

    python scripts/permissions_page.py

A test fails while the page and the table differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from kantu.service.access import Authorize
from kantu.service.actor import Role
from kantu.service.app import ROUTERS
from kantu.service.document import document_router
from kantu.service.mcp.endpoint import mcp_router
from kantu.service.messages.endpoints import router as messages_router
from kantu.service.people.person import ROLE_NAMES
from kantu.service.permissions import PERMISSIONS, Action, Permission, Resource
from kantu.service.watch.endpoints import metrics_router
from kantu.service.watch.watch import Watch

PAGE = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"
ROLES: tuple[Role, ...] = get_args(Role)

HEADER = """\
# 谁能做什么

<!-- 由 scripts/permissions_page.py 从 src/kantu/service/permissions.py 和各个路由生成，请勿手改。 -->

一张表决定一切；表里没有的，谁也不能做。每个路由都问这张表，测试用每种角色、密钥和什么都没有走遍每个路由
（`tests/service/test_permissions.py`）。

- 密钥一栏是密钥要有的权限（`kantu keys create --endpoint`）；“任何”是任何有效的密钥，“—”是密钥不能。
- **刚输过密码**：危险的操作，要在 `people.fresh_minutes` 之内输过密码。
- 还没换一次性密码、管理员还没登记第二因素的人，只能用“自己的账号”（account）。
- 三种管理员（系统、安全、审计）互相排斥：一个账号做过一种，就不能做另一种。
  谁也不能改自己的角色、停用自己；每种的最后一个不能去掉。
- 不需要密钥也不需要会话的：`GET /`、`/page`、`/health`、`/healthz`、`/readyz`，和登录：`POST /v1/session`、
  `GET /v1/session/providers`、`GET` 和 `POST /v1/session/oidc`、`GET /v1/session/oidc/callback`；
  `/metrics` 与 `/openapi.json` 由设置决定。

*In English: one table of action x resource, default deny. ✓ marks the roles that may; keys need the endpoint named.*

"""


def page() -> str:
    """The whole page."""
    titles = ["动作", "对象", "密钥", *(ROLE_NAMES[role] for role in ROLES), "刚输过密码", "路由"]
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    routes = _routes()
    for (action, resource), permission in PERMISSIONS.items():
        found = "<br>".join(f"`{route}`" for route in routes.get((action, resource), ()))
        allowed = ["✓" if role in permission.roles else "" for role in ROLES]
        cells = [
            f"`{action}`",
            f"`{resource}`",
            _keys(permission),
            *allowed,
            "要" if permission.dangerous else "",
            found,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return HEADER + "\n".join(lines) + "\n"


def _keys(permission: Permission) -> str:
    if not permission.keys:
        return "—"
    return "任何" if permission.endpoint is None else f"`{permission.endpoint}`"


def _routes() -> dict[tuple[Action, Resource], list[str]]:
    """What asks for each row, whatever the settings switch on."""
    app = FastAPI()
    operation: Iterable[APIRouter] = (
        mcp_router(()),
        metrics_router(Watch(tracing=None), public=False),
        document_router(dict, public=False),
    )
    for router in (*ROUTERS, messages_router, *operation):
        app.include_router(router)
    found: dict[tuple[Action, Resource], list[str]] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            for authorize in authorizations(route.dependant):
                told = found.setdefault((authorize.action, authorize.resource), [])
                told += [f"{method} {context.path}" for method in sorted(route.methods)]
    return found


def authorizations(dependant: Dependant) -> Iterator[Authorize]:
    """What a route asks the table."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, Authorize):
            yield inner.call
        yield from authorizations(inner)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)

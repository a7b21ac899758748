"""A whole new resource, notes: what it takes to store something for owners and serve it to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kantu.errors import KantuError, NotFoundError, error
from kantu.errors.catalogue import ROWS, Row
from kantu.service.access import Authorize
from kantu.service.actor import Actor
from kantu.service.app import create_app
from kantu.service.database import Database, Owned
from kantu.service.database.ids import Ids
from kantu.service.database.repository import Paging, Repository
from kantu.service.database.schemas import FromRecord, ListOf, ListQuery
from kantu.service.document import FAILURES
from kantu.service.gateway import Gateway
from kantu.service.http.json_route import JsonRoute

# notes/record.py
NOTE_IDS = Ids("note_")


@dataclass(frozen=True, slots=True)
class Note:
    id: str
    owner: str
    text: str
    created_at: int


NOT_FOUND = Row(NotFoundError, 404, zh="没有这条笔记。", en="No such note.")  # its line in the catalogue


def note_not_found(param: str | None = None) -> KantuError:
    return error("note_not_found", param=param)


# notes/repository.py
class Tables(DeclarativeBase):
    """Instead of `Base`, whose tables the migrations make."""


class NoteRow(Owned, Tables):
    __tablename__ = "notes"

    text: Mapped[str] = mapped_column(String(1000))


class NoteRepository(Repository[NoteRow, Note]):
    row, record, ids, not_found = NoteRow, Note, NOTE_IDS, note_not_found


# notes/service.py
class NoteService:
    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock

    async def create(self, actor: Actor, text: str) -> Note:
        note = Note(NOTE_IDS.new(), actor.tenant, text, int(self._clock()))
        await self._database.run(lambda session: NoteRepository(session, actor.tenant).add(note))
        return note

    async def page(self, actor: Actor, paging: Paging) -> tuple[list[Note], bool]:
        return await self._database.run(lambda session: NoteRepository(session, actor.tenant).page(paging))

    async def get(self, actor: Actor, note_id: str) -> Note:
        return await self._database.run(lambda session: NoteRepository(session, actor.tenant).get(note_id))

    async def delete(self, actor: Actor, note_id: str) -> None:
        await self._database.run(lambda session: NoteRepository(session, actor.tenant).delete(note_id), urgent=True)


# notes/schemas.py
class CreateNote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1000)


class NoteObject(FromRecord):
    id: str
    object: Literal["note"] = "note"
    text: str
    created_at: int


class NoteList(ListOf[NoteObject]):
    """一页笔记。"""


# notes/endpoints.py
NOTES = "/v1/notes"
ActorOf = Annotated[Actor, Depends(Authorize("read", "files"))]  # `permissions` has rows for notes once they are served


def note_router(notes: NoteService) -> APIRouter:
    router = APIRouter(prefix=NOTES, tags=["notes"], route_class=JsonRoute)

    @router.post("")
    async def create_note(actor: ActorOf, body: CreateNote) -> NoteObject:
        return NoteObject.model_validate(await notes.create(actor, body.text))

    @router.get("")
    async def list_notes(actor: ActorOf, query: Annotated[ListQuery, Query()]) -> NoteList:
        return NoteList.of(*await notes.page(actor, Paging(query.after, query.limit)))

    @router.get("/{note_id}")
    async def get_note(actor: ActorOf, note_id: str) -> NoteObject:
        return NoteObject.model_validate(await notes.get(actor, note_id))

    @router.delete("/{note_id}", status_code=204)
    async def delete_note(actor: ActorOf, note_id: str) -> None:
        await notes.delete(actor, note_id)

    return router


@pytest.mark.anyio
async def test_a_resource_of_under_150_lines_is_served_to_its_owner_only(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    resource, _, _ = Path(__file__).read_text().rpartition("@pytest.mark.anyio")
    assert len(resource.splitlines()) < 150
    monkeypatch.setitem(ROWS, "note_not_found", NOT_FOUND)
    gateway = make_gateway()
    Tables.metadata.create_all(gateway.database.engine)
    app = create_app(gateway)
    app.include_router(note_router(NoteService(gateway.database, count(1).__next__)), responses=FAILURES)
    ours, theirs = ({"Authorization": f"Bearer {gateway.keys.create(name)[1]}"} for name in "ab")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kantu") as client:
        one, two, three = [(await client.post(NOTES, headers=ours, json={"text": text})).json() for text in "一二三"]
        page = (await client.get(NOTES, headers=ours, params={"limit": 2})).json()
        assert (page["data"], page["has_more"]) == ([three, two], True)
        page = (await client.get(NOTES, headers=ours, params={"limit": 2, "after": page["last_id"]})).json()
        assert (page["data"], page["has_more"]) == ([one], False)
        assert (await client.get(NOTES, headers=theirs)).json()["data"] == []
        for method, path in (("GET", "/{}"), ("DELETE", "/{}"), ("GET", "?after={}")):
            refusal = await client.request(method, NOTES + path.format(one["id"]), headers=theirs)
            assert (refusal.status_code, refusal.json()["error"]["code"]) == (404, "note_not_found")
        for status in (204, 404):
            assert (await client.delete(f"{NOTES}/{one['id']}", headers=ours)).status_code == status
    paths = app.openapi()["paths"]
    assert [list(paths[NOTES + rest]) for rest in ("", "/{note_id}")] == [["post", "get"], ["get", "delete"]]

"""What the security administrator does with groups: their limits, and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.actor import Actor, Limits
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.database.repository import Paging
from kantu.service.groups import repository
from kantu.service.groups.group import GROUP_IDS, Group, described, group_not_found
from kantu.service.people import repository as people
from kantu.service.people.person import PERSON_IDS, Person, check_label, person_not_found

T = TypeVar("T")


class GroupService:
    """What it changes holds from the next request on.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, database: Database, log: AuditLog, *, clock: Callable[[], float]) -> None:
        self._database, self._log, self._clock = database, log, clock

    async def create(self, tenant: str, name: str, limits: Limits) -> Group:
        """Make a group without people.

        Raises:
            InvalidRequestError: `invalid_person_label`.
            ConflictError: `group_exists`.
        """
        check_label("tenant", tenant)
        check_label("name", name)
        group = Group(GROUP_IDS.new(), tenant, name, limits, int(self._clock()))

        def work(session: Session) -> Group:
            repository.add(session, group)
            self._log.record(session, event("create", "policies", group.id, after=described(group)))
            return group

        return await self._unless_broken(work, "group_exists")

    async def page(self, paging: Paging) -> tuple[list[Group], bool]:
        """Groups, oldest first, and whether there are more."""
        return await self._database.run(partial(repository.page, paging=paging), read_only=True)

    async def get(self, group_id: str) -> Group:
        """One group. Raises NotFoundError (`group_not_found`)."""
        return await self._database.run(partial(_get, group_id=group_id), read_only=True)

    async def people(self, group_id: str) -> list[Person]:
        """Who is in a group. Raises NotFoundError (`group_not_found`)."""

        def work(session: Session) -> list[Person]:
            return repository.people_of(session, _get(session, group_id).id)

        return await self._database.run(work, read_only=True)

    async def change(self, group_id: str, name: str, limits: Limits) -> Group:
        """Give a group another name and other limits; its tenant stays.

        Raises:
            InvalidRequestError: `invalid_person_label`.
            NotFoundError: `group_not_found`.
            ConflictError: `group_exists`.
        """
        check_label("name", name)

        def work(session: Session) -> Group:
            before = _get(session, group_id)
            after = repository.change(session, group_id, name=name, limits=limits)
            told = event("update", "policies", group_id, before=described(before), after=described(after))
            self._log.record(session, told)
            return after

        return await self._unless_broken(work, "group_exists")

    async def delete(self, group_id: str) -> None:
        """Delete a group that nobody is in: no limit is lifted by the way.

        Raises:
            NotFoundError: `group_not_found`.
            ConflictError: `group_has_people`.
        """

        def work(session: Session) -> None:
            before = _get(session, group_id)
            repository.remove(session, group_id)
            self._log.record(session, event("delete", "policies", group_id, before=described(before)))

        await self._unless_broken(work, "group_has_people")

    async def put_in(self, actor: Actor, group_id: str, person_id: str) -> Group:
        """Put somebody into a group, out of the one that they were in.

        Raises:
            NotFoundError: `group_not_found`, `person_not_found`.
            ConflictError: `not_oneself`, `group_of_another_tenant`.
        """

        def work(session: Session) -> Group:
            group, person = _get(session, group_id), _person(session, actor, person_id)
            if person.tenant != group.tenant:
                raise error("group_of_another_tenant")
            self._move(session, person, group)
            return group

        return await self._unless_broken(work, "group_not_found")  # it was deleted just now

    async def take_out(self, actor: Actor, group_id: str, person_id: str) -> Group:
        """Take somebody out of a group.

        Raises:
            NotFoundError: `group_not_found`; `person_not_found`, also where the person is not in it.
            ConflictError: `not_oneself`.
        """

        def work(session: Session) -> Group:
            group, person = _get(session, group_id), _person(session, actor, person_id)
            if repository.group_of(session, person_id) != group:
                raise person_not_found()
            self._move(session, person, None)
            return group

        return await self._database.run(work)

    def _move(self, session: Session, person: Person, group: Group | None) -> None:
        former = repository.group_of(session, person.id)
        if group is None:
            repository.take_out(session, person.id)
        else:
            repository.put_in(session, person.id, group.id)
        before, after = ({"group": None if one is None else one.id} for one in (former, group))
        self._log.record(session, event("update", "policies", person.id, before=before, after=after))

    async def _unless_broken(self, work: Callable[[Session], T], code: str) -> T:
        """What `work` comes to, or the error for what the tables do not allow."""
        try:
            return await self._database.run(work)
        except IntegrityError:
            pass
        raise error(code)


def _get(session: Session, group_id: str) -> Group:
    group = repository.find(session, group_id) if GROUP_IDS.fits(group_id) else None
    if group is None:
        raise group_not_found()
    return group


def _person(session: Session, actor: Actor, person_id: str) -> Person:
    """Somebody whose account nobody changes until the transaction ends; not the actor."""
    person = people.lock(session, person_id) if PERSON_IDS.fits(person_id) else None
    if person is None:
        raise person_not_found()
    if actor.person_id == person_id:
        raise error("not_oneself")
    return person

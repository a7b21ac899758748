"""How much may be stored, by one tenant and in all; and what is being written, which counts as stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kantu.errors import error


@dataclass(frozen=True, slots=True)
class Quota:
    """What may be stored: files of one tenant, their bytes, and the bytes of all tenants."""

    tenant_files: int
    tenant_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What is stored: the same three. Results of batches that are not files yet count as bytes."""

    tenant_files: int
    tenant_bytes: int
    total_bytes: int


def check(quota: Quota, usage: Usage, *, files: int = 0, size: int) -> None:
    """Refuse what would go over the quota.

    Args:
        files, size: files and bytes more than there are.

    Raises:
        InvalidRequestError: `too_many_files`, `storage_quota_exceeded`: the tenant's own.
        StoreError: `store_full`: that of all.
    """
    if files and usage.tenant_files + files > quota.tenant_files:
        raise error("too_many_files", most=quota.tenant_files)
    if usage.tenant_bytes + size > quota.tenant_bytes:
        most = quota.tenant_bytes / 2**20
        raise error("storage_quota_exceeded", most=most)
    if usage.total_bytes + size > quota.total_bytes:
        raise error("store_full")


@dataclass(slots=True)
class _Account:
    """Of a tenant, or of all.

    Attributes:
        drafts: open now.
        kept: bytes that the database knew, without those of drafts that had ended before it was asked.
        ended: bytes of all drafts that have ended; they may have been kept.
    """

    drafts: int = 0
    kept: int = 0
    being_written: int = 0
    ended: int = 0

    @property
    def taken(self) -> int:
        """Bytes that are stored, as far as is known, and those that are being written."""
        return self.kept + self.ended + self.being_written


class DraftAccounts:
    """The bytes of drafts in this process, by tenant and in all. On one event loop.

    Of several processes each knows only its own drafts; that what is kept fits is decided in the database.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._tenants: dict[str, _Account] = {}
        self._all = _Account()

    @asynccontextmanager
    async def open(self, tenant: str, usage: Awaitable[Usage]) -> AsyncIterator[Callable[[int], None]]:
        """Around one draft.

        Args:
            usage: asks the database. What ends while it is asked counts besides: it may not have been seen there yet.

        Returns:
            What to call with the bytes that are about to be written; raises as `check`.
        """
        account = self._tenants.setdefault(tenant, _Account())
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            check(self._quota, Usage(0, account.taken, self._all.taken), size=size)
            taken += size
            account.being_written += size
            self._all.being_written += size

        both = (account, self._all)
        for one in both:
            one.drafts += 1
        try:
            before = [one.ended for one in both]
            known = await usage
            for one, stored, ended in zip(both, (known.tenant_bytes, known.total_bytes), before, strict=True):
                one.kept = stored - ended
            yield take
        finally:
            for one in both:
                one.drafts -= 1
                one.being_written -= taken
                one.ended += taken
            if not account.drafts:
                del self._tenants[tenant]

"""Remote pictures: fetched only from domains an operator has listed, and only from the addresses that were checked."""

from __future__ import annotations

from kantu.service.fetch.client import ImageFetcher
from kantu.service.fetch.resolve import Resolve, SystemResolver

__all__ = ["ImageFetcher", "Resolve", "SystemResolver"]

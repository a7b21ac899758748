"""How many files and connections this process may have open."""

from __future__ import annotations

import contextlib
import logging
import resource

_log = logging.getLogger(__name__)

_MOST = 65_536  # enough for every cap that can be set; where there is no hard limit, some libraries count up to it
_RESERVE = 256  # for the database, decoders, the engine, logs, and connections that are being closed or refused


def raise_limit() -> int:
    """Raise the soft limit of open descriptors to the hard one, as far as it is of use.

    Returns:
        The soft limit that holds now.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # some systems have a lower limit of their own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return limit()


def limit() -> int:
    """The soft limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft


def most_connections(wanted: int, descriptors: int) -> int:
    """The connections that `descriptors` are enough for, `wanted` at most: each may have a file open beside itself."""
    return min(wanted, max((descriptors - _RESERVE) // 2, descriptors // 8, 1))


def tell(wanted: int, descriptors: int) -> None:
    """Log what there is, as a warning where it is too little for the connections that the settings allow."""
    allowed = most_connections(wanted, descriptors)
    if allowed < wanted:
        _log.warning("few descriptors, and so fewer connections", extra={"descriptors": descriptors, "count": allowed})
    else:
        _log.info("descriptors", extra={"descriptors": descriptors, "count": allowed})

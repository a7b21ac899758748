"""Accounts, logins and sessions, put together once: for the gateway and for the commands beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.people.account import AccountService
from kantu.service.people.factors import Factors
from kantu.service.people.lockout import Lockout
from kantu.service.people.login import Login
from kantu.service.people.passwords import Passwords
from kantu.service.people.policy import PasswordPolicy
from kantu.service.people.sealing import open_sealer
from kantu.service.people.service import PeopleService
from kantu.service.sessions.service import SessionRules, SessionService
from kantu.service.settings import PeopleSettings

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Identity:
    """What is asked who somebody is, and what changes it."""

    people: PeopleService
    account: AccountService
    sessions: SessionService
    login: Login


def passwords_of(settings: PeopleSettings) -> Passwords:
    """What computes passwords at the cost that is set."""
    return Passwords(memory_kib=settings.hash_memory_kib, passes=settings.hash_passes, lanes=settings.hash_lanes)


def open_identity(
    settings: PeopleSettings,
    home: Path,
    database: Database,
    log: AuditLog,
    *,
    clock: Callable[[], float],
    wrong_passwords: WrongKeys | None = None,
) -> Identity:
    """Put the parts together.

    Args:
        clock: seconds since 1970, which nobody can set while the service runs.
        wrong_passwords: makes trying passwords slow, by address.

    Raises:
        StoreError: `people_key_unusable`.
    """
    passwords = passwords_of(settings)
    lockout = Lockout(settings.lock_tries, settings.lock_minutes * _MINUTE)
    factors = Factors(open_sealer(settings.key_file, home))
    login = Login(database, passwords, lockout, wrong_passwords or WrongKeys(), log, factors.check, clock=clock)
    policy = PasswordPolicy(settings.password_characters, settings.password_classes, settings.password_history)
    rules = SessionRules(
        idle_seconds=settings.session_idle_minutes * _MINUTE,
        most_seconds=settings.session_hours * _HOUR,
        fresh_seconds=settings.fresh_minutes * _MINUTE,
        several=settings.several_sessions,
        password_days=settings.password_days,
        totp_for_all=settings.totp_for_all,
        limits=settings.limits,
    )
    return Identity(
        PeopleService(
            database,
            passwords,
            lockout,
            factors,
            log,
            one_time_seconds=settings.one_time_hours * _HOUR,
            clock=clock,
        ),
        AccountService(
            database, login, passwords, policy, factors, log, totp_for_all=settings.totp_for_all, clock=clock
        ),
        SessionService(database, login, rules, log, clock),
        login,
    )

"""Risk locks: set by losses or by people, lifted by time or by people, always audited.

The rows of ``RiskLock`` are the truth. Copies of what is in force stand on the rows of account and
workspace, written in the same transaction, so that a decision reads them with the account.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.audit import record
from accounts.models import ExchangeAccount, Workspace
from accounts.platform_halt import platform_locks
from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.queue import enqueue
from ailona.kit.tenancy import current_workspace_id
from bots.models import Bot, RiskLock
from trading_core.errors import InvalidInput
from trading_core.risk.levels import Cause, What, Where
from trading_core.risk.locks import Lock

ENFORCE = "bots.enforce"
ENDING = 200
"""Locks with an end that are copied, those that end last first: what has ended drops out by itself."""
REMEMBERED = 50
"""Lifted locks of losses an account remembers, so that the same loss doesn't set them again."""


class NoSuchLock(InvalidInput):
    """A lock that isn't in force."""


def locks_of(account: ExchangeAccount) -> list[Lock]:
    """Return the locks an account knows of: its own, its bots', its workspace's, the platform's; ended ones too."""
    own = [Lock.from_record(row) for row in account.locks]
    above = [Lock.from_record(row) for row in account.workspace.locks]
    above = [lock for lock in above if lock.environment in ("", account.environment)]
    return own + above + platform_locks(account)


def set_by_losses(bot: Bot, locks: Sequence[Lock]) -> None:
    """Write down the locks that losses set in a bot's cycle. The caller holds the transaction."""
    for lock in locks:
        whole = lock.where is Where.WORKSPACE
        _create(
            lock,
            account=None if whole else bot.account,
            bot=bot if lock.where is Where.BOT else None,
            environment=bot.account.environment if whole else "",
        )


def set_lock(
    *,
    what: str,
    reason: str,
    now_ms: int,
    until_ms: int | None = None,
    bot: Bot | None = None,
    account: ExchangeAccount | None = None,
    symbol: str = "",
    actor: str,
) -> RiskLock:
    """Lock a bot, an account or, without either, the whole workspace; a symbol of it, or all.

    The caller holds the transaction. Raise InvalidInput for what can't be locked.
    """
    if what not in (What.ENTRIES, What.AVERAGING, What.ALL, What.FLATTEN):
        raise InvalidInput("what", f"expected entries, averaging, all or flatten, was {what!r}")
    if not reason.strip():
        raise InvalidInput("reason", "say why: it is shown wherever the lock refuses something")
    if until_ms is not None and until_ms <= now_ms:
        raise InvalidInput("until", "expected a time to come")
    where = Where.BOT if bot else Where.ACCOUNT if account else Where.WORKSPACE
    lock = Lock(
        where, What(what), Cause.MANUAL, reason.strip()[:200], now_ms, until_ms, symbol=symbol, by=actor
    )
    return _create(lock, account=bot.account if bot else account, bot=bot)


def _create(
    lock: Lock, *, account: ExchangeAccount | None, bot: Bot | None, environment: str = ""
) -> RiskLock:
    row = RiskLock.objects.create(
        where=lock.where.value, account=account, bot=bot, environment=environment, symbol=lock.symbol,
        what=lock.what.value, cause=lock.cause.value, reason=lock.reason, since_ms=lock.since_ms,
        until_ms=lock.until_ms, set_by=lock.by, created_at=clock.now(),
    )  # fmt: skip
    details = {**lock.numbers(), "symbol": lock.symbol, "account": account.code if account else ""}
    record(
        "lock.set",
        _subject(row),
        lock.by,
        details | {"lock": row.code},
    )
    _copy(account)
    _tell(row)
    return row


def lift_lock(row: RiskLock, *, actor: str) -> RiskLock:
    """Lift a lock in force; a loss that set it doesn't set it again before the next day, or a new peak."""
    lifted = RiskLock.objects.filter(pk=row.pk, lifted_at=None).update(lifted_at=clock.now(), lifted_by=actor)
    if not lifted:
        raise NoSuchLock("lock", "it was lifted before")
    row.refresh_from_db()
    record("lock.lifted", _subject(row), actor, {"lock": row.code, "what": row.what, "reason": row.reason})
    _copy(row.account)
    _tell(row)
    return row


def _subject(row: RiskLock) -> str:
    return row.bot.code if row.bot else row.account.code if row.account else "workspace"


def lock_of(row: RiskLock) -> Lock:
    """Return a row as the core sees it."""
    return Lock(
        Where(row.where), What(row.what), Cause(row.cause), row.reason, row.since_ms, row.until_ms,
        code=row.code, bot=row.bot.code if row.bot else "", symbol=row.symbol, environment=row.environment,
        by=row.set_by, lifted=row.lifted_at is not None,
    )  # fmt: skip


def _copy(account: ExchangeAccount | None) -> None:
    """Write what is in force, and what losses must remember, on the row that decisions read."""
    rows = RiskLock.objects.select_related("bot").order_by("-pk")
    held: ExchangeAccount | Workspace
    if account is None:
        held = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
        rows = rows.filter(account=None)
    else:
        held = ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        rows = rows.filter(account=account)
    held.locks = [lock_of(row).as_record() for row in _known(rows)]
    held.save(update_fields=["locks"])
    if account is not None:
        account.locks = held.locks


def _known(rows: QuerySet[RiskLock]) -> list[RiskLock]:
    """Return every lock without an end, those that end last, and lifted ones of losses."""
    in_force = rows.filter(lifted_at=None)
    endless = list(in_force.filter(until_ms=None))
    ending = list(in_force.exclude(until_ms=None).order_by("-until_ms", "-pk")[:ENDING])
    lifted = list(rows.exclude(lifted_at=None).exclude(cause=Cause.MANUAL.value)[:REMEMBERED])
    return sorted([*endless, *ending, *lifted], key=lambda row: row.pk)


def _tell(row: RiskLock) -> None:
    tell(row.workspace_id, {"type": "lock.changed", "lock": row.code})
    enqueue(ENFORCE, lock_id=row.pk, workspace_id=row.workspace_id)

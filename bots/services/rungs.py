"""The rungs of the risk ladder as rows tell them: limits, equity of day and peak, trades of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Subquery

from accounts.models import ExchangeAccount, PlatformLimits, Workspace
from accounts.platform_halt import ANNOTATION
from accounts.platform_halt import newest as newest_halt
from bots.models import Bot, Claim, EquityMark
from trading_core.engine.limits_schema import parse_limits
from trading_core.engine.snapshot import Snapshot
from trading_core.risk.levels import Held, Level, Limits, Where
from trading_core.risk.tiers import Mark, advance

PLATFORM_DEFAULT: Mapping[str, Any] = {"gross": "25"}
"""Until an operator says otherwise: no account holds more than its equity at the highest leverage."""


def account_on_ladder(account_id: int, *, locking: bool = False) -> ExchangeAccount:
    """Return an account with everything its ladder needs, in one query.

    ``locking`` holds its row, so that bots that share it enter one after the other, and that of a
    workspace with limits, for the same reason.
    """
    newest = PlatformLimits.objects.order_by("-pk").values("limits")[:1]
    rows = ExchangeAccount.objects.select_related("workspace", "equity_mark").annotate(
        platform_limits=Subquery(newest), **{ANNOTATION: newest_halt()}
    )
    if locking:
        rows = rows.select_for_update(of=("self",), no_key=True)
    account = rows.get(pk=account_id)
    if locking and account.workspace.limits:
        account.workspace = Workspace.objects.select_for_update(no_key=True).get(pk=account.workspace_id)
    return account


def platform_limits(account: ExchangeAccount | None = None) -> dict[str, Any]:
    """Return what operators limit every account to, as JSON."""
    if account is not None and "platform_limits" in account.__dict__:
        found = account.__dict__["platform_limits"]
    else:
        found = PlatformLimits.objects.order_by("-pk").values_list("limits", flat=True).first()
    return dict(PLATFORM_DEFAULT if found is None else found)


def mark_of(account: ExchangeAccount) -> Mark | None:
    """Return what is remembered of an account's equity; None before its first close, and after a reset."""
    row: EquityMark | None = getattr(account, "equity_mark", None)
    if row is None or row.generation != account.generation:
        return None
    return Mark(row.day_ms, row.day_start, row.peak, row.peak_ms, row.equity, row.equity_ms)


def levels_of(bot: Bot, snapshot: Snapshot, *, held: tuple[Held, ...], others_gain: int) -> tuple[Level, ...]:
    """Return the rungs of a bot at a close, from the bot up.

    ``held`` and ``others_gain`` are the trades of other bots on the account, and what they gain now.
    A bot's losses are those of its account: on paper that is its own.
    """
    account = bot.account
    mark = advance(
        mark_of(account), snapshot.equity + others_gain, snapshot.close_ms, account.workspace.timezone
    )
    levels = [_level(Where.BOT, snapshot.document.limits, mark), _account_level(account, mark, held)]
    if account.workspace.limits:
        levels.append(workspace_level(account, mark, held_elsewhere(bot, held)))
    platform = parse_limits(platform_limits(account))
    levels.append(_level(Where.PLATFORM, platform, mark, held))
    return tuple(levels)


def _account_level(account: ExchangeAccount, mark: Mark, held: tuple[Held, ...]) -> Level:
    return _level(Where.ACCOUNT, parse_limits(account.limits), mark, held)


def _level(where: Where, limits: Limits, mark: Mark, held: tuple[Held, ...] = ()) -> Level:
    return Level(
        where, limits, mark.equity, mark.day_start, mark.peak, day_ms=mark.day_ms, peak_ms=mark.peak_ms,
        others=held,
    )  # fmt: skip


def held_elsewhere(bot: Bot, held: tuple[Held, ...]) -> tuple[Held, ...]:
    """Return the trades of every other bot on the workspace's accounts of the same environment."""
    claims = Claim.objects.filter(account__environment=bot.account.environment).exclude(bot=bot)
    elsewhere = claims.exclude(account_id=bot.account_id).values_list("symbol", "exposure")
    return (*held, *(Held(symbol, worth) for symbol, worth in elsewhere))


def workspace_level(account: ExchangeAccount, mark: Mark, held: tuple[Held, ...]) -> Level:
    """Return the workspace's rung: its accounts of the same environment together, paper apart from money.

    An account whose day has not begun yet counts with what it had last.
    """
    rows = EquityMark.objects.filter(account__environment=account.environment).exclude(account=account)
    values = list(rows.values_list("equity", "day_start", "peak", "day_ms", "peak_ms"))
    return Level(
        Where.WORKSPACE,
        parse_limits(account.workspace.limits),
        mark.equity + sum(equity for equity, *_ in values),
        mark.day_start + sum(start if day == mark.day_ms else equity for equity, start, _, day, _ in values),
        mark.peak + sum(peak for _, _, peak, _, _ in values),
        day_ms=mark.day_ms,
        peak_ms=max([mark.peak_ms, *(peak_ms for *_, peak_ms in values)]),
        others=held,
    )


def save_mark(bot: Bot, snapshot: Snapshot) -> None:
    """Remember an account's equity, if anything of it changed."""
    account = bot.account
    level = next(level for level in snapshot.levels if level.where is Where.ACCOUNT)
    mark = Mark(level.day_ms, level.day_start, level.peak, level.peak_ms, level.equity, snapshot.close_ms)
    before = mark_of(account)
    if before is not None and _same(before, mark):
        return
    values = {
        "generation": account.generation, "day_ms": mark.day_ms, "day_start": mark.day_start, "peak": mark.peak,
        "peak_ms": mark.peak_ms, "equity": mark.equity, "equity_ms": mark.equity_ms,
    }  # fmt: skip
    if getattr(account, "equity_mark", None) is None:
        EquityMark.objects.bulk_create([EquityMark(account=account, **values)], ignore_conflicts=True)
    else:
        EquityMark.objects.filter(account=account).update(**values)


def _same(one: Mark, other: Mark) -> bool:
    return (one.day_ms, one.day_start, one.peak, one.equity) == (
        other.day_ms, other.day_start, other.peak, other.equity,
    ) or one.equity_ms > other.equity_ms  # fmt: skip

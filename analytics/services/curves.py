"""Equity from the live minutes: several accounts as one curve, without what was paid in or out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F, Max, Min, QuerySet

from bots.models import AccountMinute, Bot, BotMinute
from trading_core.market.timeframe import MINUTE_MS
from trading_core.performance.ledger import EquityRecord

POINTS_MAX = 720
"""A curve has about so many points: more than a screen can tell apart."""


@dataclass(frozen=True, slots=True)
class Point:
    """One account at a minute, money units."""

    account: int
    generation: int
    minute_ms: int
    wallet: int
    unrealised: int
    paid_in: int


def bucket_of(since_ms: int, until_ms: int) -> int:
    """How far the points of a curve over that span lie apart, milliseconds: whole minutes."""
    return max(1, -(-(until_ms - since_ms) // MINUTE_MS // POINTS_MAX)) * MINUTE_MS


def account_points(accounts: Sequence[int], since_ms: int, until_ms: int) -> list[Point]:
    """The last minute of each account in each stretch of a span, and the last one before it; by time."""
    rows = AccountMinute.objects.filter(account__in=accounts)
    found = _last_of_each(rows, "account_id", since_ms, until_ms)
    names = ("account_id", "generation", "minute_ms", "wallet", "unrealised", "paid_in")
    return [Point(*values) for values in found.order_by("minute_ms", "pk").values_list(*names)]


def bot_points(bot: Bot, base: int, since_ms: int, until_ms: int) -> list[Point]:
    """A bot's profit as if it had an account of its own that began with ``base`` money units."""
    found = _last_of_each(BotMinute.objects.filter(bot=bot), "bot_id", since_ms, until_ms)
    names = ("minute_ms", "settled", "unrealised")
    rows = found.order_by("minute_ms", "pk").values_list(*names)
    return [Point(bot.pk, 1, minute_ms, base + settled, open_, 0) for minute_ms, settled, open_ in rows]


def _last_of_each(rows: QuerySet, owner: str, since_ms: int, until_ms: int) -> QuerySet:  # type: ignore[type-arg]
    inside = rows.filter(minute_ms__gt=since_ms, minute_ms__lte=until_ms).order_by()
    oldest = inside.aggregate(oldest=Min("minute_ms"))["oldest"]
    if oldest is None:
        return rows.filter(pk__in=_newest(rows, owner, since_ms))
    bucket = bucket_of(oldest, until_ms)  # by what there is: a young bot's curve is as fine as an old one's
    parts = inside.annotate(part=(F("minute_ms") - oldest + bucket - 1) / bucket).values(owner, "part")
    newest = [*parts.annotate(last=Max("pk")).values_list("last", flat=True)]
    return rows.filter(pk__in=[*newest, *_newest(rows, owner, since_ms)])


def _newest(rows: QuerySet, owner: str, until_ms: int) -> list[int]:  # type: ignore[type-arg]
    """The last minute of each owner until then."""
    before = rows.filter(minute_ms__lte=until_ms).order_by().values(owner)
    return list(before.annotate(last=Max("pk")).values_list("last", flat=True))


def joined(points: Iterable[Point], since_ms: int) -> list[EquityRecord]:
    """One curve of all accounts, points rising in time.

    Flows leave no trace: each account goes on from what it was worth, as does one that was reset. An account
    counts before its first minute with what it had then; what came before the span stands at its start.
    """
    told = list(points)
    latest: dict[int, Point] = {}
    removed: dict[int, int] = {}
    for point in told:
        latest.setdefault(point.account, point)
        removed.setdefault(point.account, point.paid_in)
    wallet = sum(point.wallet for point in latest.values())
    unrealised = sum(point.unrealised for point in latest.values())
    curve: dict[int, EquityRecord] = {}
    for point in told:
        before = latest[point.account]
        after = removed[point.account] + point.paid_in - before.paid_in
        if point.generation != before.generation:
            after += point.wallet + point.unrealised - before.wallet - before.unrealised
            after -= point.paid_in - before.paid_in
        wallet += point.wallet - after - (before.wallet - removed[point.account])
        unrealised += point.unrealised - before.unrealised
        latest[point.account], removed[point.account] = point, after
        at_ms = max(point.minute_ms, since_ms)
        curve[at_ms] = EquityRecord(at_ms, wallet, unrealised)
    return list(curve.values())

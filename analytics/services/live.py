"""How bots really did: the figures of a backtest's report over live executions and live equity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import F, Q, Sum

from analytics.services.curves import account_points, bot_points, joined
from bots.models import AccountDay, Bot, BotDay, ExecutionRow
from bots.services.instruments import latest_instruments
from bots.services.market import market_ms
from bots.services.result import FUNDING
from trading_core.errors import InvalidInput
from trading_core.execution.order import Role, Side
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.performance.columns import Equity, Executions
from trading_core.performance.ledger import EquityRecord, ExecutionRecord, FundingRecord
from trading_core.performance.report import Report, report_of
from trading_core.performance.track import TrackRecord
from trading_core.risk.tiers import day_begins

SPANS = (7, 30, 90, 365)
EXECUTIONS_MAX = 20_000
"""The newest of a span; trades they don't hold whole are left out."""


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day, money units."""

    day: date
    result: int
    start: int
    """Equity it began with; 0 for a single bot, whose capital is its account's."""
    fees: int
    funding: int
    """Paid; negative = received."""
    closes: int

    @property
    def percent(self) -> float | None:
        """The result in percent of what the day began with."""
        return 100 * self.result / self.start if self.start > 0 else None


@dataclass(frozen=True, slots=True)
class Live:
    """Everything about some bots over a span of days."""

    bots: Sequence[Bot]
    since_ms: int
    until_ms: int
    zone: str
    curve: Sequence[EquityRecord]
    days: Sequence[DayLine]
    report: Report | None
    """None while there is nothing to report on."""
    cut: bool
    """Whether the span has more executions than were looked at."""


def live_figures(bots: Sequence[Bot], *, days: int, zone: str) -> Live:
    """Look at bots (accounts loaded) of the active workspace over the last days of their market's clock.

    One bot is looked at by its own profit; several by the accounts they trade on.
    """
    if days not in SPANS:
        raise InvalidInput("days", f"expected one of {', '.join(map(str, SPANS))}, was {days}")
    until_ms = max((market_ms(source) for source in {bot.source for bot in bots}), default=0)
    since_ms = max(0, day_begins(until_ms, zone) - (days - 1) * Timeframe.D1.ms) if until_ms else 0
    curve = _curve(bots, since_ms, until_ms)
    lines = _days(bots, datetime.fromtimestamp(since_ms / 1000, ZoneInfo(zone)).date())
    rows, cut = _executions(bots, since_ms)
    report = _report(bots, curve, rows, zone) if len(curve) > 1 else None
    return Live(bots, since_ms, until_ms, zone, curve, lines, report, cut)


def _curve(bots: Sequence[Bot], since_ms: int, until_ms: int) -> list[EquityRecord]:
    if len(bots) == 1:
        base = bots[0].account.paper_balance or bots[0].account.wallet
        return joined(bot_points(bots[0], base, since_ms, until_ms), since_ms)
    accounts = sorted({bot.account_id for bot in bots})
    return joined(account_points(accounts, since_ms, until_ms), since_ms)


def _days(bots: Sequence[Bot], since: date) -> list[DayLine]:
    """Result by day: of the accounts, or of the only bot; fees, funding and closes are the bots'."""
    ids = [bot.pk for bot in bots]
    spent = {
        row["day"]: row
        for row in BotDay.objects.filter(bot__in=ids, day__gte=since)
        .values("day")
        .annotate(
            made=Sum(
                F("realised") - F("fees") - F("funding") + F("unrealised") - F("unrealised_before")
            ),
            paid=Sum("fees"), funded=Sum("funding"), closed=Sum("closes"),
        )
    }  # fmt: skip
    starts = _account_days(bots, since) if len(bots) != 1 else {}
    return [
        DayLine(day, starts.get(day, (row["made"], 0))[0], starts.get(day, (0, 0))[1],
                row["paid"], row["funded"], row["closed"])
        for day, row in sorted(spent.items())
    ]  # fmt: skip


def _account_days(bots: Sequence[Bot], since: date) -> Mapping[date, tuple[int, int]]:
    """(Result, equity at the start) of each day over all accounts."""
    accounts = {bot.account_id for bot in bots}
    sums = (
        AccountDay.objects.filter(account__in=accounts, day__gte=since)
        .values("day")
        .annotate(made=Sum(F("end") - F("start") - F("paid_in") + F("paid_before")), begun=Sum("start"))
    )
    return {row["day"]: (row["made"], row["begun"]) for row in sums}


def _executions(bots: Sequence[Bot], since_ms: int) -> tuple[list[ExecutionRow], bool]:
    """The newest executions of a span in order, without those of trades that began before it."""
    rows = ExecutionRow.objects.filter(Q(bot__in=[bot.pk for bot in bots]), time_ms__gt=since_ms)
    newest = list(rows.order_by("-time_ms", "-sequence", "-pk")[: EXECUTIONS_MAX + 1])
    newest.reverse()
    begun: set[tuple[int | None, str, int]] = set()
    kept = []
    for row in newest:
        trade = (row.bot_id, row.symbol, row.trade)
        if row.role == Role.ENTRY:
            begun.add(trade)
        if trade in begun:
            kept.append(row)
    return kept, len(newest) > EXECUTIONS_MAX


def _report(
    bots: Sequence[Bot], curve: Sequence[EquityRecord], rows: Sequence[ExecutionRow], zone: str
) -> Report:
    """The report of the span; with several bots, a symbol is one of a bot's: trades of two never mix."""
    of = {bot.pk: bot for bot in bots}
    names: dict[tuple[int, str], str] = {}
    matches, fundings = [], []
    for row in rows:
        if row.bot_id is None:
            continue
        own = row.symbol if len(bots) == 1 else f"{row.symbol} · {of[row.bot_id].name}"
        name = names.setdefault((row.bot_id, row.symbol), own)
        if row.exec_type == FUNDING:
            fundings.append(_funding(row, name))
        elif row.role:  # of a kind nobody knows: it moved nothing
            matches.append(_execution(row, name))
    track = TrackRecord(
        instruments=_instruments(bots, names),
        start_ms=curve[0].close_ms,
        end_ms=curve[-1].close_ms,
        start=curve[0].equity,
        wallet=curve[-1].wallet,
        executions=Executions.of(matches),
        equity=Equity.of(curve[1:]),
        fundings=fundings,
        traded=sorted(set(names.values())),
    )
    return report_of(track, zone=ZoneInfo(zone))


def _instruments(bots: Sequence[Bot], names: Mapping[tuple[int, str], str]) -> dict[str, Instrument]:
    found: dict[str, Instrument] = {}
    for bot in bots:
        ours = {symbol: name for (bot_id, symbol), name in names.items() if bot_id == bot.pk}
        known = latest_instruments(bot.source, bot.category, ours) if ours else {}
        found |= {ours[symbol]: instrument for symbol, instrument in known.items()}
    return found


def _execution(row: ExecutionRow, name: str) -> ExecutionRecord:
    return ExecutionRecord(
        symbol=name, time_ms=row.time_ms, sequence=row.sequence, trade=row.trade, role=Role(row.role),
        leg=row.leg, side=Side(row.side), ticks=row.ticks, lots=row.lots, fee=row.fee, gained=row.realised,
        is_maker=row.is_maker, reason=row.reason,
    )  # fmt: skip


def _funding(row: ExecutionRow, name: str) -> FundingRecord:
    sign = Side(row.side).sign
    return FundingRecord(
        symbol=name, time_ms=row.time_ms, sequence=row.sequence, lots=sign * row.lots, ticks=row.ticks,
        rate_e8=0, paid=row.fee,
    )  # fmt: skip

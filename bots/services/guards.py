"""What a bot's guards look back on, read only for a signal and only if a guard asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import F, Max, Sum

from bots.models import Bot, ExecutionRow, OrderRow
from bots.services.tickers import tickers_for
from trading_core.engine.market_facts import with_market
from trading_core.engine.snapshot import Snapshot
from trading_core.market.timeframe import MINUTE_MS, Timeframe
from trading_core.plan.state import PlanState
from trading_core.risk.guards import Ended
from trading_core.rules.verdict import NO, Verdict

LOOK_BACK_MS = 30 * Timeframe.D1.ms
"""Trades that ended longer ago cool nothing down: the longest pause is as long."""


def may_enter(verdicts: Mapping[str, Verdict | None]) -> bool:
    """Whether any verdict asks for an entry, or may once the bot's own facts are known."""
    return any(said is not None and (said.long != NO or said.short != NO) for said in verdicts.values())


def with_guards(bot: Bot, snapshot: Snapshot, plans: Mapping[str, PlanState]) -> Snapshot:
    """Return the snapshot with what its guards ask for."""
    guards = snapshot.document.guards
    if not may_enter({symbol: facts.verdict for symbol, facts in snapshot.symbols.items()}):
        return snapshot
    if guards.asks_results:
        snapshot = replace(snapshot, trades=_ended(bot, snapshot.close_ms, plans))
    if guards.orders_per_minute is not None:
        since = snapshot.close_ms - MINUTE_MS
        lately = OrderRow.objects.filter(bot=bot, decided_ms__gt=since).count()
        snapshot = replace(snapshot, orders_lately=lately)
    if guards.asks_market:
        snapshot = _on_the_market(bot, snapshot)
    return snapshot


def _ended(bot: Bot, close_ms: int, plans: Mapping[str, PlanState]) -> tuple[Ended, ...]:
    """The trades of a bot that are over, the latest first."""
    since = close_ms - LOOK_BACK_MS
    rows = ExecutionRow.objects.filter(bot=bot, trade__gt=0, time_ms__gte=since)
    sums = rows.values_list("symbol", "trade").annotate(
        net=Sum(F("realised") - F("fee")), last=Max("time_ms")
    )
    closing = rows.exclude(reason="").order_by("time_ms", "sequence")
    reasons = {
        (symbol, trade): why for symbol, trade, why in closing.values_list("symbol", "trade", "reason")
    }
    found = [
        Ended(symbol, last, net, reasons.get((symbol, trade), ""))
        for symbol, trade, net, last in sums
        if not _under_way(plans.get(symbol), trade)
    ]
    return tuple(sorted(found, key=lambda trade: trade.closed_ms, reverse=True))


def _under_way(plan: PlanState | None, trade: int) -> bool:
    return plan is not None and not plan.is_flat and plan.trade == trade


def _on_the_market(bot: Bot, snapshot: Snapshot) -> Snapshot:
    close_ms = snapshot.close_ms
    told = tickers_for(list(snapshot.symbols), bot.source, bot.category, close_ms, close_ms)
    symbols = {
        symbol: with_market(facts, told.get(symbol), close_ms) for symbol, facts in snapshot.symbols.items()
    }
    return replace(snapshot, symbols=symbols)

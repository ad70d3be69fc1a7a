"""The result document of a bot that ran on the live path: its rows, in the shape of a backtest."""

from __future__ import annotations

from typing import Any

from bots.models import Bot, EquityPoint, ExecutionRow, OrderRow
from bots.services import journal, store
from bots.services.documents import document_of
from bots.services.facts import symbols_of
from bots.services.instruments import latest_instruments
from trading_core.backtest.result import Played, result_document
from trading_core.errors import InvalidInput
from trading_core.execution.order import Role, Side
from trading_core.market.series import SeriesKey
from trading_core.performance.ledger import (
    DecisionRecord,
    EquityRecord,
    ExecutionRecord,
    FundingRecord,
    OrderRecord,
)

FUNDING = "Funding"


def result_of(bot: Bot) -> dict[str, Any]:
    """Return what a bot's run came to; raises ``InvalidInput`` before its first decision."""
    return result_document(played_of(bot), driver="live")


def played_of(bot: Bot) -> Played:
    """Return a bot's rows as the record of a run."""
    closes = journal.span(bot)
    if closes is None:
        raise InvalidInput(bot.code, "expected a bot that has decided at least one close")
    first, last = closes
    start_ms = first - store.BASE.ms
    return Played(
        document=document_of(bot),
        instruments=latest_instruments(bot.source, bot.category, symbols_of(bot)),
        start_ms=start_ms,
        end_ms=last,
        candles=_minutes(bot, start_ms, last),
        decisions=decisions_of(bot),
        orders=orders_of(bot),
        executions=executions_of(bot),
        equity=equity_of(bot),
        fundings=fundings_of(bot),
        funding="as the exchange settled it",
        judged_by="exchange",
        engine="live",
        wallet=bot.account.wallet,
    )


def _minutes(bot: Bot, start_ms: int, end_ms: int) -> int:
    times: set[int] = set()
    for symbol in symbols_of(bot):
        key = SeriesKey(bot.source, bot.category, symbol, store.BASE)
        times.update(store.candles(key, start_ms, end_ms).open_time.tolist())
    return len(times)


def decisions_of(bot: Bot) -> list[DecisionRecord]:
    """Return the outcomes of a bot in the order of time."""
    return [
        DecisionRecord(d.symbol, d.close_ms, d.code, d.leaves.hex(), d.details)
        for d in journal.decisions(bot, newest_first=False)
    ]


def orders_of(bot: Bot) -> list[OrderRecord]:
    """Return the orders of a bot in the order they were planned."""
    return [_order(row) for row in OrderRow.objects.filter(bot=bot).order_by("pk")]


def _order(row: OrderRow) -> OrderRecord:
    return OrderRecord(
        row.symbol, row.trade, Role(row.role), row.leg, row.revision, Side(row.side), row.ticks, row.lots,
        row.filled, row.reduce_only, row.state, row.decided_ms, row.reason,
    )  # fmt: skip


def executions_of(bot: Bot) -> list[ExecutionRecord]:
    """Return the matches of a bot's orders and stops, as they were applied; funding is no match."""
    rows = (
        ExecutionRow.objects.filter(bot=bot).exclude(exec_type=FUNDING).order_by("time_ms", "sequence", "pk")
    )
    return [
        ExecutionRecord(
            symbol=row.symbol,
            time_ms=row.time_ms,
            sequence=row.sequence,
            trade=row.trade,
            role=Role(row.role),
            leg=row.leg,
            side=Side(row.side),
            ticks=row.ticks,
            lots=row.lots,
            fee=row.fee,
            gained=row.realised,
            is_maker=row.is_maker,
            reason=row.reason,
        )
        for row in rows
    ]


def fundings_of(bot: Bot) -> list[FundingRecord]:
    """Return the funding a bot's positions paid; its rows are told on the side that would close them."""
    rows = ExecutionRow.objects.filter(bot=bot, exec_type=FUNDING).order_by("time_ms", "sequence", "pk")
    return [
        FundingRecord(
            row.symbol, row.time_ms, row.sequence, Side(row.side).opposite.sign * row.lots, row.ticks, None, row.fee
        )
        for row in rows
    ]  # fmt: skip


def equity_of(bot: Bot) -> list[EquityRecord]:
    """Return the equity of a bot's account at its closes."""
    rows = EquityPoint.objects.filter(bot=bot).order_by("close_ms")
    return [EquityRecord(*values) for values in rows.values_list("close_ms", "wallet", "unrealised")]

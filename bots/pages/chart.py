"""Numbers of the charts: candles with executions and lines, and equity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bots.models import Bot, EquityPoint, ExecutionRow, OrderRow, Plan, PositionRow
from bots.pages.market import average_price
from bots.services import store
from bots.services.instruments import latest_instruments
from trading_core.execution.order import OPEN_STATES, Role
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.money import amount
from trading_core.plan.state import Phase, PlanState

CANDLES_MAX = 600
EXECUTIONS_MAX = 400
EQUITY_ROWS_MAX = 6_000
EQUITY_POINTS_MAX = 600

_LETTER: Mapping[str, str] = {
    Role.ENTRY: "E", Role.AVERAGE: "A", Role.TAKE_PROFIT: "TP", Role.EXIT: "X", Role.STOP: "SL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A price line."""

    kind: str
    price: float
    title: str


def chart_data(bot: Bot, symbol: str) -> dict[str, Any]:
    """Candles of the bot's timeframe with the bot's executions and lines, JSON-able; times in seconds."""
    timeframe = Timeframe(bot.timeframe)
    instrument = latest_instruments(bot.source, bot.category, [symbol]).get(symbol)
    candles = _candles(SeriesKey(bot.source, bot.category, symbol, timeframe))
    step = timeframe.ms // 1000
    since = int(candles.open_time[0]) if len(candles) else 0
    return {
        "symbol": symbol,
        "step": step,
        "precision": places(instrument),
        "tick": float(instrument.tick_size) if instrument else 0.01,
        "candles": rows(candles),
        "executions": marks(bot, symbol, instrument, since, timeframe),
        "lines": [asdict(line) for line in _lines(bot, symbol, instrument)],
    }


def _candles(key: SeriesKey) -> Candles:
    newest = store.last_open(key.at(Timeframe.M1))
    if newest is None:
        return Candles.of([])
    end = newest + Timeframe.M1.ms
    # One more step, so that the candle that is still being built from base candles is there as well.
    first = (end - CANDLES_MAX * key.timeframe.ms) // key.timeframe.ms * key.timeframe.ms
    return store.candles(key, first, end)


def rows(candles: Candles) -> list[list[float]]:
    """Time in seconds, open, high, low, close, volume of each."""
    columns = (candles.open_time, candles.open, candles.high, candles.low, candles.close, candles.volume)
    return [[int(t) // 1000, *map(float, rest)] for t, *rest in zip(*columns, strict=True)]


def places(instrument: Instrument | None) -> int:
    """Decimals of a price."""
    exponent = instrument.tick_size.normalize().as_tuple().exponent if instrument else -2
    return max(0, -int(exponent))


def marks(
    bot: Bot,
    symbol: str,
    instrument: Instrument | None,
    since: int,
    timeframe: Timeframe,
    until: int | None = None,
) -> list[dict[str, Any]]:
    """The bot's fills between two times, oldest first."""
    if instrument is None:
        return []
    fills = ExecutionRow.objects.filter(bot=bot, symbol=symbol, time_ms__gt=since, exec_type="Trade")
    if until is not None:
        fills = fills.filter(time_ms__lte=until)
    newest = reversed(fills.order_by("-time_ms", "-sequence")[:EXECUTIONS_MAX])
    return [_mark(row, instrument, timeframe) for row in newest]


def _mark(row: ExecutionRow, instrument: Instrument, timeframe: Timeframe) -> dict[str, Any]:
    """A fill stands on the candle it happened in: what is stamped with a close belongs to the candle that closed."""
    opened = (row.time_ms - 1) // timeframe.ms * timeframe.ms
    return {
        "time": opened // 1000,
        "side": row.side,
        "role": row.role,
        "price": str(instrument.price(row.ticks)),
        "text": _LETTER.get(row.role, ""),
    }


def _lines(bot: Bot, symbol: str, instrument: Instrument | None) -> list[Line]:
    if instrument is None:
        return []
    position = (
        PositionRow.objects.filter(account_id=bot.account_id, symbol=symbol, bot=bot).exclude(lots=0).first()
    )
    orders = OrderRow.objects.filter(bot=bot, symbol=symbol, state__in=OPEN_STATES, ticks__isnull=False)
    standing = list(orders.order_by("role", "leg"))
    return [
        *_position_lines(position, instrument),
        *(_order_line(order, instrument) for order in standing),
        *_ladder_lines(bot, symbol, instrument, standing, held=position is not None),
    ]


def _position_lines(position: PositionRow | None, instrument: Instrument) -> Iterable[Line]:
    if position is None:
        return
    average = average_price(position.cost, position.lots, instrument)
    if average is not None:
        yield Line("average", float(average), "avg")
    if position.stop_ticks is not None:
        yield Line("stop", float(instrument.price(position.stop_ticks)), "stop")


def _order_line(order: OrderRow, instrument: Instrument) -> Line:
    price = float(instrument.price(order.ticks or 0))
    if order.role == Role.AVERAGE:
        return Line("leg", price, f"leg {order.leg}")
    return (
        Line("target", price, "target")
        if order.role == Role.TAKE_PROFIT
        else Line("entry", price, order.role)
    )


def _ladder_lines(
    bot: Bot, symbol: str, instrument: Instrument, standing: Sequence[OrderRow], *, held: bool
) -> Iterable[Line]:
    """Legs that are planned but don't rest yet."""
    plan = Plan.objects.filter(bot=bot, symbol=symbol).first()
    if plan is None or not held:
        return
    state = PlanState.from_record(plan.state)
    if state.phase is not Phase.OPEN:
        return
    placed = OrderRow.objects.filter(bot=bot, symbol=symbol, trade=state.trade, role=Role.AVERAGE)
    taken = {order.leg for order in standing if order.role == Role.AVERAGE} | set(
        placed.values_list("leg", flat=True)
    )
    for number, leg in enumerate(state.legs, start=1):
        if number not in taken:
            yield Line("leg", float(instrument.price(leg.ticks)), f"leg {number} (waits)")


def equity_data(bots: Sequence[Bot]) -> dict[str, Any]:
    """Equity of these bots' accounts over time, summed, JSON-able; money as strings, times in seconds.

    An account without a point at some instant counts with its last one, or, before its first, with that.
    """
    accounts = {bot.pk: bot.account_id for bot in bots}
    rows = EquityPoint.objects.filter(bot__in=accounts).order_by("-close_ms")[:EQUITY_ROWS_MAX]
    points = [
        (close_ms, accounts[bot_id], wallet + unrealised)
        for bot_id, close_ms, wallet, unrealised in rows.values_list(
            "bot_id", "close_ms", "wallet", "unrealised"
        )
    ]
    curve = _summed(list(reversed(points)))
    base = sum(
        {
            bot.account_id: bot.account.paper_balance
            for bot in bots
            if bot.pk in accounts and bot.account.wallet
        }.values()
    )
    return {
        "base": str(amount(base)) if base else _first(curve),
        "points": [[close_ms // 1000, str(amount(value))] for close_ms, value in _thinned(curve)],
    }


def _first(curve: Sequence[tuple[int, int]]) -> str:
    return str(amount(curve[0][1])) if curve else "0"


def _summed(points: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    latest: dict[int, int] = {}
    for _, account, value in points:
        latest.setdefault(account, value)
    total = sum(latest.values())
    curve: dict[int, int] = {}
    for close_ms, account, value in points:
        total += value - latest[account]
        latest[account] = value
        curve[close_ms] = total
    return sorted(curve.items())


def _thinned(curve: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most so many points, the newest always among them."""
    step = max(1, -(-len(curve) // EQUITY_POINTS_MAX))
    return curve[::-1][::step][::-1]

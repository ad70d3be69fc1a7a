"""Open positions with what they are worth now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bots.models import Bot, PositionRow
from bots.pages.market import average_price, market_price
from bots.services.instruments import latest_instruments
from bots.services.latest import last_closes
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument

Place = tuple[str, str, str]
"""Source, category, symbol."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One open position."""

    account_id: int
    bot_id: int | None
    bot_code: str
    bot_name: str
    symbol: str
    coin: str
    is_long: bool
    qty: Decimal
    average: Decimal | None
    price: Decimal | None
    notional: int
    unrealised: int | None
    """None while no price is stored."""
    percent: Decimal | None
    """Unrealised as a part of what was paid for the position."""
    stop: Decimal | None
    stop_percent: Decimal | None
    """How far the price is from the stop."""
    leverage: Decimal

    @property
    def direction(self) -> str:
        """Long or short."""
        return "Long" if self.is_long else "Short"


def holdings(rows: Iterable[PositionRow]) -> list[Holding]:
    """The open ones among these positions (with their bots loaded), valued at the last stored close."""
    open_rows = [row for row in rows if row.lots]
    places = {row.pk: _place(row) for row in open_rows}
    closes = last_closes(places.values())
    instruments = _instruments(places.values())
    return [
        _holding(row, instruments[place], closes.get(place))
        for row in open_rows
        if (place := places[row.pk]) in instruments
    ]


def _place(row: PositionRow) -> Place:
    bot = row.bot
    return (bot.source, bot.category, row.symbol) if bot is not None else ("", "", row.symbol)


def _instruments(places: Iterable[Place]) -> dict[Place, Instrument]:
    groups: dict[tuple[str, str], set[str]] = {}
    for source, category, symbol in places:
        groups.setdefault((source, category), set()).add(symbol)
    return {
        (source, category, symbol): instrument
        for (source, category), symbols in groups.items()
        for symbol, instrument in latest_instruments(source, category, symbols).items()
    }


def _holding(row: PositionRow, instrument: Instrument, close: float | None) -> Holding:
    bot: Bot | None = row.bot
    average = average_price(row.cost, row.lots, instrument)
    price = None if close is None else market_price(close, instrument)
    position = Position(lots=row.lots, cost=row.cost, realised=row.realised, fees=row.fees)
    ticks = None if close is None else instrument.nearest_ticks(close)
    unrealised = None if ticks is None else position.unrealised(ticks, instrument)
    paid = instrument.notional_floor(row.cost)
    stop = None if row.stop_ticks is None else instrument.price(row.stop_ticks)
    return Holding(
        account_id=row.account_id,
        bot_id=row.bot_id,
        bot_code=bot.code if bot else "",
        bot_name=bot.name if bot else "",
        symbol=row.symbol,
        coin=instrument.base_coin,
        is_long=row.lots > 0,
        qty=instrument.qty(abs(row.lots)),
        average=average,
        price=price,
        notional=instrument.notional_floor((ticks or 0) * abs(row.lots)),
        unrealised=unrealised,
        percent=None if unrealised is None or not paid else Decimal(unrealised) * 100 / paid,
        stop=stop,
        stop_percent=None if stop is None or not price else (stop - price) * 100 / price,
        leverage=Decimal(row.leverage_ppm).scaleb(-6),
    )


def unrealised_by_account(found: Iterable[Holding]) -> Mapping[int, int]:
    """Σ unrealised money of each account."""
    sums: dict[int, int] = {}
    for holding in found:
        sums[holding.account_id] = sums.get(holding.account_id, 0) + (holding.unrealised or 0)
    return sums

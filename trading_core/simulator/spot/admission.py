"""What is checked before a spot order is accepted; refusals change nothing."""

from __future__ import annotations

from typing import Protocol

from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.money import MONEY_SCALE, PPM, mul_div_ceil, mul_div_floor
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import SimOrder
from trading_core.simulator.spot.orders import SpotOrder
from trading_core.simulator.spot.refusals import SpotRefusal, SpotRefused

MAX_ORDERS = 500
"""Open spot orders of an account (Bybit)."""


class Holdings(Protocol):
    """What the checks look at."""

    @property
    def ledger(self) -> Ledger:
        """Wallet and links."""

    def instrument(self, symbol: str) -> Instrument:
        """The pair."""

    def free(self, coin: str) -> int:
        """10⁻⁸ of a base coin that may be sold."""

    def open_orders(self) -> list[SpotOrder]:
        """Open orders."""


def lots_to_take(instrument: Instrument, order: SpotOrder, ticks: int) -> int:
    """Lots a market order fills at that price: as given, or as many as its amount pays for."""
    return instrument.lots_for(order.amount, ticks) if order.in_quote else order.lots


def check_arrival(desk: Holdings, order: SimOrder, *, amount: int, market: int) -> None:
    """Refuse an order that may not be placed, or can't be paid for; raise SpotRefused."""
    instrument = desk.instrument(order.symbol)
    if order.link and order.link in desk.ledger.links:
        raise SpotRefused(SpotRefusal.DUPLICATE_LINK)
    if len(desk.open_orders()) >= MAX_ORDERS:
        raise SpotRefused(SpotRefusal.TOO_MANY_ORDERS)
    slip = desk.ledger.params.slip_ticks(market)
    ticks = max(1, market + order.side.sign * slip) if order.ticks is None else order.ticks
    if amount and amount < instrument.min_notional:
        raise SpotRefused(SpotRefusal.VALUE_BELOW_LEAST)
    lots = instrument.lots_for(amount, ticks) if amount else order.lots
    check_bounds(instrument, order.side, lots=lots, ticks=ticks, limit=order.ticks, market=market)
    if not amount:
        check_value(instrument, lots=lots, ticks=ticks)
    check_funds(desk, instrument, order.side, lots=lots, ticks=ticks)


def check_amendment(desk: Holdings, order: SpotOrder, changed: SpotOrder, *, market: int) -> None:
    """Refuse an amendment that may not be, or can't be paid for; raise SpotRefused."""
    instrument = desk.instrument(order.symbol)
    assert changed.ticks is not None
    assert order.ticks is not None
    lots, ticks = changed.lots, changed.ticks
    check_bounds(instrument, order.side, lots=lots, ticks=ticks, limit=ticks, market=market)
    check_value(instrument, lots=lots, ticks=ticks)
    if order.side is Side.BUY:
        held = instrument.notional_ceil(order.leaves * order.ticks)
        if instrument.notional_ceil(lots * ticks) > desk.ledger.available() + held:
            raise SpotRefused(SpotRefusal.NO_BALANCE)
    elif base_units(instrument, lots - order.leaves) > desk.free(instrument.base_coin):
        raise SpotRefused(SpotRefusal.NO_BALANCE)


def check_bounds(
    instrument: Instrument, side: Side, *, lots: int, ticks: int, limit: int | None, market: int
) -> None:
    """Refuse quantities outside the pair's bounds and limit prices too far beyond the last price."""
    if lots < instrument.min_lots:
        raise SpotRefused(SpotRefusal.QTY_BELOW_LEAST)
    if lots > (instrument.max_market_lots if limit is None else instrument.max_lots):
        raise SpotRefused(SpotRefusal.QTY_ABOVE_MOST)
    if limit is None:
        return
    reach = instrument.price_limit_x_ppm
    if side is Side.BUY and ticks > (most := mul_div_floor(market, PPM + reach, PPM)):
        told = f"Buy order price cannot be higher than {instrument.price(most):f}."
        raise SpotRefused(SpotRefusal.PRICE_TOO_HIGH, told)
    if side is Side.SELL and ticks < (least := mul_div_ceil(market, PPM - reach, PPM)):
        told = f"Sell order price cannot be lower than {instrument.price(least):f}."
        raise SpotRefused(SpotRefusal.PRICE_TOO_LOW, told)


def check_value(instrument: Instrument, *, lots: int, ticks: int) -> None:
    """Refuse an order worth less than the least amount."""
    if instrument.notional_ceil(lots * ticks) < instrument.min_notional:
        raise SpotRefused(SpotRefusal.VALUE_BELOW_LEAST)


def check_funds(desk: Holdings, instrument: Instrument, side: Side, *, lots: int, ticks: int) -> None:
    """Refuse what the coins at hand don't pay for; the fee is taken from what is received."""
    if side is Side.BUY:
        is_short = instrument.notional_ceil(lots * ticks) > desk.ledger.available()
    else:
        is_short = base_units(instrument, lots) > desk.free(instrument.base_coin)
    if is_short:
        raise SpotRefused(SpotRefusal.NO_BALANCE)


def base_units(instrument: Instrument, lots: int) -> int:
    """10⁻⁸ base coins in so many lots."""
    return lots * int(instrument.qty_step * MONEY_SCALE)

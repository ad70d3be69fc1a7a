"""Small markets for the simulator's tests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.money import money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.orders import (
    SimOrder,
)
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.walk import CandleTicks

SYMBOL = "ETHUSDT"
OPEN_MS = 1_700_000_040_000
CLOSE_MS = OPEN_MS + 60_000


def instrument(symbol: str = SYMBOL) -> Instrument:
    """A perpetual with a tick of 0.01 and a lot of 0.01."""
    return Instrument(
        category="linear",
        symbol=symbol,
        base_coin=symbol.removesuffix("USDT"),
        settle_coin="USDT",
        tick_size=Decimal("0.01"),
        qty_step=Decimal("0.01"),
        min_lots=1,
        max_lots=724_000,
        max_market_lots=72_400,
        min_notional=money("5"),
        max_leverage=Decimal(100),
        maintenance_ppm=5_000,
        funding_interval_min=480,
    )


def account(
    price: int = 100_000, *, wallet: str = "10000", quotes: Quotes | None = None, slippage_ppm: int = 100
) -> SimAccount:
    """An account on a market that stands at a price (in ticks)."""
    standing = {SYMBOL: (price, OPEN_MS)} if quotes is None else quotes
    params = MatchingParams(slippage_ppm=slippage_ppm)
    return SimAccount({SYMBOL: instrument()}, quotes=standing, params=params, wallet=money(wallet))


def market(side: Side, lots: int, **changes: object) -> SimOrder:
    """A market order."""
    return SimOrder(SYMBOL, side, lots, None, **changes)  # type: ignore[arg-type]


def limit(side: Side, lots: int, ticks: int, **changes: object) -> SimOrder:
    """A limit order."""
    return SimOrder(SYMBOL, side, lots, ticks, **changes)  # type: ignore[arg-type]


def post_only(side: Side, lots: int, ticks: int) -> SimOrder:
    """A limit order that refuses to take."""
    return limit(side, lots, ticks, time_in_force=TimeInForce.POST_ONLY)


def play(
    subject: SimAccount, o: int, h: int, low: int, c: int, *, volume: float = 100.0
) -> list[list[Event]]:
    """Walk the minute behind the standing quote to its end; return the batches of events."""
    close_ms = subject.ledger.quotes[SYMBOL][1] + 60_000
    subject.start_walk(SYMBOL, CandleTicks(o, h, low, c), volume=volume, close_ms=close_ms)
    batches = []
    while batch := subject.advance(SYMBOL):
        batches.append(batch)
    subject.end_walk(SYMBOL)
    subject.ledger.quotes[SYMBOL] = (c, close_ms)
    return batches


def fills(events: list[Event] | list[list[Event]]) -> list[Executed]:
    """The executions among events."""
    flat = [e for part in events for e in (part if isinstance(part, list) else [part])]
    return [e for e in flat if isinstance(e, Executed)]


def refused(subject: SimAccount, order: SimOrder) -> int:
    """The code of the refusal, which changes nothing."""
    before = subject.as_record()
    with pytest.raises(SimRefused) as caught:
        subject.place(order)
    assert subject.as_record() == before
    return caught.value.code

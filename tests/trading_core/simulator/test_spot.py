"""Spot sums hold through any story: coins and money only change hands at known prices and fees."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import known_instrument
from trading_core.money import money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.orders import (
    SimOrder,
)
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.spot.admission import base_units
from trading_core.simulator.spot.desk import FEE_PPM, SpotDesk
from trading_core.simulator.spot.orders import SpotExecuted
from trading_core.simulator.walk import CandleTicks
from trading_core.venue.instruments import spot_instrument

SYMBOL, START = "ETHUSDT", 100_000
WALLET = money("5000")


def pair() -> Instrument:
    contract = known_instrument(SYMBOL)
    assert contract is not None
    return spot_instrument(contract)


def desk_at(ticks: int) -> tuple[SpotDesk, Quotes]:
    contract = known_instrument(SYMBOL)
    assert contract is not None
    quotes: Quotes = {SYMBOL: (ticks, 0)}
    sim = SimAccount({SYMBOL: contract}, quotes=quotes, params=MatchingParams(), wallet=WALLET)
    return SpotDesk(sim.ledger, {SYMBOL: pair()}), quotes


ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from([Side.BUY, Side.SELL]),
            st.integers(1, 300_000),
            st.one_of(st.none(), st.integers(-4_000, 4_000)),
            st.sampled_from(list(TimeInForce)),
        ),
        st.tuples(st.just("amount"), st.sampled_from([Side.BUY, Side.SELL]), st.integers(1, 4 * WALLET)),
        st.tuples(st.just("move"), st.integers(-1_000, 1_000)),
        st.tuples(st.just("cancel"), st.integers(1, 20)),
        st.tuples(st.just("amend"), st.integers(1, 20), st.integers(1, 300_000), st.integers(-4_000, 4_000)),
    ),
    max_size=25,
)


def act(desk: SpotDesk, quotes: Quotes, action: tuple[Any, ...], at: int) -> list[Any]:
    market = quotes[SYMBOL][0]
    if action[0] == "move":
        target = market + action[1]
        events: list[Any] = desk.move(SYMBOL, min(market, target), max(market, target), time_ms=at)
        quotes[SYMBOL] = (target, at)
        return events
    if action[0] == "cancel":
        return desk.cancel(SYMBOL, action[1])
    if action[0] == "amend":
        return desk.amend(SYMBOL, action[1], lots=action[2], ticks=market + action[3])
    if action[0] == "amount":
        return desk.place(SimOrder(SYMBOL, action[1], 0, None), amount=action[2])
    ticks = None if action[3] is None else market + action[3]
    return desk.place(SimOrder(SYMBOL, action[1], action[2], ticks, time_in_force=action[4]))


@settings(max_examples=150, deadline=None)
@given(actions=ACTIONS)
def test_coins_and_money_add_up(actions: list[tuple[Any, ...]]) -> None:
    desk, quotes = desk_at(START)
    instrument, money_left, coins_left = pair(), WALLET, 0
    for at, action in enumerate(actions, start=1):
        before = (desk.ledger.wallet, desk.ledger.locked, desk.as_record())
        try:
            events = act(desk, quotes, action, at)
        except SimRefused:
            assert (desk.ledger.wallet, desk.ledger.locked, desk.as_record()) == before
            continue
        for event in (event for event in events if isinstance(event, SpotExecuted)):
            base, value = base_units(instrument, event.lots), instrument.value_scale
            exact = Decimal(event.ticks * event.lots * value[0]) / value[1]
            if event.side is Side.BUY:
                money_left -= int(exact.to_integral_value(rounding="ROUND_CEILING"))
                coins_left += base - -(-base * FEE_PPM // 10**6)
            else:
                gained = int(exact)
                money_left += gained - -(-gained * FEE_PPM // 10**6)
                coins_left -= base
        assert (desk.ledger.wallet, desk.coins.get("ETH", 0)) == (money_left, coins_left)
        assert 0 <= desk.ledger.locked <= desk.ledger.wallet
        assert 0 <= desk.frozen("ETH") <= coins_left or not coins_left
        assert all(order.is_open and order.leaves > 0 for order in desk.open_orders())


@settings(max_examples=50, deadline=None)
@given(actions=ACTIONS)
def test_a_desk_wakes_as_it_slept(actions: list[tuple[Any, ...]]) -> None:
    desk, quotes = desk_at(START)
    for at, action in enumerate(actions, start=1):
        try:
            act(desk, quotes, action, at)
        except SimRefused:
            continue
    other, _ = desk_at(START)

    other.wake(desk.as_record())

    assert other.as_record() == desk.as_record()
    assert [asdict(order) for order in other.open_orders()] == [asdict(order) for order in desk.open_orders()]
    assert other.ledger.locked == desk.ledger.locked


@pytest.mark.parametrize("low, filled", [(99_000, False), (98_999, True)])
def test_a_touch_is_not_a_fill(low: int, filled: bool) -> None:
    desk, _ = desk_at(START)
    desk.place(SimOrder(SYMBOL, Side.BUY, 100_000, 99_000))

    events = desk.play(SYMBOL, CandleTicks(START, START, low, START), close_ms=60_000)

    assert bool(events) is filled
    assert bool(desk.open_orders()) is not filled

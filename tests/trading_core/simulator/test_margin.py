"""Liquidation by tiers against a plain oracle in fractions, over made-up and recorded tables."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.market.recorded_tiers import recorded
from tests.trading_core.simulator.worlds import (
    SYMBOL,
    account,
    fills,
    instrument,
    limit,
    market,
    play,
    refused,
)
from trading_core.execution.margin import liquidation_ticks, maintenance_margin
from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.tiers import Tiers, plausible_tiers, tier_of
from trading_core.money import PPM, money
from trading_core.simulator.refusals import SimRefused

MADE_UP = plausible_tiers(money("100000"), 20_000, instrument().max_leverage / 4)
LOWEST = MADE_UP[:3]


def oracle_margin(tiers: Tiers, value: Fraction) -> Fraction:
    """Maintenance margin of a value in settle coin: slices of the value at the rates of their tiers."""
    margin, below = Fraction(0), Fraction(0)
    for index, tier in enumerate(tiers):
        limit_ = Fraction(tier.limit, 10**8)
        top = value if index == len(tiers) - 1 else min(value, limit_)
        margin += max(Fraction(0), top - below) * Fraction(tier.maintenance_ppm, PPM)
        below = limit_
    return margin


def oracle_price(tiers: Tiers, entry: Fraction, size: Fraction, leverage: Fraction, sign: int) -> Fraction:
    """Price (settle coin) that leaves the maintenance margin of the entry value."""
    value = entry * size
    return entry - sign * (value / leverage - oracle_margin(tiers, value)) / size


def compare(tiers: Tiers, ticks: int, lots: int, leverage_ppm: int, sign: int) -> None:
    told = replace(instrument(), tiers=tiers)
    entry, size = Fraction(ticks, 100), Fraction(lots, 100)
    leverage_ppm = min(leverage_ppm, tier_of(tiers, money("1") * ticks * lots // 10_000).leverage_ppm)
    position = Position(lots=sign * lots, cost=ticks * lots)

    found = liquidation_ticks(position, leverage_ppm, told)

    exact = oracle_price(tiers, entry, size, Fraction(leverage_ppm, PPM), sign) * 100
    assert found is not None
    rounded = ceil(exact) if sign > 0 else floor(exact)
    slack = 1 + ticks // PPM  # one part in a million of the price: 1/leverage is cut to that
    assert abs(found - rounded) <= slack
    margin = Fraction(maintenance_margin(position.cost, told), 10**8)
    assert 0 <= margin - oracle_margin(tiers, entry * size) < Fraction(2, 10**8)


positions = st.tuples(
    st.integers(1_000, 20_000_000), st.integers(1, 5_000_000), st.integers(1, 125), st.sampled_from([1, -1])
)


@settings(max_examples=300, deadline=None)
@given(case=positions)
def test_liquidation_agrees_with_the_oracle(case: tuple[int, int, int, int]) -> None:
    ticks, lots, leverage, sign = case
    compare(MADE_UP, ticks, lots, leverage * PPM, sign)


@pytest.mark.real_data
@settings(max_examples=300, deadline=None)
@given(case=positions, symbol=st.sampled_from(["BTCPERP", "RVNUSDT"]))
def test_liquidation_agrees_with_the_oracle_on_recorded_tiers(
    market_data: Path, case: tuple[int, int, int, int], symbol: str
) -> None:
    ticks, lots, leverage, sign = case
    compare(recorded(market_data)[symbol], ticks, lots, leverage * PPM, sign)


@pytest.mark.real_data
def test_liquidation_at_every_border_of_the_recorded_tiers(market_data: Path) -> None:
    for tiers in recorded(market_data).values():
        for tier in tiers:
            lots = tier.limit // money("10")  # at a price of 1 000 and lots of 0.01
            for around in (lots - 1, lots, lots + 1):
                for sign in (1, -1):
                    compare(tiers, 100_000, around, tier.leverage_ppm, sign)


def test_a_position_of_a_higher_tier_is_taken_over_earlier() -> None:
    subject = account(wallet="1000000")
    listed = dict(subject.ledger.instruments)
    subject.ledger.instruments = {SYMBOL: replace(listed[SYMBOL], tiers=MADE_UP)}
    subject.place(market(Side.BUY, 20_000))
    level = subject.ledger.book(SYMBOL).liquidation()
    assert level is not None

    entry = subject.position(SYMBOL).cost / 20_000
    margin = float(oracle_margin(MADE_UP, Fraction(subject.position(SYMBOL).cost, 10_000)))
    assert margin > 0.02 * entry * 2
    assert level == pytest.approx(entry - (entry * 20_000 / 10 - margin * 10_000) / 20_000, abs=2)
    (batch,) = play(subject, 100_000, 100_000, level, level)
    assert [fill.exec_type for fill in fills(batch)] == ["BustTrade"]


def test_leverage_bounds_position_and_orders_of_a_direction() -> None:
    subject = account(wallet="1000000")
    listed = dict(subject.ledger.instruments)
    subject.ledger.instruments = {SYMBOL: replace(listed[SYMBOL], tiers=LOWEST)}
    subject.set_leverage(SYMBOL, 20 * PPM)
    subject.place(limit(Side.BUY, 15_000, 99_000))
    assert refused(subject, limit(Side.BUY, 6_000, 99_000)) == 110090
    subject.place(limit(Side.SELL, 15_000, 101_000))
    with pytest.raises(SimRefused, match=r"\[2500\] gt maxLeverage \[2000\]"):
        subject.set_leverage(SYMBOL, 25 * PPM)
    subject.set_leverage(SYMBOL, 16 * PPM)
    subject.place(limit(Side.BUY, 6_000, 99_000))
    assert refused(subject, limit(Side.BUY, 12_000, 99_000)) == 110089

"""Risk tiers: lookup, and margins that do not jump, recorded and made up."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.trading_core.market.recorded_tiers import recorded
from trading_core.market.known_instruments import known_instrument
from trading_core.market.tiers import (
    Tiers,
    limit_at,
    maintenance_of,
    plausible_tiers,
    single_tier,
    tier_of,
    with_deductions,
)
from trading_core.money import PPM, money

RVN = with_deductions([
    (money("100000"), 40_000, 20_000), (money("200000"), 50_000, 25_000), (money("300000"), 60_000, 30_000),
])  # fmt: skip
"""The first rows recorded of RVNUSDT."""


def test_deduction_and_leverage_are_those_of_the_recorded_table() -> None:
    assert [tier.deduction for tier in RVN] == [0, money("500"), money("1500")]
    assert [tier.leverage_ppm for tier in RVN] == [25_000_000, 20_000_000, 16_660_000]


@pytest.mark.parametrize(
    "value,number,margin",
    [
        ("0", 1, "0"),
        ("100000", 1, "2000"),
        ("100000.00000001", 2, "2000.00000001"),
        ("200000", 2, "4500"),
        ("300000", 3, "7500"),
        ("400000", 3, "10500"),
    ],
)
def test_margin_of_a_value(value: str, number: int, margin: str) -> None:
    assert tier_of(RVN, money(value)).number == number
    assert maintenance_of(RVN, money(value)) == money(margin)


def test_leverage_bounds_the_value() -> None:
    assert [limit_at(RVN, times * PPM) for times in (10, 20, 21, 25, 26)] == [
        money("300000"), money("200000"), money("100000"), money("100000"), 0,
    ]  # fmt: skip


def test_a_contract_without_tiers_has_one_for_all_values() -> None:
    (tier,) = single_tier(5_000, Decimal(100))
    assert (tier.initial_ppm, tier.leverage_ppm, tier.maintenance_ppm) == (10_000, 100 * PPM, 5_000)
    assert tier_of((tier,), money("999999999999")) is tier


def is_sound(tiers: Tiers) -> None:
    """Limits and rates rise, leverage falls, and the margin is continuous (market-data-notes 9)."""
    assert tiers[0].deduction == 0
    for below, above in pairwise(tiers):
        assert below.limit < above.limit
        assert below.maintenance_ppm < above.maintenance_ppm
        assert below.leverage_ppm >= above.leverage_ppm
        step = below.limit * (above.maintenance_ppm - below.maintenance_ppm)
        assert (above.deduction - below.deduction) * PPM == step
        assert maintenance_of(tiers, below.limit + 1) - maintenance_of(tiers, below.limit) in (0, 1)
    for tier in tiers:
        assert tier.maintenance_ppm < tier.initial_ppm


@pytest.mark.parametrize("symbol", ["BTCUSDT", "XRPUSDT", "LTCUSDT"])
def test_made_up_tiers_are_sound(symbol: str) -> None:
    instrument = known_instrument(symbol)
    assert instrument is not None
    lowest = instrument.tiers[0]
    assert lowest.maintenance_ppm == instrument.maintenance_ppm
    assert lowest.leverage_ppm == instrument.max_leverage * PPM
    assert instrument.tiers[-1].leverage_ppm == 2 * PPM
    is_sound(instrument.tiers)


def test_made_up_tiers_of_low_leverage() -> None:
    is_sound(plausible_tiers(money("100000"), 20_000, Decimal(25)))


@pytest.mark.real_data
def test_recorded_tiers_are_sound(market_data: Path) -> None:
    tables = recorded(market_data)
    assert {symbol: len(tiers) for symbol, tiers in tables.items()} == {"BTCPERP": 30, "RVNUSDT": 19}
    for tiers in tables.values():
        is_sound(tiers)
        assert [t.deduction for t in tiers] == [
            t.deduction for t in with_deductions([(t.limit, t.initial_ppm, t.maintenance_ppm) for t in tiers])
        ]

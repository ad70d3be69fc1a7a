"""How far beyond the market a limit order may be priced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trading_core.simulator.worlds import SYMBOL, account, instrument, limit, market, refused
from trading_core.execution.order import Side
from trading_core.simulator.price_limits import price_limits
from trading_core.simulator.refusals import SimRefused

TIGHT = replace(instrument(), price_limit_x_ppm=20_000, price_limit_y_ppm=40_000)


@pytest.mark.parametrize(
    "index, expected",
    [
        (10_001, (10_201, 9_801)),  # x counts: 10 201.02 down, 9 800.98 up
        (10_300, (10_300, 9_801)),  # the index lies beyond x, within y
        (12_000, (10_401, 9_801)),  # and beyond y
        (9_000, (10_201, 9_601)),
    ],
)
def test_limits_lie_around_the_mark_price_and_follow_the_index(index: int, expected: tuple[int, int]) -> None:
    assert price_limits(TIGHT, mark=10_001, index=index) == expected


def test_lowest_ask_is_at_least_a_tick() -> None:
    wide = replace(instrument(), price_limit_x_ppm=1_000_000, price_limit_y_ppm=1_000_000)

    assert price_limits(wide, mark=5, index=5) == (10, 1)


@pytest.mark.parametrize("side, ticks", [(Side.BUY, 105_001), (Side.SELL, 94_999)])
def test_a_price_beyond_the_limit_is_refused(side: Side, ticks: int) -> None:
    subject = account(100_000)

    assert refused(subject, limit(side, 10, ticks)) == 110003
    subject.place(limit(side, 10, ticks - side.sign))


def test_the_other_side_of_the_market_has_no_limit() -> None:
    subject = account(100_000)

    subject.place(limit(Side.BUY, 10, 50_000))
    subject.place(limit(Side.SELL, 10, 200_000))

    assert len(subject.open_orders()) == 2


def test_reduce_only_has_the_same_limits() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10))

    assert refused(subject, limit(Side.SELL, 10, 94_999, reduce_only=True)) == 110003


def test_an_amendment_may_not_cross_the_limit_either() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000, link="a"))
    before = subject.as_record()

    with pytest.raises(SimRefused, match=r"Buy price\[1060.00\] is higher than buyLmt\[1050.00\]") as caught:
        subject.amend(SYMBOL, link="a", ticks=106_000)

    assert caught.value.code == 110003
    assert subject.as_record() == before


def test_a_conditional_order_is_measured_at_its_trigger() -> None:
    subject = account(100_000)
    waits = limit(Side.BUY, 10, 115_000, trigger_ticks=110_000, trigger_direction=1)

    subject.place(waits)

    assert refused(subject, replace(waits, ticks=115_501)) == 110003
    with pytest.raises(SimRefused, match="buyLmt"):
        subject.amend(SYMBOL, number=1, trigger_ticks=109_000)

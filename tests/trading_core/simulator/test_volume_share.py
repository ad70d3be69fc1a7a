"""A candle's volume bounds what the orders of one account get; closing stops are not cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trading_core.simulator.worlds import (
    CLOSE_MS,
    OPEN_MS,
    SYMBOL,
    account,
    fills,
    instrument,
    limit,
    market,
    play,
)
from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Cancelled, Event
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.orders import (
    CancelReason,
    Status,
)
from trading_core.simulator.volume import CandleBar, share_of
from trading_core.simulator.walk import CandleTicks

FALLING = (100_000, 100_000, 99_000, 99_500)


def opened(volume: float, *, price: int = 100_000) -> tuple[SimAccount, Lockstep]:
    """An account at the open of a candle that falls by a hundredth and recovers half of it."""
    quotes: Quotes = {SYMBOL: (price, OPEN_MS)}
    subject = account(quotes=quotes, slippage_ppm=0)
    steps = Lockstep([subject], quotes)
    bars = {SYMBOL: CandleBar(CandleTicks(*FALLING), volume)}
    steps.begin(bars, open_ms=OPEN_MS, close_ms=CLOSE_MS)
    return subject, steps


def gone(events: list[Event]) -> list[tuple[CancelReason, int]]:
    return [(e.order.reason, e.order.filled) for e in events if isinstance(e, Cancelled)]


@pytest.mark.parametrize(
    "volume, expected",
    [
        (10.0, 100),  # a tenth of 1 000 lots
        (10.059, 100),  # of whole lots, down
        (0.05, 1),  # the smallest order, 5 USDT
        (0.009, 0),  # less than a lot was traded
        (0.0, 0),
    ],
)
def test_share_is_a_tenth_but_never_less_than_the_smallest_order(volume: float, expected: int) -> None:
    assert share_of(volume, instrument(), ticks=100_000, share_ppm=100_000) == expected


def test_smallest_order_is_the_minimum_value_at_that_price_and_no_more_than_was_traded() -> None:
    cheap = replace(instrument(), min_lots=3)

    assert share_of(1.0, cheap, ticks=1_000, share_ppm=1) == 50  # 5 USDT at 10 USDT
    assert share_of(0.2, cheap, ticks=1_000, share_ppm=1) == 20
    assert share_of(1.0, cheap, ticks=100_000, share_ppm=1) == 3


def test_a_resting_order_is_filled_over_several_candles() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 250, 99_500, link="a"))

    first = fills(play(subject, *FALLING, volume=10.0))
    (rest,) = subject.open_orders()
    second = fills(play(subject, 99_400, 99_400, 99_300, 99_350, volume=10.0))
    third = fills(play(subject, 99_400, 99_400, 99_300, 99_350, volume=10.0))

    assert [(f.lots, f.ticks, f.is_maker) for f in (*first, *second, *third)] == [
        (100, 99_500, True),
        (100, 99_500, True),
        (50, 99_500, True),
    ]
    assert (rest.status, rest.filled, rest.leaves) == (Status.PARTIALLY_FILLED, 100, 150)
    assert not subject.open_orders()
    assert subject.position(SYMBOL).lots == 250


def test_orders_of_one_candle_share_its_volume_best_price_first() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 80, 99_200, link="far"))
    subject.place(limit(Side.BUY, 80, 99_500, link="near"))

    done = fills(play(subject, *FALLING, volume=10.0))

    assert [(f.order.link if f.order else "", f.lots) for f in done] == [("near", 80), ("far", 20)]


def test_what_was_taken_at_the_open_counts_on_the_walk() -> None:
    subject, steps = opened(10.0)
    subject.place(limit(Side.BUY, 80, 99_500))
    (taken,) = fills(subject.place(market(Side.BUY, 70)))

    step = steps.advance()

    assert taken.lots == 70
    assert step is not None
    assert [f.lots for f in fills(step.events)] == [30]
    assert steps.advance() is None


def test_a_market_order_gets_its_share_and_the_rest_is_cancelled() -> None:
    subject, _ = opened(10.0)

    events = subject.place(market(Side.BUY, 150))

    (fill,) = fills(events)
    assert (fill.lots, fill.order.status if fill.order else "") == (100, Status.PARTIALLY_FILLED)
    assert gone(events) == [(CancelReason.NO_MATCH, 100)]
    assert not subject.open_orders()
    assert gone(subject.place(market(Side.BUY, 5))) == [(CancelReason.NO_MATCH, 0)]


def test_fill_or_kill_is_whole_or_not_at_all() -> None:
    subject, _ = opened(10.0)
    order = limit(Side.BUY, 101, 100_100, time_in_force=TimeInForce.FOK)

    refused = subject.place(order)
    (done,) = fills(subject.place(replace(order, lots=100)))

    assert (fills(refused), gone(refused)) == ([], [(CancelReason.NOT_WHOLE, 0)])
    assert done.lots == 100


def test_immediate_or_cancel_keeps_nothing_in_the_market() -> None:
    subject, _ = opened(10.0)

    events = subject.place(limit(Side.BUY, 101, 100_100, time_in_force=TimeInForce.IOC))

    assert [f.lots for f in fills(events)] == [100]
    assert gone(events) == [(CancelReason.NO_MATCH, 100)]


def test_what_is_left_of_a_taking_limit_order_rests_at_its_price() -> None:
    subject, steps = opened(10.0)

    (taken,) = fills(subject.place(limit(Side.BUY, 150, 100_100)))
    assert steps.advance() is None
    steps.finish()
    (later,) = fills(play(subject, 99_500, 99_600, 99_400, 99_450, volume=10.0))

    assert (taken.lots, taken.ticks, taken.is_maker) == (100, 100_001, False)
    assert (later.lots, later.ticks, later.is_maker) == (50, 100_100, True)


def test_a_reduce_only_order_is_filled_in_parts_too() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 150))
    subject.place(limit(Side.SELL, 150, 100_500, reduce_only=True))

    first = fills(play(subject, 100_000, 101_000, 100_000, 101_000, volume=10.0))
    (rest,) = subject.open_orders()
    second = fills(play(subject, 101_000, 101_000, 100_900, 101_000, volume=10.0))

    assert ([f.lots for f in first], [f.lots for f in second]) == ([100], [50])
    assert (rest.reduce_only, rest.status) == (True, Status.PARTIALLY_FILLED)
    assert subject.position(SYMBOL).is_flat


@pytest.mark.parametrize("conditional", [False, True])
def test_a_stop_closes_the_whole_position_in_the_thinnest_candle(conditional: bool) -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 500, stop_ticks=None if conditional else 99_500))
    if conditional:
        stop = market(Side.SELL, 500, reduce_only=True, trigger_ticks=99_500, trigger_direction=2)
        subject.place(stop)

    (closed,) = fills(play(subject, *FALLING, volume=0.02))

    assert closed.lots == 500
    assert subject.position(SYMBOL).is_flat


def test_a_conditional_entry_has_its_share_like_any_other() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 150, trigger_ticks=99_500, trigger_direction=2))

    batches = play(subject, *FALLING, volume=10.0)

    assert [f.lots for f in fills(batches)] == [100]
    assert gone([e for batch in batches for e in batch]) == [(CancelReason.NO_MATCH, 100)]


def test_a_symbol_without_a_candle_meets_nobody() -> None:
    subject, steps = opened(10.0)
    other = {"BTCUSDT": CandleBar(CandleTicks(*FALLING), 10.0)}
    steps.begin(other, open_ms=OPEN_MS, close_ms=CLOSE_MS)

    assert gone(subject.place(market(Side.BUY, 1))) == [(CancelReason.NO_MATCH, 0)]


def test_moves_within_one_candle_share_its_volume() -> None:
    subject, steps = opened(10.0)
    subject.place(limit(Side.BUY, 150, 99_500))

    done = [fills(subject.move(SYMBOL, 99_000 + k, time_ms=OPEN_MS + k, volume=1)) for k in range(3)]
    steps.volumes.close_ms += 60_000
    later = fills(subject.move(SYMBOL, 99_000, time_ms=CLOSE_MS + 1, volume=1))

    assert [[f.lots for f in batch] for batch in done] == [[100], [], []]
    assert [f.lots for f in later] == [50]

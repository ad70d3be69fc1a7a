"""Commands on a simulated account: what they do, what they refuse."""

from __future__ import annotations

import pytest

from tests.trading_core.simulator.worlds import (
    CLOSE_MS,
    OPEN_MS,
    SYMBOL,
    account,
    fills,
    limit,
    market,
    play,
    post_only,
    refused,
)
from trading_core.execution.order import Side, TimeInForce
from trading_core.money import money
from trading_core.simulator.arrival import MAX_ORDERS
from trading_core.simulator.events import Accepted, Cancelled, PositionChanged, WalletChanged
from trading_core.simulator.orders import (
    CancelReason,
    SimOrder,
    Status,
)
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.walk import CandleTicks


def test_market_buy_pays_slippage_and_taker_fee() -> None:
    subject = account(100_000)

    events = subject.place(market(Side.BUY, 10, link="a"))

    assert isinstance(events[0], Accepted)
    (fill,) = fills(events)
    assert (fill.ticks, fill.lots, fill.is_maker, fill.time_ms) == (100_010, 10, False, OPEN_MS)
    assert fill.fee == money("0.05500550")  # 100.01 of notional at 0.055 %
    assert subject.wallet == money("10000") - fill.fee
    assert isinstance(events[-2], PositionChanged)
    assert isinstance(events[-1], WalletChanged)


def test_market_sell_fills_below_the_price() -> None:
    (fill,) = fills(account(100_000).place(market(Side.SELL, 10)))

    assert fill.ticks == 99_990


def test_limit_that_crosses_takes_at_the_spread() -> None:
    (fill,) = fills(account(100_000).place(limit(Side.BUY, 10, 100_500)))

    assert (fill.ticks, fill.is_maker) == (100_001, False)


@pytest.mark.parametrize("ticks", [100_000, 99_999])
def test_limit_that_only_touches_rests(ticks: int) -> None:
    subject = account(100_000)

    assert not fills(subject.place(limit(Side.BUY, 10, ticks)))
    assert [o.ticks for o in subject.open_orders()] == [ticks]


def test_resting_limit_fills_only_when_traded_through() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000))

    assert not play(subject, 100_000, 100_000, 99_000, 100_000)
    (fill,) = fills(play(subject, 100_000, 100_000, 98_999, 100_000))
    assert (fill.ticks, fill.is_maker, fill.time_ms) == (99_000, True, CLOSE_MS + 60_000)


def test_resting_limit_keeps_its_price_when_the_open_gaps() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000))

    (fill,) = fills(play(subject, 98_000, 98_100, 97_000, 98_000))

    assert (fill.ticks, fill.is_maker) == (99_000, True)


def test_nothing_fills_in_a_candle_without_volume() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000))

    assert not play(subject, 98_000, 98_000, 98_000, 98_000, volume=0)


def test_post_only_that_would_take_is_cancelled() -> None:
    events = account(100_000).place(post_only(Side.BUY, 10, 100_100))

    assert isinstance(events[-1], Cancelled)
    assert events[-1].order.reason is CancelReason.POST_ONLY


def test_ioc_that_meets_nothing_is_cancelled() -> None:
    events = account(100_000).place(limit(Side.BUY, 10, 99_000, time_in_force=TimeInForce.IOC))

    assert isinstance(events[-1], Cancelled)
    assert events[-1].order.reason is CancelReason.NO_MATCH


def test_link_is_refused_for_ever_once_used() -> None:
    subject = account()
    subject.place(limit(Side.BUY, 10, 99_000, link="once"))
    subject.cancel(SYMBOL, link="once")

    assert refused(subject, limit(Side.BUY, 10, 99_000, link="once")) == 110072


def test_refusals_carry_the_exchange_codes() -> None:
    subject = account(wallet="100")

    assert refused(subject, market(Side.SELL, 10, reduce_only=True)) == 110017
    assert refused(subject, market(Side.BUY, 0)) == 10001
    assert refused(subject, limit(Side.BUY, 1, 100)) == 110094
    assert refused(subject, market(Side.BUY, 100_000)) == 10001
    assert refused(subject, market(Side.BUY, 200)) == 110007
    assert refused(subject, market(Side.BUY, 10, stop_ticks=100_001)) == 10001
    assert refused(subject, market(Side.SELL, 10, stop_ticks=99_000)) == 10001
    assert refused(subject, SimOrder("NOPEUSDT", Side.BUY, 1, None)) == 10001


def test_stop_attached_to_an_entry_becomes_the_positions() -> None:
    subject = account()

    subject.place(market(Side.BUY, 10, stop_ticks=95_000))

    assert subject.stop(SYMBOL) == 95_000


def test_stop_fills_at_the_trigger_less_slippage() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, stop_ticks=95_000))

    (fill,) = fills(play(subject, 100_000, 101_000, 94_000, 96_000))

    assert (fill.ticks, fill.stop_order_type, fill.lots) == (94_990, "StopLoss", 10)
    assert subject.position(SYMBOL).is_flat
    assert subject.stop(SYMBOL) is None


def test_stop_fills_at_the_open_when_the_open_gaps_past_it() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, stop_ticks=95_000))

    (fill,) = fills(play(subject, 93_000, 94_000, 92_000, 93_500))

    assert fill.ticks == 93_000 - 10


def test_stop_of_a_short_fills_above() -> None:
    subject = account(100_000)
    subject.place(market(Side.SELL, 10, stop_ticks=105_000))

    (fill,) = fills(play(subject, 100_000, 106_000, 99_000, 99_500))

    assert (fill.side, fill.ticks) == (Side.BUY, 105_011)


def test_long_position_meets_its_stop_before_its_target() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, stop_ticks=99_000))
    subject.place(limit(Side.SELL, 10, 101_000, reduce_only=True, link="target"))

    batches = play(subject, 100_000, 102_000, 98_000, 101_500)

    (fill,) = fills(batches)
    assert fill.stop_order_type == "StopLoss"
    (gone,) = [e for e in batches[0] if isinstance(e, Cancelled)]
    assert (gone.order.link, gone.order.reason) == ("target", CancelReason.BY_REDUCE_ONLY)
    assert gone.order.status is Status.CANCELLED


def test_orders_placed_between_fills_act_on_the_rest_of_the_walk() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10))
    subject.place(limit(Side.BUY, 10, 99_000, link="leg"))
    walk = subject.start_walk(
        SYMBOL, CandleTicks(100_000, 101_000, 98_000, 100_500), volume=10, close_ms=CLOSE_MS
    )

    (leg,) = fills(subject.advance(SYMBOL))
    subject.place(limit(Side.SELL, 20, 99_800, reduce_only=True, link="target"))
    (target,) = fills(subject.advance(SYMBOL))

    assert (leg.order is not None and leg.order.link, leg.ticks) == ("leg", 99_000)
    assert (target.ticks, target.lots, target.time_ms) == (99_800, 20, CLOSE_MS)
    assert not subject.advance(SYMBOL)
    assert walk.done


def test_reduce_only_is_cut_to_the_position() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10))

    (fill,) = fills(subject.place(market(Side.SELL, 25, reduce_only=True)))

    assert fill.lots == 10
    assert subject.position(SYMBOL).is_flat


def test_order_through_zero_flips_and_drops_the_stop() -> None:
    subject = account(100_000, slippage_ppm=0)
    subject.place(market(Side.BUY, 10, stop_ticks=95_000))

    (fill,) = fills(subject.place(market(Side.SELL, 25)))

    assert (fill.closed_lots, fill.gained) == (10, -money("0.2") // 100 * 10 // 10)
    assert subject.position(SYMBOL).lots == -15
    assert subject.stop(SYMBOL) is None


def test_amended_order_fills_at_its_new_price() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 90_000, link="a"))

    subject.amend(SYMBOL, link="a", lots=20, ticks=99_500)

    (fill,) = fills(play(subject, 100_000, 100_000, 99_000, 99_900))
    assert (fill.lots, fill.ticks) == (20, 99_500)


def test_amend_and_cancel_of_what_is_gone_are_refused() -> None:
    subject = account()

    with pytest.raises(SimRefused, match="110001"):
        subject.cancel(SYMBOL, link="x")
    with pytest.raises(SimRefused, match="110001"):
        subject.amend(SYMBOL, number=9, lots=3)


def test_set_stop_moves_clears_and_refuses() -> None:
    subject = account(100_000)
    with pytest.raises(SimRefused, match="10001"):
        subject.set_stop(SYMBOL, 95_000)
    subject.place(market(Side.BUY, 10))

    subject.set_stop(SYMBOL, 95_000)
    with pytest.raises(SimRefused, match="34040"):
        subject.set_stop(SYMBOL, 95_000)
    with pytest.raises(SimRefused, match="10001: StopLoss"):
        subject.set_stop(SYMBOL, 100_000)
    subject.set_stop(SYMBOL, None)

    assert subject.stop(SYMBOL) is None


def test_leverage_is_bounded_and_unchanged_is_told() -> None:
    subject = account()

    subject.set_leverage(SYMBOL, 2_000_000)
    for ppm, code in ((2_000_000, 110043), (101_000_000, 110013), (0, 10001)):
        with pytest.raises(SimRefused) as caught:
            subject.set_leverage(SYMBOL, ppm)
        assert caught.value.code == code


def test_isolated_position_is_taken_over_at_its_bankruptcy_price() -> None:
    subject = account(100_000, slippage_ppm=0)
    subject.place(market(Side.BUY, 100))  # at 100 001, 10x
    subject.place(limit(Side.BUY, 10, 50_000, link="leg"))

    batches = play(subject, 100_000, 100_000, 60_000, 80_000)

    (fill,) = fills(batches)
    assert fill.exec_type == "BustTrade"
    assert fill.ticks == 90_000
    assert subject.position(SYMBOL).is_flat
    assert not subject.open_orders()


def test_funding_is_paid_by_longs_and_rounded_away() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10))
    before = subject.wallet

    (paid, *_) = subject.funding(SYMBOL, rate_e8=10_000, mark_ticks=100_000, time_ms=CLOSE_MS)

    assert subject.wallet == before - money("0.01")
    assert fills([paid])[0].exec_type == "Funding"
    assert subject.funding(SYMBOL, rate_e8=-10_000, mark_ticks=100_000, time_ms=CLOSE_MS)
    assert subject.wallet == before


def test_price_move_fills_what_it_passes_in_ticks_mode() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_500, stop_ticks=99_000))

    events = subject.move(SYMBOL, 98_000, time_ms=OPEN_MS + 250, volume=1)

    assert [(f.ticks, f.time_ms) for f in fills(events)] == [(99_500, OPEN_MS + 250), (98_990, OPEN_MS + 250)]


def test_quiet_candles_are_told_without_walking() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000))

    assert not subject.can_trigger(SYMBOL, 99_000, 200_000)
    assert subject.can_trigger(SYMBOL, 98_999, 200_000)
    assert not subject.can_trigger("BTCUSDT", 1, 2)


def test_orders_that_wait_for_a_trigger_are_not_among_the_five_hundred() -> None:
    subject = account(100_000, wallet="10000000")
    for away in range(MAX_ORDERS):
        subject.place(limit(Side.BUY, 1, 90_000 - away))

    subject.place(market(Side.BUY, 1, trigger_ticks=110_000, trigger_direction=1))

    assert refused(subject, limit(Side.BUY, 1, 90_000)) == 110020
    subject.cancel(SYMBOL, number=1)
    subject.place(limit(Side.BUY, 1, 90_000))

"""Conditional orders: waiting, going off, what they may cost, and how many there may be."""

from __future__ import annotations

import pytest

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
from trading_core.execution.order import Side
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Amended, Cancelled
from trading_core.simulator.orders import CancelReason, SimOrder, Status, TriggerBy
from trading_core.simulator.refusals import SimRefused


def rising(
    order_ticks: int | None = None, *, trigger: int = 100_500, lots: int = 10, **more: object
) -> SimOrder:
    order = {"trigger_ticks": trigger, "trigger_direction": 1, **more}
    if order_ticks is None:
        return market(Side.BUY, lots, **order)
    return limit(Side.BUY, lots, order_ticks, **order)


def test_waits_without_margin_and_outside_the_market() -> None:
    subject = account(100_000)
    free = subject.available

    subject.place(rising(lots=1_000))

    (order,) = subject.open_orders()
    assert (order.status, order.stop_order_type, order.is_open) == (Status.UNTRIGGERED, "Stop", True)
    assert subject.available == free
    assert not subject.can_trigger(SYMBOL, 99_000, 100_499)
    assert subject.can_trigger(SYMBOL, 99_000, 100_500)


def test_goes_to_the_market_at_its_trigger() -> None:
    subject = account(100_000)
    subject.place(rising())

    ((triggered, *rest),) = play(subject, 100_000, 100_600, 99_900, 100_550)

    assert isinstance(triggered, Amended)
    assert triggered.order.status is Status.TRIGGERED
    (fill,) = fills(rest)
    assert (fill.ticks, fill.lots, fill.is_maker) == (100_511, 10, False)  # 100 500 and 0.01 % of it


def test_a_gap_over_the_trigger_fills_at_the_open() -> None:
    subject = account(100_000)
    subject.place(rising())

    (fill,) = fills(play(subject, 100_700, 100_800, 100_600, 100_650))

    assert fill.ticks == 100_711


def test_nothing_goes_off_without_volume() -> None:
    subject = account(100_000)
    subject.place(rising())

    assert play(subject, 100_700, 100_800, 100_600, 100_650, volume=0) == []
    assert subject.open_orders()[0].status is Status.UNTRIGGERED


def test_a_limit_rests_once_triggered() -> None:
    subject = account(100_000)
    subject.place(rising(100_400))

    events = subject.move(SYMBOL, 100_500, time_ms=1, volume=1)

    assert [e.order.status for e in events if isinstance(e, Amended)] == [Status.TRIGGERED, Status.NEW]
    assert subject.open_orders()[0].status is Status.NEW
    assert subject.available < subject.wallet


def test_falling_trigger_sells() -> None:
    subject = account(100_000)
    subject.place(market(Side.SELL, 10, trigger_ticks=99_500, trigger_direction=2))

    subject.move(SYMBOL, 99_501, time_ms=1, volume=1)
    subject.ledger.quotes[SYMBOL] = (99_501, 1)
    assert subject.position(SYMBOL).is_flat
    subject.move(SYMBOL, 99_500, time_ms=2, volume=1)

    assert subject.position(SYMBOL).lots == -10


@pytest.mark.parametrize(
    "trigger, direction, code",
    [
        (100_000, 1, 110092),
        (99_999, 1, 110092),
        (100_000, 2, 110093),
        (100_001, 2, 110093),
        (100_500, 0, 10001),
    ],
)
def test_wrong_side_is_refused(trigger: int, direction: int, code: int) -> None:
    order = market(Side.BUY, 10, trigger_ticks=trigger, trigger_direction=direction)

    assert refused(account(100_000), order) == code


def test_ten_may_wait_and_an_eleventh_not() -> None:
    subject = account(100_000)
    for number in range(10):
        subject.place(rising(trigger=100_500 + number))

    assert refused(subject, rising()) == 110009


def test_five_hundred_orders_of_a_symbol() -> None:
    subject = account(100_000, wallet="1000000")
    for _ in range(500):
        subject.place(limit(Side.BUY, 10, 90_000))

    assert refused(subject, limit(Side.BUY, 10, 90_000)) == 110020


def test_cancelled_for_lack_of_margin_when_triggered() -> None:
    subject = account(100_000, wallet="100")
    subject.place(rising(lots=10_000))

    events = subject.move(SYMBOL, 100_500, time_ms=1, volume=1)

    last = events[-1]
    assert isinstance(last, Cancelled)
    assert (last.order.status, last.order.reason) == (Status.CANCELLED, CancelReason.NO_MARGIN)
    assert not subject.open_orders()


def test_close_on_trigger_frees_margin() -> None:
    subject = account(100_000, wallet="100")
    subject.place(limit(Side.BUY, 90, 99_000))
    subject.place(rising(lots=90, close_on_trigger=True))

    events = subject.move(SYMBOL, 100_500, time_ms=1, volume=1)

    assert [e.order.ticks for e in events if isinstance(e, Cancelled)] == [99_000]
    assert subject.position(SYMBOL).lots == 90


def test_reduce_only_goes_with_the_position() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10))
    stop = {"trigger_ticks": 99_500, "trigger_direction": 2, "reduce_only": True}
    subject.place(market(Side.SELL, 10, **stop))

    events = subject.place(market(Side.SELL, 10))

    (gone,) = [e.order for e in events if isinstance(e, Cancelled)]
    assert (gone.status, gone.reason) == (Status.DEACTIVATED, CancelReason.BY_REDUCE_ONLY)


def test_amended_while_it_waits() -> None:
    subject = account(100_000)
    subject.place(rising(100_400, link="a"))

    subject.amend(SYMBOL, link="a", lots=20, ticks=100_600, trigger_ticks=100_700)

    (order,) = subject.open_orders()
    assert (order.lots, order.ticks, order.trigger_ticks) == (20, 100_600, 100_700)
    assert order.status is Status.UNTRIGGERED
    with pytest.raises(SimRefused, match="110092"):
        subject.amend(SYMBOL, link="a", trigger_ticks=99_000)
    with pytest.raises(SimRefused, match="10001"):
        subject.amend(SYMBOL, link="a")


def test_cancelled_while_it_waits() -> None:
    subject = account(100_000)
    subject.place(rising(link="a"))

    (event,) = subject.cancel(SYMBOL, link="a")

    assert isinstance(event, Cancelled)
    assert event.order.status is Status.DEACTIVATED


def test_market_order_fills_nothing_beyond_its_tolerance() -> None:
    subject = account(100_000)

    events = subject.place(market(Side.BUY, 10, slippage_ticks=9))
    taken = subject.place(market(Side.BUY, 10, slippage_ticks=10))

    assert isinstance(events[-1], Cancelled)
    assert events[-1].order.reason is CancelReason.NO_MATCH
    assert len(fills(taken)) == 1


def test_record_of_a_waiting_order_is_the_same_account() -> None:
    subject = account(100_000)
    subject.place(rising(trigger_by=TriggerBy.MARK, target_ticks=101_000, stop_ticks=100_000))
    record = subject.as_record()
    again = SimAccount.from_record(
        record, {SYMBOL: instrument()}, quotes=dict(subject.ledger.quotes), params=subject.ledger.params
    )

    assert again.as_record() == record
    assert play(again, 100_000, 101_100, 99_900, 101_000) == play(subject, 100_000, 101_100, 99_900, 101_000)
    assert again.as_record() == subject.as_record()

"""Stops and targets of parts of a position, and those that an amendment gives to an order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trading_core.simulator.worlds import (
    OPEN_MS,
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
from trading_core.simulator.events import Accepted, Cancelled, Event
from trading_core.simulator.orders import Attached, CancelReason, StandingOrder, Status, TriggerBy
from trading_core.simulator.refusals import SimRefused

PARTIAL = Attached(partial=True)


def holding(lots: int = 30, side: Side = Side.BUY) -> SimAccount:
    subject = account(100_000, slippage_ppm=0)
    subject.place(market(side, lots))
    return subject


def open_by_kind(subject: SimAccount) -> dict[str, StandingOrder]:
    return {order.stop_order_type: order for order in subject.open_orders(SYMBOL)}


def gone(events: list[list[Event]]) -> list[tuple[int, CancelReason]]:
    flat = [e for batch in events for e in batch]
    return [(e.order.number, e.order.reason) for e in flat if isinstance(e, Cancelled)]


def refusal(subject: SimAccount, **values: object) -> int:
    """The code of a partial stop or target that is refused and changes nothing."""
    before = subject.as_record()
    with pytest.raises(SimRefused) as caught:
        subject.set_partial(SYMBOL, **values)  # type: ignore[arg-type]
    assert subject.as_record() == before
    return caught.value.code


def test_a_part_has_a_pair_of_orders_of_its_own() -> None:
    subject = holding()

    events = subject.set_partial(SYMBOL, lots=10, stop=99_000, target=101_000)

    assert [type(e) for e in events] == [Accepted, Accepted]
    orders = open_by_kind(subject)
    stop, target = orders["PartialStopLoss"], orders["PartialTakeProfit"]
    assert (stop.oco, target.oco) == (target.number, stop.number)
    assert (stop.lots, stop.side, stop.trigger_direction, stop.create_type) == (
        10, Side.SELL, 2, "CreateByPartialStopLoss",
    )  # fmt: skip
    assert (target.trigger_direction, target.reduce_only, target.status) == (1, True, Status.UNTRIGGERED)
    assert subject.stop(SYMBOL) is None


def test_triggers_of_a_short_part_are_mirrored() -> None:
    subject = holding(side=Side.SELL)

    subject.set_partial(SYMBOL, lots=10, stop=101_000, target=99_000)

    directions = {kind: (o.side, o.trigger_direction) for kind, o in open_by_kind(subject).items()}
    assert directions == {"PartialStopLoss": (Side.BUY, 1), "PartialTakeProfit": (Side.BUY, 2)}


@pytest.mark.parametrize(
    "candle, price, reason",
    [
        ((100_000, 100_100, 98_500, 99_900), 99_000, CancelReason.TARGET_BY_STOP),
        ((100_000, 101_500, 99_900, 101_000), 101_000, CancelReason.STOP_BY_TARGET),
    ],
)
def test_one_of_a_pair_closes_its_part_and_takes_the_other_along(
    candle: tuple[int, int, int, int], price: int, reason: CancelReason
) -> None:
    subject = holding()
    subject.set_partial(SYMBOL, lots=10, stop=99_000, target=101_000)

    batches = play(subject, *candle)

    (closed,) = fills(batches)
    assert (closed.lots, closed.ticks) == (10, price - 1)  # taken a tick away
    assert subject.position(SYMBOL).lots == 20
    assert [why for _, why in gone(batches)] == [reason]
    assert not subject.open_orders()


def test_a_limit_order_is_sent_at_its_own_price() -> None:
    subject = holding()
    attached = Attached(partial=True, target_limit=101_200)
    subject.set_partial(SYMBOL, lots=10, target=101_000, attached=attached)

    first = play(subject, 100_000, 101_100, 100_000, 101_050)
    (resting,) = subject.open_orders()
    (closed,) = fills(play(subject, 101_050, 101_300, 101_000, 101_100))

    assert not fills(first)
    assert (resting.status, resting.ticks, resting.stop_order_type) == (
        Status.NEW,
        101_200,
        "PartialTakeProfit",
    )
    assert (closed.ticks, closed.lots, closed.is_maker) == (101_200, 10, True)


def test_all_parts_go_with_the_position() -> None:
    subject = holding()
    subject.set_partial(SYMBOL, lots=10, stop=99_000, target=101_000)
    subject.set_partial(SYMBOL, lots=5, stop=98_000)

    events = subject.place(market(Side.SELL, 30, reduce_only=True))

    assert [why for _, why in gone([events])] == [CancelReason.TPSL_CLEARED] * 3


def test_cancelling_one_of_a_pair_cancels_both() -> None:
    subject = holding()
    subject.set_partial(SYMBOL, lots=10, stop=99_000, target=101_000)
    number = open_by_kind(subject)["PartialStopLoss"].number

    events = subject.cancel(SYMBOL, number=number)

    assert [why for _, why in gone([events])] == [CancelReason.BY_USER] * 2
    assert not subject.open_orders()


def test_a_part_larger_than_what_is_left_closes_what_is_left() -> None:
    subject = holding(30)
    subject.set_partial(SYMBOL, lots=30, stop=99_000)
    subject.place(market(Side.SELL, 20, reduce_only=True))

    (closed,) = fills(play(subject, 100_000, 100_000, 98_900, 99_000))

    assert closed.lots == 10
    assert subject.position(SYMBOL).is_flat


def test_what_a_part_may_not_be() -> None:
    subject = holding(30)

    assert refusal(subject, lots=31, stop=99_000) == 110058
    assert refusal(subject, lots=10, stop=100_000) == 10001
    assert refusal(subject, lots=10, target=99_000) == 10001
    assert refusal(account(), lots=10, stop=99_000) == 10001
    for away in range(20):
        subject.set_partial(SYMBOL, lots=1, stop=99_000 - away, target=101_000 + away)
    assert refusal(subject, lots=1, stop=98_000) == 110061
    assert refused(subject, market(Side.BUY, 1, stop_ticks=99_000, attached=PARTIAL)) == 110061
    subject.place(limit(Side.BUY, 10, 90_000, trigger_ticks=95_000, trigger_direction=2))  # none of the ten


def test_an_order_protects_what_its_fills_opened() -> None:
    subject = account(100_000, slippage_ppm=0)
    subject.place(limit(Side.BUY, 150, 99_500, stop_ticks=98_000, target_ticks=101_000, attached=PARTIAL))

    play(subject, 100_000, 100_000, 99_000, 99_200, volume=10.0)
    (entry,) = [o for o in subject.open_orders() if not o.is_partial]
    first = open_by_kind(subject)["PartialStopLoss"]
    play(subject, 99_200, 99_300, 99_000, 99_200, volume=10.0)
    second = open_by_kind(subject)["PartialStopLoss"]

    assert (first.lots, second.lots, first.number) == (100, 150, second.number)
    assert (first.parent, open_by_kind(subject)["PartialTakeProfit"].lots) == (entry.number, 150)
    assert subject.stop(SYMBOL) is None


def test_an_order_through_zero_protects_what_it_opened_only() -> None:
    subject = holding(30)

    subject.place(market(Side.SELL, 40, stop_ticks=101_000, attached=PARTIAL))

    assert open_by_kind(subject)["PartialStopLoss"].lots == 10


def test_stop_and_target_of_a_resting_order_are_amended_where_it_stands() -> None:
    subject = account(100_000)
    subject.place(limit(Side.BUY, 10, 99_000, stop_ticks=98_000, link="a"))
    before = subject.find(SYMBOL, link="a")

    subject.amend(SYMBOL, link="a", stop=97_000, target=105_000, attached=Attached(stop_by=TriggerBy.MARK))
    amended = subject.find(SYMBOL, link="a")
    subject.amend(SYMBOL, link="a", stop=None)

    assert (amended.stop_ticks, amended.target_ticks, amended.arrival) == (97_000, 105_000, before.arrival)
    assert amended.attached.stop_by is TriggerBy.MARK
    assert subject.find(SYMBOL, link="a").stop_ticks is None
    play(subject, 100_000, 100_000, 98_900, 99_500)
    book = subject.ledger.book(SYMBOL)
    assert (book.stop_ticks, book.target_ticks) == (None, 105_000)


def test_an_amended_stop_must_fit_the_order() -> None:
    subject = holding()
    subject.place(limit(Side.BUY, 150, 99_000, link="a"))
    subject.place(limit(Side.SELL, 10, 101_000, reduce_only=True, link="r"))

    def code(link: str, **values: Any) -> int:
        before = subject.as_record()
        with pytest.raises(SimRefused) as caught:
            subject.amend(SYMBOL, link=link, **values)
        assert subject.as_record() == before
        return caught.value.code

    assert code("a", stop=99_000) == 10001
    assert code("a", target=99_000) == 10001
    assert code("r", stop=102_000) == 10001
    play(subject, 100_000, 100_000, 98_900, 99_000, volume=10.0)
    assert subject.find(SYMBOL, link="a").filled == 100
    assert code("a", stop=98_000) == 110059


def test_a_waiting_order_takes_a_new_trigger_and_its_price() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, trigger_ticks=101_000, trigger_direction=1, link="a"))

    subject.amend(SYMBOL, link="a", trigger_ticks=102_000, trigger_by=TriggerBy.INDEX, stop=100_500)

    waits = subject.find(SYMBOL, link="a")
    assert (waits.trigger_ticks, waits.trigger_by, waits.stop_ticks) == (102_000, TriggerBy.INDEX, 100_500)


def test_record_holds_parts() -> None:
    subject = account(100_000)
    attached = Attached(partial=True, stop_limit=97_900, target_by=TriggerBy.MARK)
    subject.place(limit(Side.BUY, 10, 99_500, stop_ticks=98_000, target_ticks=101_000, attached=attached))
    play(subject, 100_000, 100_000, 99_000, 99_500)
    record = subject.as_record()

    again = SimAccount.from_record(record, {SYMBOL: instrument()}, quotes={SYMBOL: (99_500, OPEN_MS)})

    assert again.as_record() == record
    assert again.open_orders() == subject.open_orders()

"""The protection of a position, shown as orders."""

from __future__ import annotations

from tests.trading_core.simulator.worlds import OPEN_MS, SYMBOL, account, fills, instrument, market, play
from trading_core.execution.order import Side
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event
from trading_core.simulator.orders import CancelReason, StandingOrder, Status
from trading_core.simulator.protection_orders import refresh


def shown(subject: SimAccount) -> list[Event]:
    return refresh(subject.ledger, subject.ledger.book(SYMBOL))


def orders(subject: SimAccount) -> dict[str, StandingOrder]:
    return subject.ledger.book(SYMBOL).protection_orders


def protected(side: Side = Side.BUY) -> SimAccount:
    """A position of ten lots with stop and target."""
    subject = account(100_000)
    away = -1_000 * side.sign
    subject.place(market(side, 10, stop_ticks=100_000 + away, target_ticks=100_000 - away))
    shown(subject)
    return subject


def test_stop_and_target_are_shown_as_a_pair_that_waits() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, stop_ticks=99_000, target_ticks=101_000))

    events = shown(subject)

    stop, target = orders(subject)["StopLoss"], orders(subject)["TakeProfit"]
    assert [type(e) for e in events] == [Accepted, Accepted]
    assert (stop.number, target.number, stop.oco, target.oco) == (2, 3, 3, 2)
    assert (stop.status, stop.side, stop.lots, stop.reduce_only) == (Status.UNTRIGGERED, Side.SELL, 10, True)
    assert (stop.trigger_ticks, stop.trigger_direction, stop.create_type) == (99_000, 2, "CreateByStopLoss")
    assert (target.trigger_ticks, target.trigger_direction) == (101_000, 1)
    assert shown(subject) == []


def test_triggers_of_a_short_position_are_mirrored() -> None:
    subject = protected(Side.SELL)

    directions = {name: (o.side, o.trigger_direction) for name, o in orders(subject).items()}

    assert directions == {"StopLoss": (Side.BUY, 1), "TakeProfit": (Side.BUY, 2)}


def test_they_follow_the_position_and_what_it_is_set_to() -> None:
    subject = protected()
    subject.place(market(Side.BUY, 5))
    grown = shown(subject)
    subject.set_stop(SYMBOL, 99_500)

    moved = shown(subject)

    assert [(type(e), e.order.lots) for e in grown if isinstance(e, Amended)] == [(Amended, 15)] * 2
    (stop,) = [e.order for e in moved if isinstance(e, Amended) and e.order.stop_order_type == "StopLoss"]
    assert (stop.number, stop.trigger_ticks, stop.oco) == (2, 99_500, 0)
    assert orders(subject)["TakeProfit"].oco == 0  # parted by the change of one


def test_the_order_that_was_shown_is_the_order_that_closes() -> None:
    subject = protected()

    (closed,) = fills(play(subject, 100_000, 100_100, 98_000, 98_500))
    (gone,) = shown(subject)

    assert closed.order is not None
    assert (closed.order.number, closed.order.status, closed.order.trigger_ticks) == (
        2,
        Status.FILLED,
        99_000,
    )
    assert isinstance(gone, Cancelled)
    assert (gone.order.number, gone.order.reason) == (3, CancelReason.TPSL_CLEARED)
    assert not orders(subject)


def test_they_go_when_the_position_is_closed_otherwise() -> None:
    subject = protected()
    subject.place(market(Side.SELL, 10, reduce_only=True))

    gone = shown(subject)

    assert [e.order.reason for e in gone if isinstance(e, Cancelled)] == [CancelReason.TPSL_CLEARED] * 2


def test_a_position_turned_round_has_orders_of_its_own() -> None:
    subject = protected()
    subject.place(market(Side.SELL, 25, stop_ticks=101_000))

    events = shown(subject)

    assert [type(e) for e in events] == [Cancelled, Cancelled, Accepted]
    assert (orders(subject)["StopLoss"].side, orders(subject)["StopLoss"].lots) == (Side.BUY, 15)


def test_cancelling_one_of_a_pair_clears_both() -> None:
    subject = protected()

    subject.cancel(SYMBOL, number=2)
    gone = shown(subject)

    book = subject.ledger.book(SYMBOL)
    assert (book.stop_ticks, book.target_ticks) == (None, None)
    assert [e.order.reason for e in gone if isinstance(e, Cancelled)] == [CancelReason.BY_USER] * 2


def test_cancelling_one_that_stands_alone_leaves_the_others() -> None:
    subject = protected()
    subject.set_protection(SYMBOL, trailing=500)
    subject.set_stop(SYMBOL, 99_500)
    shown(subject)

    subject.cancel(SYMBOL, number=orders(subject)["TrailingStop"].number)
    shown(subject)
    subject.cancel(SYMBOL, number=2)
    shown(subject)

    assert set(orders(subject)) == {"TakeProfit"}


def test_a_trailing_stop_shows_where_it_is_activated() -> None:
    subject = protected()
    subject.set_protection(SYMBOL, trailing=500, active=100_500)
    shown(subject)

    play(subject, 100_000, 100_800, 99_900, 100_700)

    assert shown(subject) == []
    trailing = orders(subject)["TrailingStop"]
    assert (trailing.trigger_ticks, trailing.trigger_direction) == (100_500, 2)


def test_record_holds_them() -> None:
    subject = protected()
    record = subject.as_record()

    again = SimAccount.from_record(record, {SYMBOL: instrument()}, quotes={SYMBOL: (100_000, OPEN_MS)})

    assert again.as_record() == record
    assert orders(again) == orders(subject)


def test_a_position_nobody_shows_makes_no_orders() -> None:
    subject = account(100_000)
    subject.place(market(Side.BUY, 10, stop_ticks=99_000))

    (closed,) = fills(play(subject, 100_000, 100_100, 98_000, 98_500))

    assert closed.order is not None
    assert (closed.order.number, closed.order.trigger_ticks) == (2, None)

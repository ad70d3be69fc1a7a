"""Stop, target and trailing stop of a position."""

from __future__ import annotations

import pytest

from tests.trading_core.simulator.worlds import SYMBOL, account, fills, instrument, limit, market, play
from trading_core.execution.order import Side
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import PositionChanged
from trading_core.simulator.refusals import SimRefused


def holding(side: Side, **order: object) -> SimAccount:
    subject = account(100_000)
    subject.place(market(side, 10, **order))
    return subject


@pytest.mark.parametrize("side, target, price", [(Side.BUY, 101_000, 100_989), (Side.SELL, 99_000, 99_010)])
def test_target_of_the_order_closes_the_position(side: Side, target: int, price: int) -> None:
    subject = holding(side, target_ticks=target)

    (fill,) = fills(play(subject, 100_000, 101_100, 98_900, 100_000))

    assert (fill.ticks, fill.closed_lots, fill.stop_order_type) == (price, 10, "TakeProfit")
    assert fill.order is not None
    assert fill.order.create_type == "CreateByTakeProfit"
    assert subject.positions == {}


def test_a_gap_over_the_target_fills_at_the_market() -> None:
    subject = holding(Side.BUY, target_ticks=101_000)

    (fill,) = fills(play(subject, 102_000, 102_100, 101_900, 102_000))

    assert fill.ticks == 101_989


def test_stop_and_target_of_one_candle_take_the_stop_only() -> None:
    subject = holding(Side.BUY, stop_ticks=99_500, target_ticks=100_500)

    (fill,) = fills(play(subject, 100_000, 100_600, 99_400, 100_000))

    assert fill.stop_order_type == "StopLoss"
    book = subject.ledger.book(SYMBOL)
    assert (book.stop_ticks, book.target_ticks) == (None, None)


@pytest.mark.parametrize("side, target", [(Side.BUY, 100_000), (Side.SELL, 100_000)])
def test_target_on_the_wrong_side_is_refused(side: Side, target: int) -> None:
    subject = account(100_000)
    before = subject.as_record()

    with pytest.raises(SimRefused, match="TakeProfit:"):
        subject.place(market(side, 10, target_ticks=target))

    assert subject.as_record() == before


def test_trading_stop_sets_clears_and_leaves() -> None:
    subject = holding(Side.BUY)

    (event,) = subject.set_protection(SYMBOL, stop=99_000, target=102_000, trailing=500)
    assert isinstance(event, PositionChanged)
    assert (event.stop_ticks, event.target_ticks, event.trailing_ticks) == (99_000, 102_000, 500)
    (event,) = subject.set_protection(SYMBOL, target=None)
    assert isinstance(event, PositionChanged)
    assert (event.stop_ticks, event.target_ticks, event.trailing_ticks) == (99_000, None, 500)
    for same in ({"stop": 99_000}, {"target": None}, {"trailing": 500}):
        with pytest.raises(SimRefused, match="34040"):
            subject.set_protection(SYMBOL, **same)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop": 100_000},
        {"stop": 99_000, "target": 99_999},
        {"trailing": 0},
        {"trailing": 100_000},
        {"trailing": 500, "active": 99_000},
    ],
)
def test_wrong_protection_changes_nothing(wrong: dict[str, int]) -> None:
    subject = holding(Side.BUY)
    before = subject.as_record()

    with pytest.raises(SimRefused, match="10001"):
        subject.set_protection(SYMBOL, **wrong)  # type: ignore[arg-type]  # prices only

    assert subject.as_record() == before


def test_no_protection_without_a_position() -> None:
    with pytest.raises(SimRefused, match="zero position"):
        account(100_000).set_protection(SYMBOL, target=101_000)


def test_trailing_stop_follows_and_never_steps_back() -> None:
    subject = holding(Side.BUY)
    subject.set_protection(SYMBOL, trailing=500)

    assert play(subject, 100_000, 100_800, 99_900, 100_400) == []  # best 100 800, stop 100 300
    assert not subject.can_trigger(SYMBOL, 100_301, 100_800)
    (fill,) = fills(play(subject, 100_400, 100_500, 100_200, 100_250))

    assert (fill.ticks, fill.stop_order_type) == (100_289, "TrailingStop")


def test_trailing_stop_of_a_short() -> None:
    subject = holding(Side.SELL)
    subject.set_protection(SYMBOL, trailing=500)

    assert play(subject, 100_000, 100_400, 99_000, 99_100) == []
    (fill,) = fills(play(subject, 99_100, 99_600, 99_050, 99_550))

    assert fill.ticks == 99_510


def test_trailing_stop_sleeps_until_its_price() -> None:
    subject = holding(Side.BUY)
    subject.set_protection(SYMBOL, trailing=100, active=101_000)

    assert play(subject, 100_000, 100_900, 99_000, 100_800) == []
    assert not subject.can_trigger(SYMBOL, 99_000, 100_999)
    (fill,) = fills(play(subject, 100_800, 101_200, 100_700, 100_900))

    assert fill.ticks == 101_100 - 11


def test_protection_stays_with_a_position_that_grows_or_shrinks() -> None:
    subject = holding(Side.BUY)
    subject.set_protection(SYMBOL, stop=99_000, target=102_000, trailing=500)
    book = subject.ledger.book(SYMBOL)

    for order in (market(Side.BUY, 10), market(Side.SELL, 15), limit(Side.BUY, 10, 100_500)):
        subject.place(order)
        assert (book.stop_ticks, book.target_ticks) == (99_000, 102_000)
        assert book.trailing is not None
    subject.place(market(Side.SELL, 30))  # flips

    assert (book.stop_ticks, book.target_ticks, book.trailing) == (None, None, None)


def test_record_holds_the_trailing_stop() -> None:
    subject = holding(Side.BUY)
    subject.set_protection(SYMBOL, trailing=500, target=102_000)
    play(subject, 100_000, 100_800, 99_900, 100_400)
    record = subject.as_record()
    again = SimAccount.from_record(
        record, {SYMBOL: instrument()}, quotes=dict(subject.ledger.quotes), params=subject.ledger.params
    )

    assert again.as_record() == record
    assert play(again, 100_400, 100_500, 100_200, 100_250) == play(
        subject, 100_400, 100_500, 100_200, 100_250
    )


def test_a_record_without_the_new_keys_is_readable() -> None:
    record = holding(Side.BUY).as_record()
    for key in ("target_ticks", "trailing"):
        del record["books"][SYMBOL][key]

    again = SimAccount.from_record(record, {SYMBOL: instrument()}, quotes={SYMBOL: (100_000, 0)})

    assert again.ledger.book(SYMBOL).target_ticks is None

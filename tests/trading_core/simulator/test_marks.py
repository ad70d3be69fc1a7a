"""Where mark and index move by themselves: liquidation, profit and triggers that look at them."""

from __future__ import annotations

import json

import pytest

from tests.trading_core.simulator.worlds import OPEN_MS, SYMBOL, fills, instrument, market
from trading_core.execution.order import Side
from trading_core.money import money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event
from trading_core.simulator.ledger import Marks
from trading_core.simulator.orders import Attached, SimOrder, TriggerBy
from trading_core.simulator.refusals import SimRefused


@pytest.fixture
def marks() -> Marks:
    return {SYMBOL: (100_000, 100_000)}


@pytest.fixture
def subject(marks: Marks) -> SimAccount:
    """Ten ETH long at 1000.10 with 10x, on a market with a mark of its own."""
    quotes = {SYMBOL: (100_000, OPEN_MS)}
    made = SimAccount({SYMBOL: instrument()}, quotes=quotes, wallet=money("10000"), marks=marks)
    made.place(market(Side.BUY, 1_000))
    return made


def marked(subject: SimAccount, marks: Marks, mark: int, index: int = 100_000) -> list[Event]:
    met = subject.met_by_mark(SYMBOL, mark, index)
    marks[SYMBOL] = (mark, index)
    events = subject.follow_mark(SYMBOL)
    assert met == bool(events)
    return events


def moved(subject: SimAccount, ticks: int) -> list[Event]:
    events = subject.move(SYMBOL, ticks, time_ms=OPEN_MS, volume=1)
    subject.ledger.quotes[SYMBOL] = (ticks, OPEN_MS)
    return events


def test_a_last_price_beyond_the_liquidation_price_takes_nothing(subject: SimAccount, marks: Marks) -> None:
    level = subject.ledger.book(SYMBOL).liquidation()
    assert level is not None

    assert not moved(subject, level - 1_000)
    assert not marked(subject, marks, level + 1)

    assert subject.position(SYMBOL).lots == 1_000
    assert [fill.exec_type for fill in fills(marked(subject, marks, level))] == ["BustTrade"]
    assert subject.position(SYMBOL).is_flat


def test_profit_is_told_at_the_mark_price(subject: SimAccount, marks: Marks) -> None:
    moved(subject, 110_000)
    assert subject.equity < subject.wallet

    marked(subject, marks, 101_000)

    position = subject.position(SYMBOL)
    assert subject.equity - subject.wallet == position.unrealised(101_000, instrument()) > 0


@pytest.mark.parametrize(
    "by, prices", [(TriggerBy.MARK, (99_000, 100_000)), (TriggerBy.INDEX, (100_000, 99_000))]
)
def test_conditional_order_goes_off_by_the_price_it_looks_at(
    subject: SimAccount, marks: Marks, by: TriggerBy, prices: tuple[int, int]
) -> None:
    waiting = SimOrder(
        SYMBOL,
        Side.SELL,
        1_000,
        None,
        reduce_only=True,
        trigger_ticks=99_000,
        trigger_direction=2,
        trigger_by=by,
    )
    subject.place(waiting)

    assert not moved(subject, 98_000)
    assert not marked(subject, marks, prices[1], prices[0])

    (fill,) = fills(marked(subject, marks, *prices))
    assert fill.ticks < 98_000
    assert fill.mark_ticks == prices[0]
    assert subject.position(SYMBOL).is_flat


def test_the_side_of_a_trigger_is_that_of_the_price_it_looks_at(subject: SimAccount, marks: Marks) -> None:
    marked(subject, marks, 99_000)
    falls = SimOrder(
        SYMBOL, Side.SELL, 10, None, trigger_ticks=99_500, trigger_direction=2, trigger_by=TriggerBy.MARK
    )
    with pytest.raises(SimRefused, match=r"trigger_price\[99500\] >= current\[99000\]"):
        subject.place(falls)


def test_it_wakes_as_it_was(subject: SimAccount, marks: Marks) -> None:
    marked(subject, marks, 95_000)
    record = json.loads(json.dumps(subject.as_record()))

    woken = SimAccount.from_record(
        record,
        {SYMBOL: instrument()},
        quotes=subject.ledger.quotes,
        params=subject.ledger.params,
        marks=marks,
    )

    assert woken.equity == subject.equity
    assert not moved(woken, 80_000)
    assert fills(marked(woken, marks, 90_000))


@pytest.mark.parametrize(
    "kind, by", [("stop", TriggerBy.MARK), ("stop", TriggerBy.INDEX), ("target", TriggerBy.MARK)]
)
def test_protection_goes_off_by_the_price_it_looks_at(
    subject: SimAccount, marks: Marks, kind: str, by: TriggerBy
) -> None:
    level = 99_000 if kind == "stop" else 101_000
    subject.set_protection(SYMBOL, **{kind: level, f"{kind}_by": by})  # type: ignore[arg-type]
    with pytest.raises(SimRefused, match="34040"):
        subject.set_protection(SYMBOL, **{kind: level, f"{kind}_by": by})  # type: ignore[arg-type]

    assert not moved(subject, 98_500 if kind == "stop" else 101_500)
    moved(subject, 100_200)
    prices = (level, 100_000) if by is TriggerBy.MARK else (100_000, level)

    (fill,) = fills(marked(subject, marks, *prices))

    assert fill.stop_order_type == {"stop": "StopLoss", "target": "TakeProfit"}[kind]
    assert 100_000 < fill.ticks < 100_200
    assert subject.ledger.book(SYMBOL).stop_by is TriggerBy.LAST


def test_the_side_of_a_stop_is_that_of_the_price_it_looks_at(subject: SimAccount, marks: Marks) -> None:
    marked(subject, marks, 99_000)
    with pytest.raises(SimRefused, match=r"base_price:99000000000\?\?MarkPrice"):
        subject.set_protection(SYMBOL, stop=99_500, stop_by=TriggerBy.MARK)
    subject.set_protection(SYMBOL, stop=99_500)
    subject.set_protection(SYMBOL, stop=98_500, stop_by=TriggerBy.MARK)
    woken = SimAccount.from_record(
        json.loads(json.dumps(subject.as_record())),
        {SYMBOL: instrument()},
        quotes=subject.ledger.quotes,
        marks=marks,
    )
    assert woken.as_record() == subject.as_record()
    assert woken.ledger.book(SYMBOL).stop_by is TriggerBy.MARK


def test_an_orders_stop_keeps_the_price_it_looks_at(subject: SimAccount, marks: Marks) -> None:
    attached = Attached(stop_by=TriggerBy.MARK)
    subject.place(market(Side.BUY, 10, stop_ticks=95_000, attached=attached))
    assert not moved(subject, 94_000)
    assert fills(marked(subject, marks, 95_000))

"""What holds on a simulated account whatever is asked of it and whatever the market does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.simulator.worlds import CLOSE_MS, SYMBOL, account, instrument
from trading_core.execution.order import Side, TimeInForce
from trading_core.money import money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.orders import (
    SimOrder,
    Status,
)
from trading_core.simulator.protection import UNSET
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.walk import CandleTicks

PRICES = st.integers(90_000, 110_000)
SIDES = st.sampled_from(Side)

places = st.builds(
    SimOrder,
    symbol=st.just(SYMBOL),
    side=SIDES,
    lots=st.integers(1, 300),
    ticks=st.none() | PRICES,
    link=st.sampled_from(["", "a", "b", "c", "d"]),
    reduce_only=st.booleans(),
    time_in_force=st.sampled_from(TimeInForce),
    stop_ticks=st.none() | PRICES,
    target_ticks=st.none() | PRICES,
    slippage_ticks=st.none() | st.integers(1, 30),
    close_on_trigger=st.booleans(),
)
conditionals = st.builds(replace, places, trigger_ticks=PRICES, trigger_direction=st.sampled_from([1, 2]))
KEEP = st.just(UNSET)
protections = st.fixed_dictionaries(
    {
        "stop": KEEP | st.none() | PRICES,
        "target": KEEP | st.none() | PRICES,
        "trailing": KEEP | st.none() | st.integers(1, 5_000),
        "active": st.none() | PRICES,
    }
)
candles = st.tuples(PRICES, PRICES, PRICES, PRICES).map(lambda p: CandleTicks(p[0], max(p), min(p), p[3]))
commands = st.one_of(
    st.tuples(st.just("place"), places),
    st.tuples(st.just("place"), conditionals),
    st.tuples(st.just("protect"), protections),
    st.tuples(st.just("retrigger"), st.tuples(st.integers(1, 12), PRICES)),
    st.tuples(st.just("cancel"), st.integers(1, 12)),
    st.tuples(st.just("amend"), st.tuples(st.integers(1, 12), st.integers(1, 300), PRICES)),
    st.tuples(st.just("stop"), st.none() | PRICES),
    st.tuples(st.just("leverage"), st.integers(1, 30)),
    st.tuples(st.just("candle"), candles),
    st.tuples(st.just("move"), PRICES),
    st.tuples(st.just("funding"), st.integers(-20_000, 20_000)),
)
stories = st.lists(commands, max_size=25)


@dataclass
class Book:
    """What an observer knows from events alone."""

    lots: int = 0
    wallet: int = money("10000")
    told: list[str] = field(default_factory=list)

    def hear(self, events: list[Event]) -> None:
        for event in events:
            self.told.append(repr(event))
            if isinstance(event, Executed):
                self._hear_execution(event)

    def _hear_execution(self, event: Executed) -> None:
        self.wallet += event.gained - event.fee
        if event.exec_type == "Funding":
            return
        before = self.lots
        self.lots += event.side.sign * event.lots
        if event.order is not None and event.order.reduce_only:
            assert before * self.lots >= 0
            assert abs(self.lots) < abs(before)


def act(subject: SimAccount, name: str, value: object) -> list[Event]:
    before = json.dumps(subject.as_record())
    try:
        return _act(subject, name, value)
    except SimRefused:
        assert json.dumps(subject.as_record()) == before
        return []


def _act(subject: SimAccount, name: str, value: object) -> list[Event]:
    match name, value:
        case "place", SimOrder() as order:
            return subject.place(order)
        case "cancel", int(number):
            return subject.cancel(SYMBOL, number=number)
        case "amend", (int(number), int(lots), int(ticks)):
            return subject.amend(SYMBOL, number=number, lots=lots, ticks=ticks)
        case "stop", (int() | None) as ticks:
            return subject.set_stop(SYMBOL, ticks)
        case "protect", dict() as protection:
            return subject.set_protection(SYMBOL, **protection)
        case "retrigger", (int(number), int(ticks)):
            return subject.amend(SYMBOL, number=number, trigger_ticks=ticks)
        case "leverage", int(times):
            return subject.set_leverage(SYMBOL, times * 1_000_000)
    return market_moves(subject, name, value)


def market_moves(subject: SimAccount, name: str, value: object) -> list[Event]:
    match name, value:
        case "move", int(ticks):
            events = subject.move(SYMBOL, ticks, time_ms=CLOSE_MS, volume=1)
            subject.ledger.quotes[SYMBOL] = (ticks, CLOSE_MS)
            return events
        case "funding", int(rate):
            return subject.funding(SYMBOL, rate_e8=rate, mark_ticks=100_000, time_ms=CLOSE_MS)
        case "candle", CandleTicks() as candle:
            return walk(subject, candle)
    raise AssertionError(name)


def walk(subject: SimAccount, candle: CandleTicks) -> list[Event]:
    subject.start_walk(SYMBOL, candle, volume=1, close_ms=CLOSE_MS)
    events: list[Event] = []
    while batch := subject.advance(SYMBOL):
        events += batch
    subject.end_walk(SYMBOL)
    subject.ledger.quotes[SYMBOL] = (candle.close, CLOSE_MS)
    return events


def tell(subject: SimAccount, story: list[tuple[str, object]]) -> Book:
    seen = Book()
    for name, value in story:
        seen.hear(act(subject, name, value))
        assert subject.position(SYMBOL).lots == seen.lots
        assert subject.wallet == seen.wallet
        position = subject.position(SYMBOL)
        assert position.cost >= 0
        assert (position.cost == 0) == position.is_flat
        book = subject.ledger.book(SYMBOL)
        assert not position.is_flat or (book.stop_ticks, book.target_ticks, book.trailing) == (
            None,
            None,
            None,
        )
        assert subject.wallet - subject.available == tied_up(subject)
        assert all(order.is_open and order.leaves > 0 for order in subject.open_orders())
    return seen


def tied_up(subject: SimAccount) -> int:
    """Margin of the position and of each resting order, summed anew."""
    ledger, book = subject.ledger, subject.ledger.book(SYMBOL)
    return ledger.position_margin(book) + sum(
        ledger.margin_of(book, sign=o.side.sign, lots=o.leaves, ticks=o.ticks or 0, reduce_only=o.reduce_only)
        for o in subject.open_orders()
        if o.status in (Status.NEW, Status.PARTIALLY_FILLED)
    )


@settings(max_examples=150, deadline=None)
@given(story=stories)
def test_events_tell_the_whole_state(story: list[tuple[str, object]]) -> None:
    tell(account(), story)


@settings(max_examples=60, deadline=None)
@given(story=stories)
def test_same_inputs_give_the_same_events(story: list[tuple[str, object]]) -> None:
    one, two = account(), account()

    assert tell(one, story).told == tell(two, story).told
    assert one.as_record() == two.as_record()


@settings(max_examples=60, deadline=None)
@given(story=stories, candle=candles, steps=st.integers(0, 3))
def test_account_wakes_in_the_middle_of_a_walk(
    story: list[tuple[str, object]], candle: CandleTicks, steps: int
) -> None:
    awake = account()
    tell(awake, story)
    awake.start_walk(SYMBOL, candle, volume=1, close_ms=CLOSE_MS)
    for _ in range(steps):
        awake.advance(SYMBOL)

    woken = SimAccount.from_record(
        json.loads(json.dumps(awake.as_record())),
        {SYMBOL: instrument()},
        quotes=dict(awake.ledger.quotes),
    )

    assert woken.as_record() == awake.as_record()
    assert [woken.advance(SYMBOL) for _ in range(4)] == [awake.advance(SYMBOL) for _ in range(4)]
    assert (woken.equity, woken.available) == (awake.equity, awake.available)


@settings(max_examples=100, deadline=None)
@given(story=stories, candle=candles)
def test_candles_that_cannot_trigger_do_nothing(story: list[tuple[str, object]], candle: CandleTicks) -> None:
    subject = account()
    tell(subject, story)
    quiet = not subject.can_trigger(SYMBOL, candle.low, candle.high)
    book = subject.ledger.book(SYMBOL)
    trailing = book.trailing is not None
    before = subject.as_record()

    events = walk(subject, candle)

    if quiet:
        assert not events
        assert subject.as_record() == before
    elif not trailing:  # a trailing stop may only have moved
        assert events

"""Orders of all kinds in random stories over random candles: what no fill and no status ever does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.simulator.test_properties import candles
from tests.trading_core.simulator.worlds import OPEN_MS, SYMBOL, account, instrument
from trading_core.execution.order import Side, TimeInForce
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event, Executed, PositionChanged, WalletChanged
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.orders import (
    Attached,
    SimOrder,
    StandingOrder,
    Status,
)
from trading_core.simulator.protection_orders import refresh
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.volume import CandleBar, share_of
from trading_core.simulator.walk import CandleTicks

ENDED = (Status.FILLED, Status.CANCELLED, Status.DEACTIVATED)
OFFSETS = st.integers(-400, 400)
AWAY = st.integers(-50, 1_500)
"""Ticks on the right side of a price; now and then on the wrong one."""
MAYBE = st.none() | AWAY
LOTS = st.integers(1, 400)
WHICH = st.integers(0, 7)
attached = st.builds(
    Attached,
    partial=st.booleans(),
    stop_limit=st.none() | st.integers(98_000, 102_000),
    target_limit=st.none() | st.integers(98_000, 102_000),
)
orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(Side),
        "lots": LOTS,
        "offset": st.none() | OFFSETS,
        "tif": st.sampled_from([*TimeInForce, TimeInForce.GTC, TimeInForce.GTC]),
        "reduce_only": st.sampled_from([False, False, True]),
        "trigger": st.sampled_from([None, None, None, -300, 300]),
        "stop": MAYBE,
        "target": MAYBE,
        "attached": attached,
    }
)
commands = st.one_of(
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("place"), orders),
    st.tuples(st.just("cancel"), WHICH),
    st.tuples(st.just("amend"), st.tuples(WHICH, LOTS, OFFSETS)),
    st.tuples(st.just("attach"), st.tuples(WHICH, MAYBE, MAYBE)),
    st.tuples(st.just("protect"), st.tuples(MAYBE, MAYBE, MAYBE)),
    st.tuples(st.just("partial"), st.tuples(LOTS, MAYBE, MAYBE, attached)),
)
NEAR = st.integers(98_500, 101_500)
narrow = st.tuples(NEAR, NEAR, NEAR, NEAR).map(lambda p: CandleTicks(p[0], max(p), min(p), p[3]))
bars = st.builds(CandleBar, narrow | narrow | candles, st.sampled_from([0.005, 4.0, 10.0, 25.0, 400.0, 0.0]))
minutes = st.lists(st.tuples(bars, st.lists(commands, min_size=3, max_size=9)), min_size=2, max_size=6)
Story = list[tuple[CandleBar, list[tuple[str, Any]]]]


@dataclass
class Watcher:
    """What somebody who only hears events makes sure of."""

    bar: CandleBar
    lots: int = 0
    taken: int = 0
    orders: dict[int, StandingOrder] = field(default_factory=dict)

    def begin(self, bar: CandleBar) -> None:
        self.bar, self.taken = bar, 0

    def hear(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, PositionChanged):
                assert event.position.lots == self.lots
            elif not isinstance(event, WalletChanged) and event.order is not None:
                if isinstance(event, Executed):
                    self._executed(event, event.order)
                self._order(event.order)

    def _order(self, order: StandingOrder) -> None:
        before = self.orders.get(order.number)
        if before is not None:
            # A fill that ends a FOK, IOC or reduce-only order is told before its end: still open then.
            assert before.status not in ENDED, (before, order)
            assert order.filled >= before.filled
        assert 0 <= order.filled <= order.lots
        assert (order.status is Status.FILLED) == (order.filled == order.lots)
        self.orders[order.number] = order

    def _executed(self, event: Executed, order: StandingOrder) -> None:
        known = self.orders.get(order.number)
        assert event.lots == order.filled - (0 if known is None else known.filled) > 0
        before, self.lots = self.lots, self.lots + event.side.sign * event.lots
        if order.reduce_only:
            assert before * self.lots >= 0
            assert abs(self.lots) < abs(before)
        if order.time_in_force is TimeInForce.FOK and not order.reduce_only:
            assert event.lots == order.lots
        self._priced(event, order)
        self._bounded(event, order)

    def _priced(self, event: Executed, order: StandingOrder) -> None:
        if event.is_maker:
            assert event.ticks == order.ticks  # at its own price, once traded through
            through = (
                self.bar.ticks.low < event.ticks if event.side.sign > 0 else event.ticks < self.bar.ticks.high
            )
            assert through
        else:
            assert order.time_in_force is not TimeInForce.POST_ONLY
            assert order.ticks is None or event.side.sign * (order.ticks - event.ticks) >= 0

    def _bounded(self, event: Executed, order: StandingOrder) -> None:
        self.taken += event.lots
        closes = order.reduce_only or order.close_on_trigger
        is_stop = order.create_type != "CreateByUser" or order.trigger_ticks is not None
        if event.is_maker or not (closes and is_stop):
            ticks = self.bar.ticks.open
            assert self.taken <= share_of(self.bar.volume, instrument(), ticks=ticks, share_ppm=100_000)


def act(subject: SimAccount, name: str, value: Any) -> list[Event]:
    before = json.dumps(subject.as_record())
    try:
        return _act(subject, name, value)
    except SimRefused:
        assert json.dumps(subject.as_record()) == before
        return []


def _act(subject: SimAccount, name: str, value: Any) -> list[Event]:
    book = subject.ledger.book(SYMBOL)
    price, sign = subject.ledger.price(book), 1 if book.position.lots >= 0 else -1
    if name == "place":
        return subject.place(_order(price, **value))
    if name == "protect":
        stop, target, trailing = value
        return subject.set_protection(
            SYMBOL, stop=_away(price, -sign, stop), target=_away(price, sign, target), trailing=trailing
        )
    if name == "partial":
        lots, stop, target, how = value
        return subject.set_partial(
            SYMBOL, lots=lots, stop=_away(price, -sign, stop), target=_away(price, sign, target), attached=how
        )
    standing = [*subject.open_orders(), *book.protection_orders.values()]
    if not standing:
        return []
    if name == "cancel":
        return subject.cancel(SYMBOL, number=standing[value % len(standing)].number)
    order = standing[value[0] % len(standing)]
    if name == "attach":
        reference, way = order.ticks or order.trigger_ticks or price, order.side.sign
        stop, target = _away(reference, -way, value[1]), _away(reference, way, value[2])
        return subject.amend(SYMBOL, number=order.number, stop=stop, target=target)
    if order.rests:
        return subject.amend(SYMBOL, number=order.number, lots=value[1], ticks=price + value[2])
    return subject.amend(SYMBOL, number=order.number, trigger_ticks=price + value[2])


def _away(price: int, way: int, ticks: int | None) -> int | None:
    return None if ticks is None else price + way * ticks


def _order(
    price: int,
    *,
    side: Side,
    lots: int,
    offset: int | None,
    tif: TimeInForce,
    reduce_only: bool,
    trigger: int | None,
    stop: int | None,
    target: int | None,
    attached: Attached,
) -> SimOrder:
    base = price if trigger is None else price + trigger
    ticks = None if offset is None else base + offset
    reference = base if ticks is None else ticks
    return SimOrder(
        SYMBOL, side, lots, ticks, reduce_only=reduce_only,
        time_in_force=TimeInForce.IOC if ticks is None else tif,
        stop_ticks=None if reduce_only else _away(reference, -side.sign, stop),
        target_ticks=None if reduce_only else _away(reference, side.sign, target),
        trigger_ticks=None if trigger is None else base,
        trigger_direction=0 if trigger is None else 1 if trigger > 0 else 2, attached=attached,
    )  # fmt: skip


def check(subject: SimAccount, seen: Watcher) -> None:
    """What stands agrees with what was told."""
    book = subject.ledger.book(SYMBOL)
    for order in [*subject.open_orders(), *book.protection_orders.values()]:
        assert order.is_open
        assert not order.rests or order.time_in_force in (TimeInForce.GTC, TimeInForce.POST_ONLY)
        assert order.leaves > 0
        told = seen.orders[order.number]
        assert (told.status, told.filled, told.lots, told.ticks) == (
            order.status, order.filled, order.lots, order.ticks,
        )  # fmt: skip
    standing = {order.number for order in subject.open_orders()} | {
        order.number for order in book.protection_orders.values()
    }
    assert {number for number, order in seen.orders.items() if order.status not in ENDED} == standing
    shown = {name: order.lots for name, order in book.protection_orders.items()}
    levels = {"StopLoss": book.stop_ticks, "TakeProfit": book.target_ticks, "TrailingStop": book.trailing}
    assert shown == {name: abs(seen.lots) for name, level in levels.items() if level is not None}


def play(story: Story) -> tuple[SimAccount, Watcher]:
    """Play a story, each command at its minute's open or behind a fill of it; wake in between."""
    quotes: Quotes = {SYMBOL: (100_000, OPEN_MS)}
    subject, seen = account(quotes=quotes, wallet="1000000"), Watcher(story[0][0])
    steps = Lockstep([subject], quotes)

    def hear(events: list[Event]) -> None:
        shown = refresh(subject.ledger, subject.ledger.book(SYMBOL)) if events else []
        seen.hear([*events, *shown])
        check(subject, seen)

    for minute, (bar, asked) in enumerate(story):
        seen.begin(bar)
        at = OPEN_MS + minute * 60_000
        steps.begin({SYMBOL: bar}, open_ms=at, close_ms=at + 60_000)
        later = list(asked)
        for name, value in later[::2]:
            hear(act(subject, name, value))
        rest = iter(later[1::2])
        while step := steps.advance():
            hear(step.events)
            name, value = next(rest, ("", None))
            hear(act(subject, name, value) if name else [])
        steps.finish()
    return subject, seen


@settings(max_examples=250, deadline=None)
@given(story=minutes)
def test_no_fill_and_no_status_breaks_a_rule(story: Story) -> None:
    subject, seen = play(story)

    assert subject.position(SYMBOL).lots == seen.lots


@settings(max_examples=60, deadline=None)
@given(story=minutes)
def test_a_story_told_twice_ends_in_the_same_state_to_the_byte(story: Story) -> None:
    (one, told), (two, again) = play(story), play(story)

    record = json.dumps(one.as_record()).encode()
    assert record == json.dumps(two.as_record()).encode()
    assert told.orders == again.orders
    woken = SimAccount.from_record(json.loads(record), {SYMBOL: instrument()}, quotes=dict(one.ledger.quotes))
    assert json.dumps(woken.as_record()).encode() == record

"""Cross margin: one balance behind all positions, and a take-over that leaves neither money nor debt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.trading_core.simulator.test_margin import oracle_margin
from tests.trading_core.simulator.worlds import CLOSE_MS, OPEN_MS, fills, instrument
from trading_core.execution.order import Side
from trading_core.money import PPM, money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.cross import cross_level, sums
from trading_core.simulator.events import Cancelled, Event
from trading_core.simulator.ledger import Marks
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.orders import CancelReason, SimOrder
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks

A, B = "AUSDT", "BUSDT"
START = 100_000


def crossed(*, wallet: str = "1000", marks: Marks | None = None) -> SimAccount:
    quotes = dict.fromkeys((A, B), (START, OPEN_MS))
    listed = {symbol: instrument(symbol) for symbol in (A, B)}
    subject = SimAccount(listed, quotes=quotes, params=MatchingParams(), wallet=money(wallet), marks=marks)
    subject.set_cross_margin(is_cross=True)
    return subject


def buy(symbol: str, lots: int) -> SimOrder:
    return SimOrder(symbol, Side.BUY, lots, None)


def played(subject: SimAccount, candles: dict[str, Sequence[int]]) -> list[Event]:
    """All that a candle of each symbol does."""
    steps = Lockstep([subject], subject.ledger.quotes)
    bars = {symbol: CandleBar(CandleTicks(*prices), 1) for symbol, prices in candles.items()}
    steps.begin(bars, open_ms=OPEN_MS, close_ms=CLOSE_MS)
    events: list[Event] = []
    while (step := steps.advance()) is not None:
        events += step.events
    steps.finish()
    return events


def test_profit_of_one_position_carries_another() -> None:
    subject = crossed()
    subject.place(buy(A, 500))
    with pytest.raises(SimRefused, match="110007"):
        subject.place(buy(B, 600))
    played(subject, {A: (START, 120_000, START, 120_000)})

    subject.place(buy(B, 600))

    ledger = subject.ledger
    margins = sum(ledger.position_margin(book) for book in ledger.held())
    assert margins == money("600") + money("600")
    assert subject.available == subject.equity - margins


def test_isolated_position_would_be_gone_where_a_crossed_one_is_not() -> None:
    subject = crossed(wallet="5000")
    subject.place(buy(A, 1_000))

    assert not played(subject, {A: (START, START, 80_000, 80_000)})

    assert subject.position(A).lots == 1_000
    assert subject.available > 0


def test_orders_go_first_then_every_position_and_nothing_is_left() -> None:
    subject = crossed(wallet="1500")
    subject.place(buy(A, 900))
    subject.place(SimOrder(B, Side.SELL, 300, None))
    subject.place(SimOrder(B, Side.BUY, 10, 90_000))
    level = cross_level(subject.ledger, subject.ledger.book(A))
    assert level is not None

    events = played(subject, {A: (START, START, level - 100, START), B: (START, START, 99_999, START)})

    cancelled = [event.order for event in events if isinstance(event, Cancelled)]
    busts = fills(events)
    assert [(order.symbol, order.reason) for order in cancelled] == [(B, CancelReason.BY_LIQUIDATION)]
    assert isinstance(events[0], Cancelled)
    assert [(bust.symbol, bust.exec_type, bust.time_ms) for bust in busts] == [
        (B, "BustTrade", CLOSE_MS), (A, "BustTrade", CLOSE_MS),
    ]  # fmt: skip
    assert busts[1].mark_ticks == level
    assert (subject.positions, subject.active) == ({}, [])
    assert 0 <= subject.wallet < money("1")


def test_mode_waits_for_an_empty_account() -> None:
    subject = crossed()
    subject.place(SimOrder(A, Side.BUY, 10, 90_000))
    with pytest.raises(SimRefused, match="3400045"):
        subject.set_cross_margin(is_cross=False)
    subject.cancel(A, number=1)
    subject.place(buy(A, 10))
    with pytest.raises(SimRefused, match="3400045"):
        subject.set_cross_margin(is_cross=False)
    subject.place(SimOrder(A, Side.SELL, 10, None))
    subject.set_cross_margin(is_cross=False)
    assert not subject.ledger.book(A).is_cross


def test_it_wakes_as_it_was() -> None:
    subject = crossed()
    subject.place(buy(A, 500))
    listed = {symbol: instrument(symbol) for symbol in (A, B)}
    woken = SimAccount.from_record(
        json.loads(json.dumps(subject.as_record())), listed, quotes=dict(subject.ledger.quotes)
    )
    assert woken.as_record() == subject.as_record()
    assert woken.available == subject.available
    candle: dict[str, Sequence[int]] = {A: (START, START, 70_000, 71_000)}
    assert [repr(e) for e in played(woken, candle)] == [repr(e) for e in played(subject, candle)] != []


def test_with_marks_the_account_is_judged_by_all_of_them() -> None:
    marks: Marks = {A: (START, START), B: (START, START)}
    subject = crossed(marks=marks)
    subject.place(buy(A, 500))
    subject.place(buy(B, 400))
    marks[B] = (85_000, START)
    assert not subject.follow_mark(B)

    assert not subject.met_by_mark(A, 96_000, START)
    assert subject.met_by_mark(A, 92_500, START)
    marks[A] = (92_500, START)
    assert [fill.symbol for fill in fills(subject.follow_mark(A))] == [A, B]
    assert 0 <= subject.wallet < money("1")


@settings(max_examples=200, deadline=None)
@given(
    sides=st.tuples(st.sampled_from(Side), st.sampled_from(Side)),
    lots=st.tuples(st.integers(10, 2_000), st.integers(10, 2_000)),
    leverage=st.integers(11, 50),
    other=st.integers(90_000, 110_000),
)
def test_level_is_where_balance_meets_the_oracles_margin(
    sides: tuple[Side, Side], lots: tuple[int, int], leverage: int, other: int
) -> None:
    subject = crossed(wallet="2500")
    for symbol, side, size in zip((A, B), sides, lots, strict=True):
        subject.set_leverage(symbol, leverage * PPM)
        try:
            subject.place(SimOrder(symbol, side, size, None))
        except SimRefused:
            return
    subject.ledger.quotes[B] = (other, OPEN_MS)
    book = subject.ledger.book(A)
    level = cross_level(subject.ledger, book)
    if level is None:
        return

    def surplus(price: int) -> Fraction:
        told = Fraction(subject.wallet, 10**8)
        for symbol, at in ((A, price), (B, other)):
            position = subject.position(symbol)
            sign = 1 if position.lots > 0 else -1
            told += sign * Fraction(at * abs(position.lots) - position.cost, 10_000)
            tiers = subject.ledger.book(symbol).instrument.tiers
            told -= oracle_margin(tiers, Fraction(at * abs(position.lots), 10_000))
        return told

    earlier = 1 if sides[0] is Side.BUY else -1
    slack = Fraction(1, 10**6)
    most = Fraction(PPM + book.instrument.tiers[-1].maintenance_ppm, PPM)  # a tick more costs margin, too
    assert surplus(level) <= slack + Fraction(lots[0], 10_000) * most
    assert surplus(level + earlier) > -slack
    assert sums(subject.ledger, A, level - earlier).is_over


@settings(max_examples=100, deadline=None)
@example(drop=58_006, lots=2_240, short=10)  # a debt that costs fees of its own
@given(drop=st.integers(1, 60_000), lots=st.integers(100, 3_000), short=st.integers(10, 1_000))
def test_a_take_over_leaves_no_debt(drop: int, lots: int, short: int) -> None:
    marks: Marks = {A: (START, START), B: (START, START)}
    subject = crossed(wallet="3500", marks=marks)
    subject.place(buy(A, lots))
    try:
        subject.place(SimOrder(B, Side.SELL, short, None))
    except SimRefused:
        return
    marks[A] = (START - drop, START)
    marks[B] = (START + drop // 2, START)

    events = subject.follow_mark(A)

    assert subject.wallet >= 0
    assert bool(events) == (not subject.positions)

"""Whatever an account and its market go through, the sums hold: money, positions, margins, numbering."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.trading_core.simulator.test_margin import MADE_UP, oracle_margin, oracle_price
from tests.trading_core.simulator.worlds import OPEN_MS, instrument
from trading_core.execution.margin import opening_lots
from trading_core.execution.order import Side, TimeInForce
from trading_core.money import PPM, money
from trading_core.simulator.account import SimAccount
from trading_core.simulator.added_margin import add_margin, set_auto_margin
from trading_core.simulator.book import Book, book_key
from trading_core.simulator.cross import sums
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.ledger import Marks, Quotes
from trading_core.simulator.leverage import set_leverages
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.orders import (
    SimOrder,
    TriggerBy,
)
from trading_core.simulator.position_mode import opening_index, switch, switch_all
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks

A, B = "AUSDT", "BUSDT"
SYMBOLS = st.sampled_from((A, B))
PRICES = st.integers(70_000, 130_000)
LOTS = st.integers(1, 40_000)
SIDES = st.sampled_from(Side)
INDEXES = st.sampled_from((0, 0, 1, 2))
KEYS = st.builds(book_key, SYMBOLS, INDEXES)
NUMBERS = st.integers(1, 30)
CANDLES = st.tuples(PRICES, PRICES, PRICES, PRICES)


class Story(RuleBasedStateMachine):
    """One account, isolated or crossed, in lock-step or with marks of its own."""

    quotes: Quotes
    marks: Marks | None
    subject: SimAccount

    @initialize(deposit=st.integers(50, 400_000), is_cross=st.booleans(), is_marked=st.booleans())
    def begin(self, deposit: int, is_cross: bool, is_marked: bool) -> None:
        self.quotes = dict.fromkeys((A, B), (100_000, OPEN_MS))
        self.marks = dict.fromkeys((A, B), (100_000, 100_000)) if is_marked else None
        self.deposit = money(deposit)
        self.listed = {symbol: replace(instrument(symbol), tiers=MADE_UP) for symbol in (A, B)}
        self.subject = SimAccount(self.listed, quotes=self.quotes, wallet=self.deposit, marks=self.marks)
        self.subject.set_cross_margin(is_cross=is_cross)
        self.gained = self.paid = self.sequence = 0
        self.lots = {book_key(symbol, index): 0 for symbol in (A, B) for index in range(3)}

    # What is heard

    def hear(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Executed):
                self.sequence += 1
                assert event.sequence == self.sequence
                self.gained += event.gained
                self.paid += event.fee
                if event.exec_type != "Funding":
                    self.lots[book_key(event.symbol, event.index)] += event.side.sign * event.lots

    def ask(self, command: Callable[[], list[Event]]) -> None:
        before = json.dumps(self.subject.as_record())
        try:
            self.hear(command())
        except SimRefused:
            assert json.dumps(self.subject.as_record()) == before

    # What the owner does

    @rule(
        symbol=SYMBOLS, index=INDEXES, side=SIDES, lots=LOTS, ticks=st.none() | PRICES, reduce_only=st.booleans(),
        kind=st.sampled_from(TimeInForce), stop=st.none() | PRICES, goal=st.none() | PRICES,
    )  # fmt: skip
    def place(
        self, symbol: str, index: int, side: Side, lots: int, ticks: int | None, reduce_only: bool, kind: TimeInForce,
        stop: int | None, goal: int | None,
    ) -> None:  # fmt: skip
        order = SimOrder(
            symbol, side, lots, ticks, reduce_only=reduce_only, time_in_force=kind, stop_ticks=stop,
            target_ticks=goal, index=index,
        )  # fmt: skip
        self.ask(lambda: self.subject.place(order))

    @rule(symbol=SYMBOLS, side=SIDES, lots=LOTS, opens=st.booleans())
    def take(self, symbol: str, side: Side, lots: int, opens: bool) -> None:
        """A market order that opens, or in hedge mode closes the other side."""
        index = opening_index(self.subject.ledger, symbol, side if opens else side.opposite)
        self.ask(lambda: self.subject.place(SimOrder(symbol, side, lots, None, index=index)))

    @rule(
        symbol=SYMBOLS, side=SIDES, lots=LOTS, trigger=PRICES, direction=st.sampled_from((1, 2)),
        by=st.sampled_from(TriggerBy),
    )  # fmt: skip
    def wait(self, symbol: str, side: Side, lots: int, trigger: int, direction: int, by: TriggerBy) -> None:
        order = SimOrder(
            symbol, side, lots, None, trigger_ticks=trigger, trigger_direction=direction, trigger_by=by,
            index=opening_index(self.subject.ledger, symbol, side),
        )  # fmt: skip
        self.ask(lambda: self.subject.place(order))

    @rule(symbol=KEYS, number=NUMBERS, lots=LOTS, ticks=PRICES)
    def amend(self, symbol: str, number: int, lots: int, ticks: int) -> None:
        self.ask(lambda: self.subject.amend(symbol, number=number, lots=lots, ticks=ticks))

    @rule(symbol=KEYS, number=NUMBERS)
    def cancel(self, symbol: str, number: int) -> None:
        self.ask(lambda: self.subject.cancel(symbol, number=number))

    @rule(symbol=KEYS, times=st.integers(1, 30))
    def leverage(self, symbol: str, times: int) -> None:
        self.ask(lambda: self.subject.set_leverage(symbol, times * PPM))

    @rule(symbol=KEYS, amount=st.integers(-2_000, 5_000))
    def add_margin(self, symbol: str, amount: int) -> None:
        ledger, tied = self.subject.ledger, self.subject.available
        self.ask(lambda: add_margin(ledger, ledger.book(symbol), money(amount)))
        assert self.subject.available in (tied, tied - money(amount))

    @rule(symbol=KEYS, is_on=st.booleans())
    def auto_margin(self, symbol: str, is_on: bool) -> None:
        ledger = self.subject.ledger
        self.ask(lambda: set_auto_margin(ledger, ledger.book(symbol), is_on=is_on))

    @rule(symbol=SYMBOLS, times=st.tuples(st.integers(1, 30), st.integers(1, 30)))
    def leverages(self, symbol: str, times: tuple[int, int]) -> None:
        self.ask(lambda: set_leverages(self.subject.ledger, symbol, times[0] * PPM, times[1] * PPM))

    @rule(symbol=SYMBOLS, is_hedged=st.booleans())
    def position_mode(self, symbol: str, is_hedged: bool) -> None:
        ledger = self.subject.ledger
        free = (
            all(book.is_idle for book in ledger.books_of(symbol))
            and ledger.is_hedged(symbol) is not is_hedged
        )
        before = json.dumps(self.subject.as_record())
        try:
            switch(ledger, symbol, is_hedged=is_hedged)
            assert free
        except SimRefused:
            assert not free
            assert json.dumps(self.subject.as_record()) == before

    @rule(is_hedged=st.booleans())
    def position_modes(self, is_hedged: bool) -> None:
        ledger = self.subject.ledger
        kept = {s: ledger.is_hedged(s) for s in (A, B) if not all(b.is_idle for b in ledger.books_of(s))}
        switch_all(ledger, (A, B), is_hedged=is_hedged)
        assert {s: ledger.is_hedged(s) for s in (A, B)} == {A: is_hedged, B: is_hedged} | kept

    @rule(symbol=KEYS, stop=st.none() | PRICES, goal=st.none() | PRICES, by=st.sampled_from(TriggerBy))
    def protect(self, symbol: str, stop: int | None, goal: int | None, by: TriggerBy) -> None:
        self.ask(
            lambda: self.subject.set_protection(symbol, stop=stop, target=goal, stop_by=by, target_by=by)
        )

    @rule(is_cross=st.booleans())
    def mode(self, is_cross: bool) -> None:
        empty = not self.subject.active
        before = json.dumps(self.subject.as_record())
        try:
            self.subject.set_cross_margin(is_cross=is_cross)
            assert empty
        except SimRefused:
            assert not empty
            assert json.dumps(self.subject.as_record()) == before

    # What the market does

    @rule(symbol=SYMBOLS, rate=st.integers(-75_000, 75_000))
    def funding(self, symbol: str, rate: int) -> None:
        mark = self.subject.ledger.mark(self.subject.ledger.book(symbol))
        held = sum(book.position.lots for book in self.subject.ledger.books_of(symbol))
        before = self.subject.wallet
        self.hear(self.subject.funding(symbol, rate_e8=rate, mark_ticks=mark, time_ms=OPEN_MS))
        due = Fraction(held * mark, 10_000) * Fraction(rate, 10**8)
        assert abs(Fraction(before - self.subject.wallet, 10**8) - due) <= Fraction(4, 10**8)

    @rule(symbol=SYMBOLS, prices=CANDLES)
    def move(self, symbol: str, prices: tuple[int, int, int, int]) -> None:
        """A candle in lock-step; where marks move by themselves, a price and then a mark halfway to it."""
        if self.marks is None:
            self.candle(symbol, CandleTicks(prices[0], max(prices), min(prices), prices[3]))
        else:
            self.hear(self.subject.move(symbol, prices[0], time_ms=OPEN_MS, volume=1))
            self.quotes[symbol] = (prices[0], OPEN_MS)
            self.marks[symbol] = ((prices[0] + self.marks[symbol][0]) // 2, prices[1])
            self.hear(self.subject.follow_mark(symbol))
        self.nothing_is_overdue(symbol)

    def candle(self, symbol: str, ticks: CandleTicks) -> None:
        steps = Lockstep([self.subject], self.quotes)
        opened = self.quotes[symbol][1]
        steps.begin({symbol: CandleBar(ticks, 1_000)}, open_ms=opened, close_ms=opened + 60_000)
        while (step := steps.advance()) is not None:
            self.hear(step.events)
        steps.finish()

    def nothing_is_overdue(self, symbol: str) -> None:
        """Who moved a price left no position beyond the point at which it is taken over."""
        ledger = self.subject.ledger
        if ledger.is_cross:
            assert not sums(ledger).is_over
            return
        for book in ledger.books_of(symbol):
            level, mark = book.liquidation(), ledger.mark(book)
            assert level is None or (mark > level if book.position.lots > 0 else mark < level)

    # What holds

    @invariant()
    def money_is_the_sum_of_what_happened(self) -> None:
        assert self.subject.wallet == self.deposit + self.gained - self.paid
        assert {key: self.subject.position(key).lots for key in self.lots} == self.lots

    @invariant()
    def added_margin_belongs_to_isolated_positions(self) -> None:
        ledger = self.subject.ledger
        for book in ledger.books.values():
            assert book.added_margin >= 0
            assert not book.added_margin or (book.position.lots and not ledger.is_cross)

    @invariant()
    def each_side_of_a_hedge_keeps_its_direction(self) -> None:
        for symbol in (A, B):
            keys = [book_key(symbol, index) for index in range(3)]
            one_way, long, short = (self.subject.position(key).lots for key in keys)
            assert long >= 0 >= short
            assert not (one_way if self.subject.ledger.is_hedged(symbol) else long or short)

    @invariant()
    def equity_is_wallet_and_unrealised_at_mark(self) -> None:
        ledger = self.subject.ledger
        unrealised = Fraction(0)
        for key, position in self.subject.positions.items():
            mark = ledger.mark(ledger.book(key))
            sign = 1 if position.lots > 0 else -1
            unrealised += sign * Fraction(mark * abs(position.lots) - position.cost, 10_000)
        told = Fraction(self.subject.equity - self.subject.wallet, 10**8)
        assert abs(told - unrealised) <= Fraction(2, 10**8)

    @invariant()
    def available_and_tied_up_margin_are_the_balance(self) -> None:
        ledger = self.subject.ledger
        balance = self.subject.equity if ledger.is_cross else self.subject.wallet
        tied = sum((self.tied_up(book) for book in ledger.books.values()), Fraction(0))
        slack = Fraction(2 * (2 + len(self.subject.open_orders())), 10**8)
        assert abs(Fraction(balance - self.subject.available, 10**8) - tied) <= slack

    def tied_up(self, book: Book) -> Fraction:
        """Initial margin of position and orders and the orders' fees, in fractions."""
        ledger, position = self.subject.ledger, book.position
        at_mark = abs(position.lots) * ledger.mark(book)
        leverage = Fraction(book.leverage_ppm, PPM)
        tied = Fraction(at_mark if ledger.is_cross else position.cost, 10_000) / leverage
        tied += Fraction(book.added_margin, 10**8)
        for order in book.orders.values():
            if order.rests and not order.reduce_only:
                lots = opening_lots(lots=order.leaves, sign=order.side.sign, position=position)
                value = Fraction(lots * (order.ticks or 0), 10_000)
                tied += value / leverage + value * Fraction(ledger.params.taker_ppm, PPM)
        return tied

    @invariant()
    def liquidation_is_where_the_oracle_says(self) -> None:
        ledger = self.subject.ledger
        for book in ledger.held():
            size = Fraction(abs(book.position.lots), 100)
            entry = Fraction(book.position.cost, 10_000) / size
            leverage, sign = Fraction(book.leverage_ppm, PPM), 1 if book.position.lots > 0 else -1
            value = entry * size if not ledger.is_cross else Fraction(ledger.mark(book), 100) * size
            told = Fraction(ledger.maintenance(book), 10**8)
            assert abs(told - oracle_margin(MADE_UP, value)) <= Fraction(2, 10**8)
            if not ledger.is_cross:
                exact = oracle_price(MADE_UP, entry, size, leverage, sign) * 100
                exact -= sign * Fraction(book.added_margin, 10**8) / size * 100
                level = book.liquidation()
                assert level is not None
                assert abs(level - exact) <= 2

    @invariant()
    def it_sleeps_and_wakes_as_it_was(self) -> None:
        record = json.loads(json.dumps(self.subject.as_record()))
        woken = SimAccount.from_record(
            record, self.listed, quotes=self.quotes, params=self.subject.ledger.params, marks=self.marks
        )
        assert woken.as_record() == self.subject.as_record()
        assert (woken.equity, woken.available) == (self.subject.equity, self.subject.available)


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)

"""The desk of a backtest: carries intents out on the simulated account and tends until quiet.

It stands where the live path has trader, venue and news: an intent is taken from the queue by
(priority, order of planning), the account answers at once, the answer is booked, the plan is tended.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from trading_core.backtest.journal import Journal, link_of
from trading_core.backtest.risk import RiskBook
from trading_core.engine.document import BotDocument
from trading_core.engine.snapshot import SymbolFacts
from trading_core.engine.tend import tend
from trading_core.execution.difference import priority
from trading_core.execution.execution import Execution
from trading_core.execution.intent import Intent, IntentKind
from trading_core.execution.order import OrderState, Role, TimeInForce
from trading_core.performance.ledger import FundingRecord
from trading_core.plan.recent import Recent, Tick
from trading_core.risk.guards import ends_bot
from trading_core.risk.locks import standing
from trading_core.rules.verdict import Verdict
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event, Executed, PositionChanged
from trading_core.simulator.orders import (
    SimOrder,
    Status,
)
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.settlement import Due

LIQUIDATION = "BustTrade"
"""Bybit's execType of a liquidation."""
FUNDING = "Funding"


class Desk:
    """One bot on one simulated account."""

    def __init__(
        self, document: BotDocument, account: SimAccount, journal: Journal, risk: RiskBook | None = None
    ) -> None:
        self.document = document
        self.account = account
        self.journal = journal
        self.risk = risk or RiskBook(document)
        self.state = "running"
        self.now_ms = 0
        """Market clock."""
        self.queue: list[tuple[int, int, Intent]] = []
        self.planned = 0

    def facts(
        self,
        symbol: str,
        *,
        close_ticks: int = 0,
        verdict: Verdict | None = None,
        tick: Tick | None = None,
        recent: Recent | None = None,
    ) -> SymbolFacts:
        """What is known of a symbol now."""
        book = self.journal.books[symbol]
        return SymbolFacts(
            instrument=book.instrument,
            close_ticks=close_ticks,
            verdict=verdict,
            position=book.position,
            position_stop_ticks=book.stop_ticks,
            leverage_ppm=book.leverage_ppm,
            plan=book.plan,
            orders=tuple(order.as_open() for order in book.open.values()),
            stop_busy=book.stop_requests > 0,
            claimed_by=None,
            ended=tuple(book.ended),
            tick=tick,
            recent=recent,
            locks=standing(self.risk.locks, bot="", symbol=symbol, now_ms=self.now_ms),
        )

    def plan(self, intents: Iterable[Intent]) -> None:
        """Write intents down and queue them."""
        for intent in intents:
            if intent.kind is IntentKind.PLACE:
                self.journal.plan_order(link_of(intent), intent, decided_ms=self.now_ms)
            self._request(intent, 1)
            self.planned += 1
            heapq.heappush(self.queue, (priority(intent), self.planned, intent))

    def settle(self) -> None:
        """Carry everything out, and what follows from it, until nothing is left to ask."""
        while self.queue:
            intent = heapq.heappop(self.queue)[2]
            self._answer(intent, self._carry_out(intent))
            self.tend(intent.symbol)

    def hear(self, symbol: str, events: Iterable[Event], *, settle: bool = True) -> None:
        """Book what the account told and tend; carry out what that leads to now, or at the next open."""
        self._book(events)
        self.tend(symbol)
        if settle:
            self.settle()

    def settle_funding(self, symbol: str, due: Due) -> None:
        """Pay or receive funding now; what the plan makes of it is carried out at the next open."""
        paid = self.account.funding(
            symbol, rate_e8=due.rate_e8, mark_ticks=due.mark_ticks, time_ms=self.now_ms
        )
        self.hear(symbol, paid, settle=False)

    def tend(self, symbol: str, tick: Tick | None = None) -> None:
        """Plan what the facts of a symbol, and the minute that has just closed, ask for now."""
        facts = self.facts(symbol, tick=tick)
        tended = tend(self.document, self.state, symbol, facts, now_ms=self.now_ms)
        self.journal.adopt(symbol, tended.plan)
        self.plan(tended.intents)

    def _carry_out(self, intent: Intent) -> list[Event] | SimRefused:
        link, symbol = link_of(intent), intent.symbol
        try:
            if intent.kind is IntentKind.PLACE:
                return self.account.place(_sim_order(intent, link))
            if intent.kind is IntentKind.AMEND:
                return self.account.amend(symbol, link=link, lots=intent.lots, ticks=intent.ticks)
            if intent.kind is IntentKind.CANCEL:
                return self.account.cancel(symbol, link=link)
            if intent.kind is IntentKind.SET_STOP:
                return self.account.set_stop(symbol, intent.stop_ticks)
            return self.account.set_leverage(symbol, intent.leverage_ppm)
        except SimRefused as refused:
            return refused

    def _request(self, intent: Intent, change: int) -> None:
        """Count a request as under way, or as answered."""
        book = self.journal.books[intent.symbol]
        if intent.kind is IntentKind.SET_STOP:
            book.stop_requests += change
        elif intent.kind is not IntentKind.LEVERAGE:
            order = book.open.get(link_of(intent))
            if order is not None:
                order.requests += change

    def _answer(self, intent: Intent, answer: list[Event] | SimRefused) -> None:
        self._request(intent, -1)
        if not isinstance(answer, SimRefused):
            self._book(answer)
        elif intent.kind is IntentKind.PLACE:
            self.journal.end_order(intent.symbol, link_of(intent), OrderState.REJECTED, reason=answer.message)

    def _book(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Accepted):
                self.journal.books[event.order.symbol].open[event.order.link].state = OrderState.ACCEPTED
            elif isinstance(event, Executed):
                self._executed(event)
            elif isinstance(event, Cancelled):
                order = event.order
                reason = order.reason.value
                self.journal.end_order(order.symbol, order.link, OrderState.CANCELLED, reason=reason)
            elif isinstance(event, Amended):
                known = self.journal.books[event.order.symbol].open[event.order.link]
                known.lots, known.ticks = event.order.lots, event.order.ticks
            elif isinstance(event, PositionChanged):
                self._position(event)

    def _executed(self, event: Executed) -> None:
        if event.exec_type == FUNDING:
            self.journal.book_funding(_funding_of(event))
            return
        standing = event.order
        link = standing.link if standing else ""
        execution = Execution(
            exec_id=str(event.sequence),
            link=link,
            venue_order_id=str(standing.number) if standing else "",
            symbol=event.symbol,
            side=event.side,
            ticks=event.ticks,
            lots=event.lots,
            fee=event.fee,
            is_maker=event.is_maker,
            role=self._role(event.symbol, link),
            time_ms=event.time_ms,
            sequence=event.sequence,
        )
        self.now_ms = event.time_ms
        self.journal.book_execution(
            execution,
            gained=event.gained,
            liquidated=event.exec_type == LIQUIDATION,
            market_ticks=self.account.ledger.price(self.account.ledger.book(event.symbol)),
        )
        last, position = self.journal.executions[-1], self.journal.books[event.symbol].position
        if ends_bot(self.document.guards, last.reason, is_flat=not position.lots):
            self.state = "close_only"
        if standing is not None and standing.status is Status.FILLED:
            self.journal.end_order(event.symbol, link, OrderState.FILLED)

    def _role(self, symbol: str, link: str) -> Role:
        """An execution without an order of ours is the protective stop, or a liquidation."""
        order = self.journal.books[symbol].open.get(link)
        return order.intent.role if order else Role.STOP

    def _position(self, event: PositionChanged) -> None:
        book = self.journal.books[event.symbol]
        book.stop_ticks, book.leverage_ppm = event.stop_ticks, event.leverage_ppm
        if (event.position.lots, event.position.cost) != (book.position.lots, book.position.cost):
            raise AssertionError(
                f"{event.symbol}: position {event.position} is not the sum of its executions"
            )


def _funding_of(event: Executed) -> FundingRecord:
    return FundingRecord(
        event.symbol, event.time_ms, event.sequence, event.side.opposite.sign * event.lots, event.ticks,
        event.rate_e8, event.fee,
    )  # fmt: skip


def _sim_order(intent: Intent, link: str) -> SimOrder:
    return SimOrder(
        symbol=intent.symbol,
        side=intent.side,
        lots=intent.lots,
        ticks=intent.ticks,
        link=link,
        reduce_only=intent.reduce_only,
        time_in_force=TimeInForce.IOC if intent.ticks is None else intent.force,
        stop_ticks=intent.stop_ticks,
    )

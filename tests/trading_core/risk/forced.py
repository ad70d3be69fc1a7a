"""A bot forced through its worst case on the simulated account, by the desk that backtests use."""

from __future__ import annotations

from dataclasses import replace

from trading_core.backtest.desk import Desk
from trading_core.backtest.journal import Journal
from trading_core.backtest.risk import RiskBook
from trading_core.engine.document import BotDocument
from trading_core.engine.preflight import pricing_of
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.plan.progress import begin, sized
from trading_core.plan.state import PlanState
from trading_core.simulator.account import SimAccount
from trading_core.simulator.walk import Walk

SYMBOL = "ETHUSDT"
START_MS = 1_700_000_040_000


class Forced:
    """One trade, told where the price goes."""

    def __init__(
        self,
        document: BotDocument,
        instrument: Instrument,
        *,
        direction: int,
        price: int,
        lots: int,
        opens: int = 0,
    ) -> None:
        self.direction = direction
        self.quotes = {SYMBOL: (opens or price, START_MS)}
        listed = {SYMBOL: instrument}
        self.account = SimAccount(
            listed, quotes=self.quotes, params=pricing_of(document), wallet=document.balance
        )
        journal = Journal(listed, wallet=document.balance)
        self.desk = Desk(document, self.account, journal, RiskBook(document))
        self.desk.now_ms = START_MS
        plan = begin(
            PlanState(), document.plan, direction=direction, close_ticks=price, close_ms=START_MS,
            equity=document.balance,
        )  # fmt: skip
        plan = sized(plan, lots=lots, quote=instrument.notional_floor(lots * (plan.entry_ticks or price)))
        self.desk.journal.adopt(SYMBOL, plan)
        self.desk.tend(SYMBOL)
        self.desk.settle()

    @property
    def position(self) -> Position:
        """What is held."""
        return self.account.position(SYMBOL)

    @property
    def margin(self) -> int:
        """Initial margin of the position as the account counts it."""
        ledger = self.account.ledger
        return ledger.position_margin(ledger.book(SYMBOL))

    @property
    def maintenance(self) -> int:
        """Maintenance margin of the position."""
        ledger = self.account.ledger
        return ledger.maintenance(ledger.book(SYMBOL))

    @property
    def liquidation(self) -> int | None:
        """Where the account would be taken over."""
        return self.account.ledger.book(SYMBOL).liquidation()

    def go(self, to: int, *, tended: bool = True) -> None:
        """Let the price go straight there in a candle, the plan tended after each fill and at its close."""
        price, now_ms = self.quotes[SYMBOL]
        close_ms = now_ms + 60_000
        self.account.ledger.book(SYMBOL).walk = Walk((to,), price=price, time_ms=close_ms, traded=True)
        while events := self.account.advance(SYMBOL):
            if tended:
                self.desk.hear(SYMBOL, events)
        self.account.end_walk(SYMBOL)
        self.quotes[SYMBOL] = (to, close_ms)
        self.desk.now_ms = close_ms
        if tended:
            self._close()

    def _close(self) -> None:
        """A close lets what was asked before be asked again."""
        self.desk.journal.adopt(SYMBOL, replace(self.desk.journal.books[SYMBOL].plan, asked=()))
        self.desk.tend(SYMBOL)
        self.desk.settle()

    def through(self, ticks: int) -> None:
        """Let the price trade through a resting order by a tick."""
        self.go(ticks - self.direction)

    def drop_stop(self) -> None:
        """Take the protective stop away behind the bot's back."""
        self.account.set_stop(SYMBOL, None)

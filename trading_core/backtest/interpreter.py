"""The engine over history, one candle after the other, on a simulated account.

For each base candle: its close is decided by the bots whose timeframe closes there, orders are
carried out at the open of the next candle, then that candle is walked event by event, the plan
tended after each. The last close is decided too, but nothing of it is sent: there is no next open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from trading_core.backtest.calm import Lookout, is_calm
from trading_core.backtest.desk import Desk
from trading_core.backtest.history import BASE, Ints, SymbolHistory
from trading_core.backtest.journal import Journal
from trading_core.backtest.reach import Reach
from trading_core.backtest.result import Played
from trading_core.backtest.risk import RiskBook
from trading_core.backtest.settlements import Settlements
from trading_core.engine.cycle import decide
from trading_core.engine.document import BotDocument
from trading_core.engine.entries import asks_entry, signal
from trading_core.engine.market_facts import with_market
from trading_core.engine.outcome import Detail, OutcomeCode, OutcomeRecord
from trading_core.engine.rule_facts import day_start_equity
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.market.candle import Times
from trading_core.market.instrument import Instrument
from trading_core.market.tickers import TickersBySymbol
from trading_core.performance.ledger import DecisionRecord, EquityRecord
from trading_core.plan.recent import candles_needed
from trading_core.plan.state import PlanState
from trading_core.rules.verdict import NO, UNKNOWN, Verdict
from trading_core.simulator.account import SimAccount
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.params import MatchingParams

PROGRESS_EVERY = 5_000

Progress = Callable[[float], None]
"""Called now and then with the share that is played, 0 to 1; what it raises ends the run."""


def _refused(verdict: Verdict | None) -> tuple[str, Mapping[str, Detail]]:
    outcome = signal(verdict)
    assert isinstance(outcome, OutcomeRecord)
    return outcome.code.value, outcome.details


_REFUSED = {
    (a, b, there): _refused(Verdict(long=a, short=b) if there else None)
    for a in (NO, UNKNOWN)
    for b in (NO, UNKNOWN)
    for there in (True, False)
}
"""Code and details of a flat symbol whose rules don't ask for an entry: by long, short, and whether they
were asked at all."""


class Interpreter:
    """A run of the engine itself, minute by minute, on a simulated account."""

    def __init__(
        self,
        document: BotDocument,
        histories: dict[str, SymbolHistory],
        instruments: Mapping[str, Instrument],
        matching: MatchingParams,
        times: Times,
        settlements: Settlements,
        tickers: TickersBySymbol,
    ) -> None:
        listed = {symbol: instruments[symbol] for symbol in document.symbols}
        quotes: Quotes = {}
        account = SimAccount(listed, quotes=quotes, params=matching, wallet=document.balance)
        self.document = document
        self.histories = histories
        self.times = times
        self.settlements = settlements
        self.reach = Reach()
        self.tickers = tickers
        self.journal = Journal(listed, wallet=document.balance)
        self.risk = RiskBook(document)
        self.desk = Desk(document, account, self.journal, self.risk)
        self.lockstep = Lockstep([account], quotes)
        self.lookout = Lookout(document, histories, times, account)
        self.decisions: list[DecisionRecord] = []
        self.equity: list[EquityRecord] = []
        self.outcomes: Mapping[str, OutcomeRecord] = {}
        """What the last close came to."""
        self.needed = candles_needed(document.plan)
        """Candles an entry draws its distances from."""
        self.calm = False
        """Whether nothing has happened since a close that changed nothing."""

    def play(self, on_progress: Progress | None) -> Played:
        """Play all minutes."""
        self.desk.now_ms = int(self.times[0])
        minute, told = 0, 0
        while minute < len(self.times):
            self._play(minute)
            minute += 1
            if self.calm:
                until = self.lookout.next(self._plans(), minute)
                until = min(until, self.settlements.next(self._plans(), minute, until))
                self._pass(minute, until)
                minute = until
            if on_progress and minute - told >= PROGRESS_EVERY:
                told = minute
                on_progress(minute / len(self.times))
        self._check_sums()
        return self._played()

    def _plans(self) -> dict[str, PlanState]:
        return {symbol: book.plan for symbol, book in self.journal.books.items()}

    def _play(self, minute: int) -> None:
        """Play a minute: what was asked for at its open, then its candles, then its close."""
        close_ms = int(self.times[minute]) + BASE.ms
        bars = ((symbol, history.bar(minute)) for symbol, history in self.histories.items())
        candles = {symbol: bar for symbol, bar in bars if bar is not None}
        # After a gap the market clock still stands at the last close, as it does on the venue.
        self.lockstep.begin(candles, open_ms=self.desk.now_ms, close_ms=close_ms)
        self.calm = self.calm and not self.desk.queue
        self.desk.settle()
        self.reach.look(account=self.desk.account, candles=candles)
        while (step := self.lockstep.advance()) is not None:
            self.calm = False
            self.desk.now_ms = close_ms
            self.desk.hear(step.symbol, step.events)
        self.lockstep.finish()
        self.desk.now_ms = close_ms
        self._settle_funding(close_ms)
        if self.document.timeframe.closes_at(close_ms):
            self._close(minute, close_ms)
        elif self.document.plan.follows:
            self._watch(minute)

    def _watch(self, minute: int) -> None:
        """Show trades under way a minute that closed between two closes of the bot."""
        for symbol, book in self.journal.books.items():
            if not book.plan.is_flat and self.histories[symbol].present[minute]:
                self.desk.tend(symbol, self.histories[symbol].tick(minute))

    def _settle_funding(self, close_ms: int) -> None:
        """Settle what is due at a close, before anything is decided there."""
        if close_ms not in self.settlements.times:
            return
        quotes = self.lockstep.quotes
        for symbol in self.desk.account.positions:
            due = self.settlements.due(symbol, self.journal.books[symbol].instrument, close_ms, quotes)
            if due is not None:
                self.calm = False
                self.desk.settle_funding(symbol, due)

    def _pass(self, minute: int, until: int) -> None:
        """Write down the closes of minutes in which nothing happens."""
        if minute == until:
            return
        rows = self.lookout.closing(minute, until)
        closes = (self.times[rows] + BASE.ms).tolist()
        said = [self._repeated(symbol, rows, closes) for symbol in self.histories]
        self.decisions += (
            said[0] if len(said) == 1 else [one for close in zip(*said, strict=True) for one in close]
        )
        wallet = self.journal.wallet
        gains = zip(closes, self._gains(rows), strict=True)
        self.equity += [EquityRecord(close_ms, wallet, gained) for close_ms, gained in gains]
        self.desk.now_ms = int(self.times[until - 1]) + BASE.ms
        for symbol, history in self.histories.items():
            if symbol in self.lockstep.quotes or history.present[minute:until].any():
                self.lockstep.quotes[symbol] = (int(history.closes[until - 1]), self.desk.now_ms)

    def _repeated(self, symbol: str, rows: Ints, closes: list[int]) -> list[DecisionRecord]:
        """What a symbol comes to at closes at which nothing happens."""
        last, history = self.outcomes[symbol], self.histories[symbol]
        leaves = history.leaves[int(rows[0]) : int(rows[-1]) + 1] if len(rows) else []
        if len(leaves) > len(rows):
            leaves = history.leaves.at(rows)
        if last.code is OutcomeCode.IN_POSITION:
            code, details = last.code.value, last.details
            return [
                DecisionRecord(symbol, close_ms, code, text, details)
                for close_ms, text in zip(closes, leaves, strict=True)
            ]
        long, short = history.trees["long"][rows].tolist(), history.trees["short"][rows].tolist()
        asked = history.asked[rows].tolist()
        said = [_REFUSED[key] for key in zip(long, short, asked, strict=True)]
        return [
            DecisionRecord(symbol, close_ms, code, text, details)
            for close_ms, text, (code, details) in zip(closes, leaves, said, strict=True)
        ]

    def _gains(self, rows: Ints) -> list[int]:
        """What the open positions would gain at these closes; they stay as they are."""
        total = [0] * len(rows)
        for symbol, book in self.journal.books.items():
            if book.position.lots:
                prices = self.histories[symbol].closes[rows].tolist()
                gains = [book.position.unrealised(ticks, book.instrument) if ticks else 0 for ticks in prices]
                total = [one + other for one, other in zip(total, gains, strict=True)]
        return total

    def _close(self, minute: int, close_ms: int) -> None:
        """Decide a close; what it asks for is queued until the next candle opens."""
        before = self._plans()
        snapshot = self._snapshot(minute, close_ms)
        decision = decide(snapshot)
        for symbol, outcome in decision.outcomes.items():
            verdict = decision.verdicts[symbol]
            leaves = verdict.leaves.hex() if verdict else ""
            self.decisions.append(
                DecisionRecord(symbol, close_ms, outcome.code.value, leaves, outcome.details)
            )
        for symbol, plan in decision.plans.items():
            self.journal.adopt(symbol, plan)
        self.desk.plan(decision.intents)
        self.equity.append(EquityRecord(close_ms, snapshot.wallet, snapshot.equity - snapshot.wallet))
        self.outcomes = decision.outcomes
        self.calm = not self.risk.watches and is_calm(self.document, decision, before)

    def _facts(self, symbol: str, minute: int, close_ms: int) -> SymbolFacts:
        history = self.histories[symbol]
        verdict = history.verdict(minute)
        facts = self.desk.facts(
            symbol,
            close_ticks=int(history.closes[minute]),
            verdict=verdict,
            tick=history.tick(minute) if self.document.plan.follows and history.present[minute] else None,
            recent=history.recent(close_ms, self.needed) if self.needed and asks_entry(verdict) else None,
        )
        last_ms = close_ms if history.present[minute] else self.lockstep.quotes.get(symbol, (0, 0))[1]
        facts = replace(facts, last_ms=last_ms)
        if not self.document.guards.asks_market:
            return facts
        return with_market(facts, self.tickers.get(symbol), close_ms)

    def _snapshot(self, minute: int, close_ms: int) -> Snapshot:
        facts = {symbol: self._facts(symbol, minute, close_ms) for symbol in self.histories}
        asks = self.document.rules.needs_facts
        snapshot = Snapshot(
            self.document,
            self.desk.state,
            close_ms,
            self.journal.wallet,
            facts,
            day_start_equity=day_start_equity(self.equity, close_ms) if asks else None,
        )
        return self.risk.guarded(snapshot, self.journal)

    def _check_sums(self) -> None:
        """The journal's own sums must be the simulator's."""
        account = self.desk.account
        if self.journal.wallet != account.wallet:
            raise AssertionError(
                f"wallet {account.wallet} is not the sum of its executions {self.journal.wallet}"
            )

    def _played(self) -> Played:
        return Played(
            document=self.document,
            instruments=self.desk.account.ledger.instruments,
            start_ms=int(self.times[0]),
            end_ms=int(self.times[-1]) + BASE.ms,
            candles=len(self.times),
            decisions=self.decisions,
            orders=[order.as_record() for order in self.journal.orders],
            executions=self.journal.executions,
            equity=self.equity,
            wallet=self.journal.wallet,
            fundings=self.journal.fundings,
            minutes={symbol: history.minutes(self.times) for symbol, history in self.histories.items()},
            touched=self.reach.touched,
            ambiguous=self.reach.ambiguous,
            funding=self.settlements.funding_told(),
            judged_by=self.settlements.judge_told(),
        )

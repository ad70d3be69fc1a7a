"""A backtest: the engine over history, one candle after the other, on a simulated account.

For each base candle: its close is decided by the bots whose timeframe closes there, orders are
carried out at the open of the next candle, then that candle is walked event by event, the plan
tended after each. The last close is decided too, but nothing of it is sent: there is no next open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from trading_core.backtest.desk import Desk
from trading_core.backtest.history import SymbolHistory, load
from trading_core.backtest.journal import Journal
from trading_core.backtest.result import Played
from trading_core.engine.cycle import decide
from trading_core.engine.document import BotDocument
from trading_core.engine.snapshot import Snapshot
from trading_core.errors import InvalidInput
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.performance.ledger import DecisionRecord, EquityRecord
from trading_core.simulator.account import SimAccount
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import CandleBar, Lockstep
from trading_core.simulator.params import MatchingParams

BASE = Timeframe.M1
PROGRESS_EVERY = 5_000

Progress = Callable[[int, int], None]
"""Called with candles played and candles in all."""


def run(
    document: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    limit: int | None = None,
    params: MatchingParams | None = None,
    progress: Progress | None = None,
) -> Played:
    """Play a bot over base candles by symbol.

    Candles that open before ``start_ms`` only warm the rules up; ``limit`` plays that many minutes
    that have a candle. Raise InvalidInput if a symbol of the bot has no candles, or none is left.
    """
    missing = [s for s in document.symbols if not len(candles.get(s, ())) or s not in instruments]
    if missing:
        raise InvalidInput("universe.symbols", f"no candles for {', '.join(missing)}")
    times = _times(document, candles, start_ms, end_ms, limit)
    until_ms = int(times[-1]) + BASE.ms
    histories = {
        symbol: load(document, symbol, candles, instruments[symbol], until_ms=until_ms)
        for symbol in document.symbols
    }
    return _Run(document, histories, instruments, params).play(times.tolist(), progress)


def _times(
    document: BotDocument,
    candles: Mapping[str, Candles],
    start_ms: int | None,
    end_ms: int | None,
    limit: int | None,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Open times of the minutes to play."""
    times = np.unique(np.concatenate([candles[symbol].open_time for symbol in document.symbols]))
    if start_ms is not None:
        times = times[times >= start_ms]
    if end_ms is not None:
        times = times[times < end_ms]
    times = times[:limit]
    if not len(times):
        raise InvalidInput("candles", "none in the period asked for")
    return times


class _Run:
    def __init__(
        self,
        document: BotDocument,
        histories: dict[str, SymbolHistory],
        instruments: Mapping[str, Instrument],
        params: MatchingParams | None,
    ) -> None:
        fees = document.fees
        matching = params or MatchingParams(maker_ppm=fees.maker_ppm, taker_ppm=fees.taker_ppm)
        listed = {symbol: instruments[symbol] for symbol in document.symbols}
        quotes: Quotes = {}
        account = SimAccount(listed, quotes=quotes, params=matching, wallet=document.balance)
        self.document = document
        self.histories = histories
        self.journal = Journal(listed, wallet=document.balance)
        self.desk = Desk(document, account, self.journal)
        self.lockstep = Lockstep([account], quotes)
        self.decisions: list[DecisionRecord] = []
        self.equity: list[EquityRecord] = []

    def play(self, times: list[int], progress: Progress | None) -> Played:
        self.desk.now_ms = times[0]
        for count, (open_ms, candles) in enumerate(self._bars(times), 1):
            # After a gap the market clock still stands at the last close, as it does on the venue.
            self.lockstep.begin(candles, open_ms=self.desk.now_ms, close_ms=open_ms + BASE.ms)
            self.desk.settle()
            self._walk(open_ms + BASE.ms)
            self._close(open_ms + BASE.ms)
            if progress and count % PROGRESS_EVERY == 0:
                progress(count, len(times))
        self._check_sums()
        return self._played(times)

    def _bars(self, times: list[int]) -> Iterator[tuple[int, dict[str, CandleBar]]]:
        """Each minute with the candles it has."""
        rows = {symbol: history.bars_from(times[0]) for symbol, history in self.histories.items()}
        heads = {symbol: next(bars, None) for symbol, bars in rows.items()}
        for time in times:
            candles = {}
            for symbol, head in heads.items():
                if head is not None and head[0] == time:
                    candles[symbol] = head[1]
                    heads[symbol] = next(rows[symbol], None)
            yield time, candles

    def _walk(self, close_ms: int) -> None:
        while (step := self.lockstep.advance()) is not None:
            self.desk.now_ms = close_ms
            self.desk.hear(step.symbol, step.events)
        self.lockstep.finish()

    def _close(self, close_ms: int) -> None:
        """Decide a close; what it asks for is queued until the next candle opens."""
        self.desk.now_ms = close_ms
        if not self.document.timeframe.closes_at(close_ms):
            return
        snapshot = self._snapshot(close_ms)
        decision = decide(snapshot)
        for symbol, outcome in decision.outcomes.items():
            verdict = snapshot.symbols[symbol].verdict
            leaves = verdict.leaves.hex() if verdict else ""
            self.decisions.append(
                DecisionRecord(symbol, close_ms, outcome.code.value, leaves, outcome.details)
            )
        for symbol, plan in decision.plans.items():
            self.journal.adopt(symbol, plan)
        self.desk.plan(decision.intents)
        self._note_equity(close_ms)

    def _snapshot(self, close_ms: int) -> Snapshot:
        facts = {}
        for symbol, history in self.histories.items():
            close_ticks, verdict = history.at(close_ms)
            facts[symbol] = self.desk.facts(symbol, close_ticks=close_ticks, verdict=verdict)
        return Snapshot(self.document, self.desk.state, close_ms, self.journal.wallet, facts)

    def _note_equity(self, close_ms: int) -> None:
        account = self.desk.account
        self.equity.append(EquityRecord(close_ms, account.wallet, account.equity - account.wallet))

    def _check_sums(self) -> None:
        """The journal's own sums must be the simulator's."""
        account = self.desk.account
        if self.journal.wallet != account.wallet:
            raise AssertionError(
                f"wallet {account.wallet} is not the sum of its executions {self.journal.wallet}"
            )

    def _played(self, times: list[int]) -> Played:
        return Played(
            document=self.document,
            instruments=self.desk.account.ledger.instruments,
            start_ms=times[0],
            end_ms=times[-1] + BASE.ms,
            candles=len(times),
            decisions=self.decisions,
            orders=[order.as_record() for order in self.journal.orders],
            executions=self.journal.executions,
            equity=self.equity,
            wallet=self.journal.wallet,
        )

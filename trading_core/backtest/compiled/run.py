"""A compiled run from a document and its history to what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.layout import Ints, World
from trading_core.backtest.compiled.prepare import new_bot, new_outcome, tape_of
from trading_core.backtest.compiled.tables import new_world
from trading_core.backtest.history import SymbolHistory
from trading_core.backtest.settlements import Settlements
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import RecordedBySymbol
from trading_core.market.timeframe import MINUTE_MS
from trading_core.simulator.params import MatchingParams

CHUNK = 50_000
"""Minutes played between two reports of progress."""

ROWS = 4_096
"""Orders, executions and notes that there is room for at first."""

Driver = Callable[[World, Bot, Tape, Outcome, int, int], int]


class Cramped(Exception):
    """A table of fixed size was too small for this document: the run has to be played another way."""


class CompiledRun:
    """The tables of one run, while it is played and afterwards.

    Runs over the same minutes and rules may share a ``tape``: it is only read.
    """

    def __init__(
        self,
        document: BotDocument,
        histories: Mapping[str, SymbolHistory],
        instruments: Mapping[str, Instrument],
        params: MatchingParams,
        times: Times,
        recorded: RecordedBySymbol,
        *,
        tape: Tape | None = None,
    ) -> None:
        listed = [instruments[symbol] for symbol in histories]
        self.document = document
        self.symbols = list(histories)
        self.histories = histories
        self.instruments = {symbol: instruments[symbol] for symbol in histories}
        self.world = new_world(listed, params, wallet=document.balance, orders=ROWS, executions=ROWS)
        self.bot = new_bot(document, len(listed), notes=ROWS)
        self.tape = tape_of(document, histories, instruments, recorded, times) if tape is None else tape
        self.outcome = new_outcome(len(listed), len(times))
        self.settlements = Settlements(recorded, times)
        self.closing = np.flatnonzero((times + MINUTE_MS) % document.timeframe.ms == 0)
        """The minutes at whose close the bot decides."""
        self.decided = slice(None) if len(self.closing) == len(times) else self.closing
        """The same, as what picks them out of a column."""

    def play(self, driver: Driver, on_progress: Callable[[float], None] | None = None) -> None:
        """Play all minutes; raise Cramped if a table of fixed size was too small."""
        minutes = len(self.tape.times)
        self.bot.desk[on.NOW] = self.tape.times[0]
        minute = 0
        while minute < minutes:
            until = min(minute + CHUNK, minutes)
            minute = driver(self.world, self.bot, self.tape, self.outcome, minute, until)
            if self.bot.desk[on.CRAMPED]:
                raise Cramped
            self._make_room()
            if on_progress:
                on_progress(minute / minutes)

    def _make_room(self) -> None:
        """Double the tables that are half full."""
        self.world = self.world._replace(
            orders=_roomy(self.world.orders, self.world.account[at.ORDERS]),
            executions=_roomy(self.world.executions, self.world.account[at.EXECUTIONS]),
        )
        self.bot = self.bot._replace(notes=_roomy(self.bot.notes, self.bot.desk[on.NOTES]))


def _roomy(table: Ints, used: int) -> Ints:
    return table if 2 * used < len(table) else np.concatenate((table, np.zeros_like(table)))

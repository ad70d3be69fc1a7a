"""A compiled run from a document and a tape to what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome, Tape
from trading_core.backtest.compiled.layout import Cramped, Ints, World
from trading_core.backtest.compiled.prepare import new_bot, new_outcome
from trading_core.backtest.compiled.reel import Reel
from trading_core.backtest.compiled.tables import new_world
from trading_core.engine.document import BotDocument
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import MINUTE_MS
from trading_core.simulator.params import MatchingParams

CHUNK = 50_000
"""Minutes played between two reports of progress."""

ROWS = 8_192
"""Orders, executions and notes that there is room for at first."""

Driver = Callable[[World, Bot, Tape, Outcome, int, int], int]


class CompiledRun:
    """The tables of one run, while it is played and afterwards; runs over the same rules may share a ``reel``."""

    def __init__(
        self,
        document: BotDocument,
        instruments: Mapping[str, Instrument],
        params: MatchingParams,
        reel: Reel,
    ) -> None:
        self.document = document
        self.reel = reel
        self.symbols, self.tape = reel.symbols, reel.tape
        self.instruments = {symbol: instruments[symbol] for symbol in self.symbols}
        listed, minutes = list(self.instruments.values()), len(reel.tape.times)
        self.world = new_world(listed, params, wallet=document.balance, orders=ROWS, executions=ROWS)
        self.bot = new_bot(document, len(listed), notes=ROWS)
        self.outcome = new_outcome(len(listed), minutes)

    @property
    def decided(self) -> Ints | slice:
        """The minutes at whose close the bot decides, as what picks them out of a column."""
        return slice(None) if self.document.timeframe.ms == MINUTE_MS else self.closing

    @cached_property
    def closing(self) -> Ints:
        """The same as numbers."""
        times = self.tape.times
        if self.document.timeframe.ms == MINUTE_MS:
            return np.arange(len(times))
        return np.flatnonzero((times + MINUTE_MS) % self.document.timeframe.ms == 0)

    def play(self, driver: Driver, on_progress: Callable[[float], None] | None = None) -> None:
        """Play all minutes; raise Cramped if a table of fixed size was too small."""
        minutes = len(self.tape.times)
        self.bot.desk[on.NOW] = self.tape.times[0]
        minute = 0
        while minute < minutes:
            until = min(minute + CHUNK, minutes)
            minute = driver(self.world, self.bot, self.tape, self.outcome, minute, until)
            if self.bot.desk[on.CRAMPED]:
                raise Cramped("more orders or requests at once than there are rows for")
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
    """The table, or one of twice the size if it is half full: rows are wiped where they are written."""
    if 2 * used < len(table):
        return table
    larger = np.empty((2 * len(table), table.shape[1]), dtype=np.int64)
    larger[:used] = table[:used]
    return larger

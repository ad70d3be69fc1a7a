"""What a compiled run reads of its market: each symbol loaded, asked and turned into narrow columns in turn.

A candle takes 23 bytes of a run, and one for each condition; what it was loaded as is let go of before
the next symbol is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Tape, Ticks, Words
from trading_core.backtest.compiled.drawing import drawn_of
from trading_core.backtest.compiled.layout import Cramped
from trading_core.backtest.compiled.trading import NEVER_RISES
from trading_core.backtest.history import Asked, asked_of, rows_of
from trading_core.backtest.leaves import Leaves
from trading_core.backtest.settlements import Settlements
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles, Floats, Times
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import Recorded, RecordedBySymbol
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import MINUTE_MS
from trading_core.performance.track import Minutes
from trading_core.plan.frame import Frame
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.requirements import requirements
from trading_core.rules.verdict import Truths, Verdict
from trading_core.simulator.settlement import funding_due, mark_columns
from trading_core.simulator.volume import ROUNDING

_CHUNK = 16_384
"""Rows converted at a time: what is made on the way stays in the cache."""
_MOST = (1 << 31) - 1
_VALUES = (0, 1, -1)


class Reel(NamedTuple):
    """The tape of some symbols, and what else their records are made of; runs may share it, it is only read."""

    symbols: tuple[str, ...]
    tape: Tape
    leaves: tuple[Leaves, ...]
    settlements: Settlements

    def minutes(self, s: int) -> Minutes:
        """What the market did with a symbol, without the minutes that have no candle."""
        times, prices = self.tape.times, self.tape.candles[s, : on.TRADED]
        absent = self.tape.said[s] & on.ABSENT != 0
        if not absent.any():
            return Minutes(times, *prices)
        return Minutes(times[~absent], *prices[:, ~absent])

    def verdict(self, s: int, minute: int) -> Verdict | None:
        """What the rules say at the close of a minute; None without a candle closing then."""
        word = int(self.tape.said[s, minute])
        if not word & on.ASKED:
            return None
        said = {name: _VALUES[word >> 2 * k & 3] for k, name in enumerate(TREES)}
        return Verdict(**said, leaves=bytes.fromhex(self.leaves[s][minute]))


def reel_of(
    document: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    times: Times,
    recorded: RecordedBySymbol,
    tickers: TickersBySymbol | None = None,
) -> Reel:
    """Load a bot's symbols for the minutes that open at ``times``; raise Cramped if a number is too large."""
    symbols = tuple(sorted(document.symbols))
    table = np.empty((len(symbols), on.CANDLE_ROWS, len(times)), dtype=np.int32)
    said = np.empty((len(symbols), len(times)), dtype=np.uint16)
    drawn = np.empty((3, len(symbols), len(times) if document.plan.stop.drawn else 0), dtype=np.int32)
    leaves = []
    for s, symbol in enumerate(symbols):
        known = _known(document, symbol, candles)
        own = known[symbol]
        row, present = rows_of(own.open_time, times)
        asked = asked_of(document, symbol, known, times=times, present=present, tickers=tickers)
        _write_words(said[s], asked, present, document.rules)
        _write_candles(table[s], own, instruments[symbol], row)
        if not present.all():
            _fill_gaps(table[s], present, before=times < own.open_time[0])
        if document.plan.stop.drawn:
            drawn[:, s] = drawn_of(
                document.plan, Frame(document.timeframe, instruments[symbol], asked.frame), times
            )
        leaves.append(asked.leaves)
    tape = Tape(
        np.require(times, requirements=("C", "W")),  # machine code is made for one kind of array
        table, said, drawn,
        _marks([recorded[symbol] for symbol in symbols], [instruments[symbol] for symbol in symbols], times),
        _dues({symbol: recorded[symbol] for symbol in symbols}, instruments, times),
    )  # fmt: skip
    return Reel(symbols, tape, tuple(leaves), Settlements(recorded, times))


def _known(document: BotDocument, symbol: str, candles: Mapping[str, Candles]) -> dict[str, Candles]:
    """The candles of a symbol, and of those its rules look at."""
    needed = requirements(document.rules, symbol=symbol, timeframe=document.timeframe)
    return {name: candles[name] for name in {symbol, *(other for other, _ in needed)} if name in candles}


def _write_candles(
    table: Ticks, candles: Candles, instrument: Instrument, row: npt.NDArray[np.int64] | slice
) -> None:
    """The candles of some rows as ticks and whole lots, as ``nearest_ticks`` and ``whole_lots`` say."""
    tick, step = float(instrument.tick_size), float(instrument.qty_step)
    high, volumes = candles.high[row], candles.volume[row]
    if not max(high.max() / tick, volumes.max() / step) < _MOST:
        raise Cramped("numbers of its market that more than 32 bits hold")
    for place, prices in (
        (on.OPEN_TICKS, candles.open[row]), (on.HIGH, high), (on.LOW, candles.low[row]),
        (on.CLOSE, candles.close[row]),
    ):  # fmt: skip
        for part, found in _over(prices, tick):
            np.rint(found, out=found)
            table[place, part] = found
    for part, found in _over(volumes, step):
        found += ROUNDING
        np.floor(found, out=found)
        found[~(volumes[part] > 0)] = at.NONE
        table[on.TRADED, part] = found


def _over(numbers: Floats, unit: float) -> Iterator[tuple[slice, Floats]]:
    """Numbers over a unit, so many at a time: where they are, and the quotients, which the next ones replace."""
    room = np.empty(min(_CHUNK, len(numbers)))
    for start in range(0, len(numbers), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(numbers)))
        yield part, np.divide(numbers[part], unit, out=room[: part.stop - start])


def _fill_gaps(table: Ticks, present: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_]) -> None:
    """The last close for all prices of minutes that have no candle, and no trade; 0 before the first one."""
    table[on.CLOSE][before] = 0
    table[on.TRADED][~present] = at.NONE
    for place in (on.OPEN_TICKS, on.HIGH, on.LOW):
        table[place][~present] = table[on.CLOSE][~present]


def _write_words(words: Words, told: Asked, present: npt.NDArray[np.bool_], rules: RuleSet) -> None:
    """What the trees say, and whether they were asked, in a word a minute."""
    words[:] = 0
    for k, (name, tree) in enumerate(rules.trees()):
        if tree is not None:
            words |= _bits(told.trees[name]).astype(np.uint16) << np.uint16(2 * k)
    if not told.asked.all():
        words[~told.asked] = 0
    words |= told.asked.astype(np.uint16) * np.uint16(on.ASKED)
    if not present.all():
        words |= (~present).astype(np.uint16) * np.uint16(on.ABSENT)


def _bits(truths: Truths) -> npt.NDArray[np.uint8]:
    """1, 0 and -1 as yes, no and unknown."""
    low = truths.view(np.uint8) & np.uint8(3)
    low ^= low >> 1
    return low


def _marks(recorded: list[Recorded], instruments: list[Instrument], times: Times) -> at.Ints:
    """Where the mark price of each symbol was; anywhere, where nobody knows."""
    known = any(len(one.mark_open_ms) for one in recorded)
    table = np.empty((len(recorded), 2, len(times) if known else 0), dtype=np.int64)
    table[:, 0], table[:, 1] = 0, NEVER_RISES
    for s, (one, instrument) in enumerate(zip(recorded, instruments, strict=True)):
        if len(one.mark_open_ms):
            low, high = mark_columns(one, instrument, times)
            there = ~np.isnan(low)
            table[s, 0, there], table[s, 1, there] = low[there], high[there]
    return table


def _dues(recorded: RecordedBySymbol, instruments: Mapping[str, Instrument], times: Times) -> at.Ints:
    """The funding payments at the closes that are played."""
    rows = []
    for s, (symbol, known) in enumerate(recorded.items()):
        closes = np.array(sorted(known.rates_e8), dtype=np.int64)
        places = np.searchsorted(times, closes - MINUTE_MS)
        for close_ms, minute in zip(closes.tolist(), places.tolist(), strict=True):
            due = funding_due(known, instruments[symbol], time_ms=close_ms, last_ticks=at.NONE)
            if due is not None and minute < len(times) and times[minute] == close_ms - MINUTE_MS:
                rows.append((minute, s, due.rate_e8, due.mark_ticks))
    return np.array(sorted(rows), dtype=np.int64).reshape(len(rows), 4)

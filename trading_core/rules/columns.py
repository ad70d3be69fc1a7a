"""Operands compiled to columns: series on their own candles, each computed once per evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trading_core.indicators.anchor import Prepared, compute
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE
from trading_core.market.candle import Candle, Floats, Times
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import DERIVED, Dense, Frames, dense
from trading_core.rules.facts import DO, fact_number
from trading_core.rules.market_clock import clock_at, session_at
from trading_core.rules.moving import SLOPE, change, clean, day_sums, percentile, shifted, sliced
from trading_core.rules.operands import (
    Change,
    Clock,
    Combined,
    Operand,
    Percentile,
    Price,
    Session,
    Slope,
    Ticker,
    Value,
)
from trading_core.rules.requirements import BASE, TURNOVER, Grid, grid_of, value_start
from trading_core.rules.text import operand_text
from trading_core.rules.truth import Truth


@dataclass(frozen=True, slots=True)
class Closes:
    """Consecutive closes of a bot's timeframe, the rows on which conditions are asked."""

    timeframe: Timeframe
    last: int
    """Number of the last candle."""
    rows: int

    @property
    def first(self) -> int:
        """Number of the first candle."""
        return self.last - self.rows + 1

    def numbers(self, timeframe: Timeframe) -> np.ndarray:
        """The number of the candle of another timeframe that closed last at each close."""
        return self.times // timeframe.ms - 1

    @property
    def times(self) -> Times:
        """The closes themselves, in ms."""
        return (np.arange(self.rows, dtype=np.int64) + self.first + 1) * self.timeframe.ms


class Evaluation:
    """One evaluation over frames; what several rule-sets ask for is computed once.

    Ask it about one close, or about a history: a series already computed far enough back is reused.
    Frames must not change while it lives.
    """

    def __init__(self, frames: Frames, tickers: TickersBySymbol | None = None) -> None:
        self._frames = frames
        self._tickers: TickersBySymbol = tickers or {}
        self._dense: dict[tuple[str, Timeframe], Dense | None] = {}
        self._series: dict[tuple[str, Timeframe, str], tuple[int, tuple[Floats, ...]]] = {}
        self._scopes: dict[tuple[str, Closes], Scope] = {}
        self.computed = 0
        """Series computed so far."""

    def scope(self, symbol: str, closes: Closes) -> Scope:
        """The place where conditions of a symbol are asked at those closes."""
        key = (symbol, closes)
        if key not in self._scopes:
            self._scopes[key] = Scope(self, symbol, closes)
        return self._scopes[key]

    def dense(self, symbol: str, timeframe: Timeframe) -> Dense | None:
        """The candles of a series, or None if there are none."""
        key = (symbol, timeframe)
        if key not in self._dense:
            candles = self._frames.get(key)
            self._dense[key] = None if candles is None or not len(candles) else dense(candles, timeframe)
        return self._dense[key]

    def candle(self, symbol: str, timeframe: Timeframe, number: int) -> Candle | None:
        """One candle by its number; None if it is missing."""
        candles = self._frames.get((symbol, timeframe))
        if candles is None or not len(candles):
            return None
        open_ms = number * timeframe.ms
        row = len(candles) - 1
        if candles.open_time[row] != open_ms:
            row = int(np.searchsorted(candles.open_time, open_ms))
        found = row < len(candles) and candles.open_time[row] == open_ms
        return candles[row] if found else None

    def present(self, symbol: str, candles: Closes) -> npt.NDArray[np.bool_]:
        """Which candles of a symbol there are."""
        found = np.zeros(candles.rows, dtype=np.bool_)
        frame = self._frames.get((symbol, candles.timeframe))
        if frame is not None and len(frame):
            places = frame.open_time // candles.timeframe.ms - candles.first
            found[places[(places >= 0) & (places < candles.rows)]] = True
        return found

    def told(self, symbol: str, field: str, times: Times) -> Floats:
        """A figure of the contract as known at each time; NaN where it is not."""
        if field == TURNOVER:
            return self._turnover(symbol, times)
        tickers = self._tickers.get(symbol)
        return np.full(len(times), np.nan) if tickers is None else tickers.at(field, times)

    def _turnover(self, symbol: str, times: Times) -> Floats:
        frame = self.dense(symbol, BASE)
        sums = self.series(symbol, BASE, TURNOVER, 0, lambda frame, _: (day_sums(paid(frame), frame.first),))
        if frame is None or sums is None:
            return np.full(len(times), np.nan)
        return picked(sums[0], times // BASE.ms - 1 - frame.first)

    def series(
        self,
        symbol: str,
        timeframe: Timeframe,
        name: str,
        wanted: int,
        make: Callable[[Dense, int], tuple[Floats, ...]],
    ) -> tuple[Floats, ...] | None:
        """The arrays of a series on its candles, right from candle number ``wanted`` on."""
        frame = self.dense(symbol, timeframe)
        if frame is None:
            return None
        key = (symbol, timeframe, name)
        held = self._series.get(key)
        if held is not None and held[0] <= wanted:
            return held[1]
        made = make(frame, max(0, wanted - frame.first))
        self.computed += 1
        self._series[key] = (wanted, made)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Closes of one symbol, with what was found out about them so far."""

    evaluation: Evaluation
    symbol: str
    closes: Closes
    values: dict[str, Floats] = field(default_factory=dict)
    """By the text of the operand."""
    truths: dict[str, Truth] = field(default_factory=dict)
    """By the text of the condition."""


Make = Callable[[Evaluation, str, int], Floats | None]
"""The array of a column on its candles: evaluation, the bot's symbol, first candle number wanted."""

Moment = Callable[[Evaluation, str, Times], Floats]
"""The values of a column at moments: evaluation, the bot's symbol, times in ms."""


@dataclass(frozen=True, slots=True)
class Column:
    """A compiled operand that is not a number."""

    text: str
    grid: Grid
    offset: int
    make: Make
    moment: Moment | None = None
    """What tells the values at any moment; None for one that changes with its candles only."""

    def native(self, evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        """The values on their own candles, offset applied; None without candles."""
        values = self.make(evaluation, symbol, wanted - self.offset)
        return values if values is None or not self.offset else shifted(values, self.offset)

    def at(self, scope: Scope) -> Floats:
        """The values as known at each close; NaN where not ready."""
        found = scope.values.get(self.text)
        if found is None:
            found = scope.values[self.text] = self._at(scope.evaluation, scope.symbol, scope.closes)
        return found

    def _at(self, evaluation: Evaluation, symbol: str, closes: Closes) -> Floats:
        if self.moment is not None:
            return self.moment(evaluation, symbol, closes.times)
        own = self.grid.symbol or symbol
        frame = evaluation.dense(own, self.grid.timeframe)
        first = (closes.first + 1) * closes.timeframe.ms // self.grid.timeframe.ms - 1 - self.offset
        values = None if frame is None else self.make(evaluation, symbol, first)
        if values is None or frame is None:
            return np.full(closes.rows, np.nan)
        if self.grid.timeframe == closes.timeframe:
            return sliced(values, first - frame.first, closes.rows)
        return picked(values, closes.numbers(self.grid.timeframe) - (self.offset + frame.first))


def picked(values: Floats, rows: Times) -> Floats:
    """The values at rows that never fall; NaN for rows outside."""
    low, high = np.searchsorted(rows, (0, len(values)))
    if low == 0 and high == len(rows):
        return values.take(rows)
    found = np.full(len(rows), np.nan)
    found[low:high] = values.take(rows[low:high])
    return found


def present(values: Floats, frame: Dense) -> Floats:
    """The values where there is a candle: a series has none at a gap, whatever it is made of."""
    return values if frame.present is None else np.where(frame.present, values, np.nan)


def paid(frame: Dense) -> Floats:
    """What was traded in each candle, in the quote coin; from mean price and volume where it was not told."""
    told = frame.candles.turnover
    return np.where(np.isnan(told), frame.column("hlc3") * frame.column("volume"), told)


def column(operand: Operand, home: Grid) -> Column | float:
    """Compile an operand; ``home`` is the grid that names none."""
    grid = grid_of(operand, home)
    if grid is None:
        return fact_number(operand, {})  # a number, or what the bot alone knows
    if isinstance(operand, Price):
        return _price(operand, grid)
    if isinstance(operand, Value):
        return _value(operand, grid)
    if isinstance(operand, (Ticker, Clock, Session)):
        return _moment(operand, grid)
    if isinstance(operand, Combined):
        return _combined(operand, grid, home)
    assert isinstance(operand, (Change, Slope, Percentile))
    return _moving(operand, home)


def _price(price: Price, grid: Grid) -> Column:
    name = price.field

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        if name in DERIVED:
            made = evaluation.series(
                grid.symbol or symbol, grid.timeframe, name, wanted, lambda frame, _: (frame.column(name),)
            )
            return None if made is None else made[0]
        frame = evaluation.dense(grid.symbol or symbol, grid.timeframe)
        return None if frame is None else frame.column(name)

    return Column(operand_text(price), grid, price.offset, make)


def _value(value: Value, grid: Grid) -> Column:
    indicator = CATALOG[value.indicator]
    output = indicator.outputs.index(value.output)
    prepared = Prepared(indicator, dict(value.params), grid.timeframe)
    bare = Value(value.indicator, value.params, indicator.outputs[0], value.source)
    name = operand_text(bare)
    inputs = tuple(_input(each, value.source, grid) for each in indicator.inputs)

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            start = value_start(value, grid.timeframe, wanted)
            columns = [source.native(evaluation, symbol, start) for source in inputs]
            ready = tuple(c for c in columns if c is not None)
            gapless = value.source is None and frame.present is None
            outputs = prepared.compute(ready, first=frame.first, wanted=row, gapless=gapless)
            return tuple(present(output, frame) for output in outputs)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, name, wanted, run)
        return None if made is None else made[output]

    return Column(operand_text(value), grid, value.offset, make)


def _input(name: str, source: Operand | None, grid: Grid) -> Column:
    operand = Price("close" if name == SOURCE else name)
    made = column(operand if source is None else source, grid)
    assert isinstance(made, Column)
    return made


def _moment(operand: Ticker | Clock | Session, grid: Grid) -> Column:
    text = operand_text(operand)

    def moment(evaluation: Evaluation, symbol: str, times: Times) -> Floats:
        return tell(operand, evaluation, grid.symbol or symbol, times)

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        """As a series it has a value where its grid has a candle, so that a gap is one for it too."""

        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            values = np.full(len(frame), np.nan)
            closes = (np.arange(row, len(frame), dtype=np.int64) + frame.first + 1) * grid.timeframe.ms
            values[row:] = moment(evaluation, symbol, closes)
            return (present(values, frame),)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return Column(text, grid, 0, make, moment)


def tell(operand: Ticker | Clock | Session, evaluation: Evaluation, symbol: str, times: Times) -> Floats:
    """What such an operand of a symbol tells at each time (ms)."""
    if isinstance(operand, Ticker):
        return evaluation.told(operand.symbol or symbol, operand.field, times)
    if isinstance(operand, Clock):
        return clock_at(operand.field, operand.zone, times)
    return session_at(operand.name, times)


def _moving(operand: Change | Slope | Percentile, home: Grid) -> Column:
    of = column(operand.of, home)
    assert isinstance(of, Column)
    text, grid, n = operand_text(operand), of.grid, operand.n

    def values_of(values: Floats, frame: Dense, row: int) -> Floats:
        if isinstance(operand, Change):
            return change(values, shifted(values, n))
        if isinstance(operand, Percentile):
            begin = max(0, row - n + 1)
            return sliced(percentile(values[begin:], n), -begin, len(values))
        return compute(SLOPE, {"n": n}, (values,), first=frame.first, timeframe=grid.timeframe, wanted=row)[0]

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            values = of.native(evaluation, symbol, wanted - n)
            assert values is not None
            return (present(values_of(values, frame, row), frame),)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return Column(text, grid, 0, make)


def _combined(operand: Combined, grid: Grid, home: Grid) -> Column:
    do = DO[operand.operation]
    text = operand_text(operand)
    parts = (column(operand.left, home), column(operand.right, home))

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            left, right = (
                part if isinstance(part, float) else _on(part, grid, frame, evaluation, symbol, wanted)
                for part in parts
            )
            return (present(clean(do(left, right)), frame),)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return Column(text, grid, 0, make)


def _on(part: Column, grid: Grid, frame: Dense, evaluation: Evaluation, symbol: str, wanted: int) -> Floats:
    """A part's values on the candles of ``grid``, where the combination lives."""
    if part.grid == grid:
        values = part.native(evaluation, symbol, wanted)
        assert values is not None
        return values
    closes = Closes(grid.timeframe, frame.first + len(frame) - 1, len(frame))
    return part.at(evaluation.scope(symbol, closes))

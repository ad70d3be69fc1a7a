"""Operands compiled to columns: series on their own candles, each computed once per evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import talib

from trading_core.indicators.anchor import compute
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Family, Indicator, Param, Params
from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Dense, Frames, dense
from trading_core.rules.model import (
    Arithmetic,
    Change,
    Combined,
    Constant,
    Operand,
    Price,
    Value,
)
from trading_core.rules.requirements import Grid, grid_of, value_start
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
        closes = (np.arange(self.rows, dtype=np.int64) + self.first + 1) * self.timeframe.ms
        return closes // timeframe.ms - 1


class Evaluation:
    """One evaluation over frames; what several rule-sets ask for is computed once.

    Ask it about one close, or about a history: a series already computed far enough back is reused.
    Frames must not change while it lives.
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
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


@dataclass(frozen=True, slots=True)
class Column:
    """A compiled operand that is not a number."""

    text: str
    grid: Grid
    offset: int
    make: Make

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
        own = self.grid.symbol or symbol
        frame = evaluation.dense(own, self.grid.timeframe)
        first = (closes.first + 1) * closes.timeframe.ms // self.grid.timeframe.ms - 1 - self.offset
        values = None if frame is None else self.make(evaluation, symbol, first)
        if values is None or frame is None:
            return np.full(closes.rows, np.nan)
        if self.grid.timeframe == closes.timeframe:
            return sliced(values, first - frame.first, closes.rows)
        rows = closes.numbers(self.grid.timeframe) - (self.offset + frame.first)
        inside = (rows >= 0) & (rows < len(values))
        return np.where(inside, values[np.clip(rows, 0, len(values) - 1)], np.nan)


def shifted(values: Floats, by: int) -> Floats:
    """The values ``by`` rows earlier."""
    return sliced(values, -by, len(values))


def sliced(values: Floats, start: int, rows: int) -> Floats:
    """That many rows from ``start`` on, NaN outside."""
    if start >= 0 and start + rows <= len(values):
        return values[start : start + rows]
    part = np.full(rows, np.nan)
    low, high = max(start, 0), min(start + rows, len(values))
    if low < high:
        part[low - start : high - start] = values[low:high]
    return part


def column(operand: Operand, home: Grid) -> Column | float:
    """Compile an operand; ``home`` is the grid that names none."""
    if isinstance(operand, Constant):
        return operand.value
    grid = grid_of(operand, home)
    assert grid is not None
    if isinstance(operand, Price):
        return _price(operand, grid)
    if isinstance(operand, Value):
        return _value(operand, grid)
    text = operand_text(operand)
    if isinstance(operand, Combined):
        return Column(text, grid, 0, _combined(operand, text, grid, home))
    of = column(operand.of, home)
    assert isinstance(of, Column)
    if isinstance(operand, Change):
        return Column(text, grid, 0, _change(of, operand.n, text))
    return Column(text, grid, 0, _slope(of, operand.n, text))


def _price(price: Price, grid: Grid) -> Column:
    name = price.field

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        del wanted
        frame = evaluation.dense(grid.symbol or symbol, grid.timeframe)
        return None if frame is None else frame.column(name)

    return Column(operand_text(price), grid, price.offset, make)


def _value(value: Value, grid: Grid) -> Column:
    indicator = CATALOG[value.indicator]
    output = indicator.outputs.index(value.output)
    params = dict(value.params)
    bare = Value(value.indicator, value.params, indicator.outputs[0], value.source)
    name = operand_text(bare)
    inputs = tuple(_input(each, value.source, grid) for each in indicator.inputs)

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            start = value_start(value, wanted)
            columns = [source.native(evaluation, symbol, start) for source in inputs]
            ready = tuple(c for c in columns if c is not None)
            gapless = value.source is None and frame.present is None
            return compute(indicator, params, ready, first=frame.first, wanted=row, gapless=gapless)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, name, wanted, run)
        return None if made is None else made[output]

    return Column(operand_text(value), grid, value.offset, make)


def _input(name: str, source: Operand | None, grid: Grid) -> Column:
    operand = Price("close" if name == SOURCE else name)
    made = column(operand if source is None else source, grid)
    assert isinstance(made, Column)
    return made


def _change(of: Column, n: int, text: str) -> Make:
    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            now = of.native(evaluation, symbol, wanted - n)
            assert now is not None
            then = shifted(now, n)
            return (clean((now - then) / np.abs(then) * 100.0),)

        grid = of.grid
        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return make


def _run_slope(inputs: tuple[Floats, ...], params: Params) -> tuple[Floats, ...]:
    n = int(params["n"])
    slope = talib.LINEARREG_SLOPE(inputs[0], n)
    # Rounding leaves crumbs where nothing moved: flat is flat.
    slope[talib.MAX(inputs[0], n) == talib.MIN(inputs[0], n)] = 0.0
    return (slope,)


_SLOPE = Indicator(
    "slope",
    "Slope",
    Family.TREND,
    (SOURCE,),
    {"n": Param("Candles", 5, 2, 500)},
    ("value",),
    _run_slope,
    warmup=lambda p: int(p["n"]),
    memory=None,
    convention="Slope of the least-squares line through the last candles.",
    reference="TA-Lib LINEARREG_SLOPE",
)


def _slope(of: Column, n: int, text: str) -> Make:
    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            values = of.native(evaluation, symbol, wanted - n + 1)
            assert values is not None
            return compute(_SLOPE, {"n": n}, (values,), first=frame.first, wanted=row)

        grid = of.grid
        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return make


_DO = {
    Arithmetic.ADD: np.add,
    Arithmetic.SUB: np.subtract,
    Arithmetic.MUL: np.multiply,
    Arithmetic.DIV: np.true_divide,
}


def _combined(operand: Combined, text: str, grid: Grid, home: Grid) -> Make:
    do = _DO[operand.operation]
    parts = (column(operand.left, home), column(operand.right, home))

    def make(evaluation: Evaluation, symbol: str, wanted: int) -> Floats | None:
        def run(frame: Dense, row: int) -> tuple[Floats, ...]:
            left, right = (
                part if isinstance(part, float) else _on(part, grid, frame, evaluation, symbol, wanted)
                for part in parts
            )
            return (clean(do(left, right)),)

        made = evaluation.series(grid.symbol or symbol, grid.timeframe, text, wanted, run)
        return None if made is None else made[0]

    return make


def _on(part: Column, grid: Grid, frame: Dense, evaluation: Evaluation, symbol: str, wanted: int) -> Floats:
    """A part's values on the candles of ``grid``, where the combination lives."""
    if part.grid == grid:
        values = part.native(evaluation, symbol, wanted)
        assert values is not None
        return values
    closes = Closes(grid.timeframe, frame.first + len(frame) - 1, len(frame))
    values = part.at(evaluation.scope(symbol, closes))
    return values if frame.present is None else np.where(frame.present, values, np.nan)


def clean(values: Floats) -> Floats:
    """The values with NaN for what is not finite."""
    values[~np.isfinite(values)] = np.nan
    return values

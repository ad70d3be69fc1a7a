"""What the numbers of conditions are read from: rows of series, each told by what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.columns import Column, column
from trading_core.rules.compile import trend_column
from trading_core.rules.facts import DO
from trading_core.rules.model import Trend
from trading_core.rules.operands import (
    Change,
    Clock,
    Combined,
    Constant,
    Fact,
    Operand,
    Percentile,
    Price,
    Session,
    Slope,
    Ticker,
    Value,
)
from trading_core.rules.requirements import Grid, grid_of
from trading_core.rules.text import condition_text, operand_text

Moment = Ticker | Clock | Session
"""What has a number at any moment, with candles or without."""


class Key(NamedTuple):
    """A row of numbers, one per candle; symbol None is the asking bot's."""

    symbol: str | None
    timeframe: Timeframe
    text: str

    def of(self, symbol: str) -> Key:
        """The row as a bot of that symbol reads it."""
        return self if self.symbol is not None else Key(symbol, self.timeframe, self.text)


class Ref(NamedTuple):
    """A row read so many candles back."""

    key: Key
    offset: int


class Told(NamedTuple):
    """A number told at a moment; symbol None is the asking bot's."""

    symbol: str | None
    moment: Moment


Source = Ref | Told | float
"""Where a number comes from."""


@dataclass(frozen=True, slots=True)
class Prices:
    """A field of the candles."""

    field: str


@dataclass(frozen=True, slots=True)
class Output:
    """One output of an indicator; all outputs of one run share ``run``."""

    indicator: Indicator
    params: tuple[tuple[str, float], ...]
    place: int
    run: Key


@dataclass(frozen=True, slots=True)
class Moving:
    """A change, slope, percentile or trend over the last candles of a row."""

    kind: type[Change | Slope | Percentile | Trend]
    n: int
    up: bool = True


@dataclass(frozen=True, slots=True)
class Joined:
    """Two numbers combined."""

    do: np.ufunc


@dataclass(frozen=True, slots=True)
class Heard:
    """A moment's number, as a series of candles."""


Kind = Prices | Output | Moving | Joined | Heard


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a row is made: of which others, by what; ``column`` makes it over a history."""

    key: Key
    column: Column
    kind: Kind
    parts: tuple[Source, ...]
    below: tuple[Recipe, ...] = field(default=(), repr=False)
    """The recipes of its parts."""

    @cached_property
    def level(self) -> int:
        """Rows of the same candles that must be known before it, one above the other."""
        mine = [part.level + 1 for part in self.below if part.key.timeframe == self.key.timeframe]
        return max(mine, default=0)

    @cached_property
    def symbols(self) -> frozenset[str | None]:
        """The symbols whose candles it depends on; None is the bot's own."""
        told = {part.symbol for part in self.parts if isinstance(part, Told)}
        return frozenset({self.key.symbol, *told}).union(*(part.symbols for part in self.below))


class Recipes:
    """The recipes of a plan, each once."""

    def __init__(self, timeframe: Timeframe) -> None:
        self._home = Grid(None, timeframe)
        self._known: dict[Key, Recipe] = {}

    def __getitem__(self, key: Key) -> Recipe:
        return self._known[key]

    def under(self, key: Key) -> Iterator[Recipe]:
        """A row's recipe and all those below it."""
        recipe = self._known[key]
        yield recipe
        for part in recipe.below:
            yield from self.under(part.key)

    def source(self, operand: Operand, home: Grid | None = None) -> Source:
        """Where the numbers of an operand come from."""
        home = home or self._home
        if isinstance(operand, Constant):
            return operand.value
        if isinstance(operand, Fact):
            return np.nan
        if isinstance(operand, (Ticker, Clock, Session)):
            symbol = operand.symbol or home.symbol if isinstance(operand, Ticker) else home.symbol
            return Told(symbol, operand)
        return self._row(operand, home)

    def steps(self, trend: Trend) -> Source:
        """The row of a trend: 1 where it holds, 0 where not, NaN where unknown."""
        of = column(trend.left, self._home)
        assert isinstance(of, Column)
        text, up = condition_text(trend), trend.op == "rising"
        key = Key(of.grid.symbol, of.grid.timeframe, text)
        if key not in self._known:
            part = self._series(trend.left, self._home)
            made = trend_column(of, trend.n, text, up=up)
            self._add(key, made, Moving(Trend, trend.n, up), (part,))
        return Ref(key, 0)

    def _row(self, operand: Operand, home: Grid) -> Ref:
        grid = grid_of(operand, home)
        assert grid is not None
        offset = 0
        if isinstance(operand, (Price, Value)):
            offset = operand.offset
            operand = replace(operand, offset=0, timeframe=None, symbol=None)
            home = grid
        key = Key(grid.symbol, grid.timeframe, operand_text(operand))
        if key not in self._known:
            self._make(key, operand, grid, home)
        return Ref(key, offset)

    def _make(self, key: Key, operand: Operand, grid: Grid, home: Grid) -> None:
        made = column(operand, home)
        assert isinstance(made, Column)
        if isinstance(operand, Price):
            self._add(key, made, Prices(operand.field), ())
        elif isinstance(operand, Value):
            self._add(key, made, _output(operand, key), self._inputs(operand, grid))
        elif isinstance(operand, Combined):
            parts = tuple(self._part(each, grid, home) for each in (operand.left, operand.right))
            self._add(key, made, Joined(DO[operand.operation]), parts)
        elif isinstance(operand, (Change, Slope, Percentile)):
            self._add(key, made, Moving(type(operand), operand.n), (self._series(operand.of, home),))

    def _inputs(self, value: Value, grid: Grid) -> tuple[Source, ...]:
        names = CATALOG[value.indicator].inputs
        read = [value.source or Price("close" if name == SOURCE else name) for name in names]
        return tuple(self._series(each, grid) for each in read)

    def _part(self, operand: Operand, grid: Grid, home: Grid) -> Source:
        """A part of a combination: as a series where it lives on the same candles."""
        own = grid_of(operand, home)
        return self._series(operand, home) if own == grid else self.source(operand, home)

    def _series(self, operand: Operand, home: Grid) -> Source:
        """The same as a series of candles: a moment is heard at their closes only."""
        if not isinstance(operand, (Ticker, Clock, Session)):
            return self.source(operand, home)
        key = Key(home.symbol, home.timeframe, operand_text(operand))
        if key not in self._known:
            made = column(operand, home)
            assert isinstance(made, Column)
            self._add(key, made, Heard(), (self.source(operand, home),))
        return Ref(key, 0)

    def _add(self, key: Key, made: Column, kind: Kind, parts: tuple[Source, ...]) -> None:
        below = tuple(self._known[part.key] for part in parts if isinstance(part, Ref))
        self._known[key] = Recipe(key, made, kind, parts, below)


def _output(value: Value, key: Key) -> Output:
    indicator = CATALOG[value.indicator]
    run = operand_text(replace(value, output=indicator.outputs[0]))
    place = indicator.outputs.index(value.output)
    return Output(indicator, value.params, place, key._replace(text=f"run {run}"))

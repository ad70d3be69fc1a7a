"""The rows of a board kept up candle by candle, in the order in which they are made of one another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.indicators.stepping import Stepper
from trading_core.market.candle import Candle, Floats
from trading_core.market.timeframe import Timeframe
from trading_core.rules import truth as t
from trading_core.rules.columns import Closes, Column, Evaluation
from trading_core.rules.moving import SLOPE, change, clean, percentile, sliced
from trading_core.rules.operands import Change, Percentile, Slope
from trading_core.rules.shared.board import Board, Places
from trading_core.rules.shared.numbers import Boards, Numbers
from trading_core.rules.shared.recipes import Joined, Key, Kind, Moving, Output, Prices, Recipe, Ref, Source


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row: its recipe, for a bot of that symbol."""

    recipe: Recipe
    symbol: str
    key: Key
    """Where it stands."""
    parts: tuple[Source, ...]
    """What it is made of, as that bot reads it."""
    run: Key
    """The run whose output it is; its own key if it is none."""

    @classmethod
    def of(cls, recipe: Recipe, symbol: str) -> Row:
        """The row of a recipe for bots of a symbol."""
        key, kind = recipe.key.of(symbol), recipe.kind
        parts = tuple(
            Ref(part.key.of(symbol), part.offset) if isinstance(part, Ref) else part for part in recipe.parts
        )
        return cls(recipe, symbol, key, parts, kind.run.of(symbol) if isinstance(kind, Output) else key)


class Moment(NamedTuple):
    """The candle that is being taken."""

    evaluation: Evaluation
    number: int
    candles: Mapping[str, Candle | None]
    """By symbol; None where it is missing."""


Fill = Callable[[Moment], Floats | list[float]]
"""The numbers of some rows at the newest column."""


class Run:
    """An indicator of one symbol kept up by its stepper; its outputs are rows of their own."""

    def __init__(self, row: Row, timeframe: Timeframe) -> None:
        kind = row.recipe.kind
        assert isinstance(kind, Output)
        self.row = row
        self._stepper = Stepper(kind.indicator, dict(kind.params), timeframe)
        self.outputs: list[tuple[Key, int]] = []
        """The rows of the outputs that are asked for, and the place of each."""
        self._moment: Moment | None = None

    def take(self, values: tuple[float, ...], moment: Moment) -> tuple[float, ...]:
        """Take a candle's inputs; return the outputs."""
        self._moment = moment
        made = self._stepper.step(moment.number, values, self._history)
        self._moment = None  # it holds everything that was computed for it
        return made

    def inputs(self, evaluation: Evaluation, first: int, last: int) -> list[list[float]]:
        """What it reads at candle numbers ``first`` to ``last``, from the frames."""
        return [column.tolist() for column in self._columns(evaluation, first, last)]

    def _history(self, first: int) -> tuple[Floats, ...]:
        assert self._moment is not None
        evaluation, last = self._moment.evaluation, self._moment.number
        frame = evaluation.dense(self.row.key.symbol or "", self.row.key.timeframe)
        return self._columns(evaluation, first if frame is None else max(first, frame.first), last)

    def _columns(self, evaluation: Evaluation, first: int, last: int) -> tuple[Floats, ...]:
        recipe, symbol = self.row.recipe, self.row.symbol
        pairs = zip(recipe.below, recipe.parts, strict=True)
        offsets = [(below.column, part.offset) for below, part in pairs if isinstance(part, Ref)]
        return tuple(_stretch(column, offset, evaluation, symbol, first, last) for column, offset in offsets)


def _stretch(
    column: Column, offset: int, evaluation: Evaluation, symbol: str, first: int, last: int
) -> Floats:
    """A column's values, ``offset`` candles back, at candle numbers ``first`` to ``last``."""
    frame = evaluation.dense(column.grid.symbol or symbol, column.grid.timeframe)
    values = column.native(evaluation, symbol, first - offset)
    rows = last - first + 1
    if frame is None or values is None:
        return np.full(rows, np.nan)
    return sliced(values, first - offset - frame.first, rows)


class Rows:
    """How the newest column of one board is filled, step by step."""

    def __init__(self, board: Board, rows: Sequence[Row], boards: Boards, runs: Mapping[Key, Run]) -> None:
        """``runs``: the indicators kept up so far; those that are missing are begun."""
        self.runs: dict[Key, Run] = {}
        self._board = board
        self._boards = boards
        self._kept = runs
        self._symbols = sorted({_owner(row) for row in rows})
        order = {symbol: place for place, symbol in enumerate(self._symbols)}
        groups: dict[tuple[int, str, object], list[Row]] = defaultdict(list)
        for row in rows:
            groups[row.recipe.level, *_group(row.recipe.kind)].append(row)
        self._steps: list[tuple[Places, Places, Fill]] = []
        for _, group in sorted(groups.items(), key=lambda item: item[0][0]):
            places = np.array([board.rows[row.key] for row in group], dtype=np.int64)
            owners = np.array([order[_owner(row)] for row in group], dtype=np.int64)
            self._steps.append((places, owners, self._fill(group)))

    def step(self, evaluation: Evaluation) -> set[str]:
        """Take the next candle of every symbol; return the symbols that have none."""
        column = self._board.open_column()
        number, timeframe = self._board.last, self._board.timeframe
        candles = {symbol: evaluation.candle(symbol, timeframe, number) for symbol in self._symbols}
        absent = {symbol for symbol, candle in candles.items() if candle is None}
        there = np.array([symbol not in absent for symbol in self._symbols])
        moment = Moment(evaluation, number, candles)
        for places, owners, fill in self._steps:
            numbers = np.array(fill(moment))
            if absent:
                # A series has no number where it has no candle, whatever it is made of.
                numbers[~there[owners]] = np.nan
            column[places] = numbers
        return absent

    def _fill(self, group: list[Row]) -> Fill:
        kind = group[0].recipe.kind
        if isinstance(kind, Prices):
            return _prices(kind.field, [_owner(row) for row in group])
        if isinstance(kind, Output):
            return self._outputs(group)
        if isinstance(kind, Moving):
            return self._moving(kind, group)
        parts = [self._numbers(group, place) for place in range(len(group[0].recipe.parts))]
        if isinstance(kind, Joined):
            do = kind.do
            return lambda moment: clean(do(*(self._now(part, moment) for part in parts)))
        return lambda moment: self._now(parts[0], moment)

    def _numbers(self, group: list[Row], place: int) -> Numbers:
        return Numbers([(row.parts[place], row.symbol) for row in group], self._boards)

    def _now(self, part: Numbers, moment: Moment) -> Floats:
        closes = Closes(self._board.timeframe, moment.number, 1)
        return part.at(closes, moment.evaluation)[:, 0]

    def _moving(self, kind: Moving, group: list[Row]) -> Fill:
        part, last = self._numbers(group, 0), _last_of(kind)

        def fill(moment: Moment) -> Floats:
            closes = Closes(self._board.timeframe, moment.number, kind.n + 1)
            return last(part.at(closes, moment.evaluation))

        return fill

    def _outputs(self, group: list[Row]) -> Fill:
        """One step per run; the outputs of one that is asked for several are read off it."""
        order: dict[Key, int] = {}
        places: list[tuple[int, int]] = []
        inputs: list[tuple[Source, str]] = []
        for row in group:
            kind = row.recipe.kind
            assert isinstance(kind, Output)
            key = row.run
            if key not in order:
                order[key] = len(order)
                self.runs[key] = self._kept.get(key) or Run(row, self._board.timeframe)
                self.runs[key].outputs.clear()
                inputs.extend((part, row.symbol) for part in row.parts)
            self.runs[key].outputs.append((row.key, kind.place))
            places.append((order[key], kind.place))
        runs, read = [self.runs[key] for key in order], Numbers(inputs, self._boards)

        def fill(moment: Moment) -> list[float]:
            numbers = iter(self._now(read, moment).tolist())
            # As many numbers at a time as a run has inputs.
            taken = zip(*[numbers] * (len(inputs) // len(runs)), strict=True)
            made = [run.take(values, moment) for run, values in zip(runs, taken, strict=True)]
            return [made[run][place] for run, place in places]

        return fill

    def begins(self, row: Row) -> bool:
        """Whether a row is filled by a run that is new."""
        return isinstance(row.recipe.kind, Output) and row.run not in self._kept

    def begin(
        self,
        symbol: str,
        evaluation: Evaluation,
        present: npt.NDArray[np.bool_],
        depths: Mapping[Key, int],
    ) -> None:
        """Let a symbol's new runs take the last candles of the board, and fill their rows.

        ``present``: which of the board's candles there are; ``depths``: how many each row needs.
        """
        board = self._board
        for key, run in self.runs.items():
            if key.symbol != symbol or key in self._kept:
                continue
            numbers = range(board.last - max(depths[row] for row, _ in run.outputs) + 1, board.last + 1)
            inputs = run.inputs(evaluation, numbers[0], numbers[-1])
            made = np.array(
                [
                    run.take(values, Moment(evaluation, number, {}))
                    for number, values in zip(numbers, zip(*inputs, strict=True), strict=True)
                ]
            )
            made[~present[-len(numbers) :]] = np.nan
            for row, place in run.outputs:
                board.put(board.rows[row], made[:, place], numbers[0])


def _owner(row: Row) -> str:
    symbol = row.key.symbol
    assert symbol is not None
    return symbol


def _group(kind: Kind) -> tuple[str, object]:
    """What can be computed together."""
    if isinstance(kind, Prices):
        return "prices", kind.field
    if isinstance(kind, Output):
        return "output", kind.indicator.name
    if isinstance(kind, Moving):
        return "moving", kind
    return ("joined", kind.do) if isinstance(kind, Joined) else ("heard", None)


def _prices(field: str, symbols: list[str]) -> Fill:
    read = _FIELDS[field]

    def fill(moment: Moment) -> list[float]:
        candles = [moment.candles[symbol] for symbol in symbols]
        return [math.nan if candle is None else read(candle) for candle in candles]

    return fill


_FIELDS: Mapping[str, Callable[[Candle], float]] = {
    **{name: attrgetter(name) for name in ("open", "high", "low", "close", "volume")},
    "hl2": lambda candle: (candle.high + candle.low) / 2.0,
    "hlc3": lambda candle: (candle.high + candle.low + candle.close) / 3.0,
}


def _last_of(kind: Moving) -> Callable[[Floats], Floats]:
    """What a change and its kin say at the last of n + 1 candles: [rows, n + 1] to [rows]."""
    n = kind.n
    if kind.kind is Change:
        return lambda window: change(window[:, -1], window[:, 0])
    if kind.kind is Percentile:
        return lambda window: percentile(window[:, 1:], n)[:, -1]
    if kind.kind is Slope:
        return lambda window: np.array([_slope(values, n) for values in window[:, 1:]])
    return lambda window: t.steady(window, n, up=kind.up)[:, -1]


def _slope(values: Floats, n: int) -> float:
    if np.isnan(values).any():
        return math.nan
    return float(SLOPE.run((np.ascontiguousarray(values),), {"n": n})[0][-1])

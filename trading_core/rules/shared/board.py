"""The last values of every series of one timeframe, side by side: a row each, a column per candle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Floats, Times
from trading_core.market.timeframe import Timeframe
from trading_core.rules.shared.recipes import Key

Places = npt.NDArray[np.int64]

_SLACK = 64
"""Columns taken on before the oldest are dropped."""


class Board:
    """Rows by key; 8 bytes a value, ``keep`` + 64 values a row."""

    def __init__(self, timeframe: Timeframe, rows: Mapping[Key, int], keep: int, last: int) -> None:
        """``rows``: the place of each row; ``last``: the number of the newest candle."""
        self.timeframe = timeframe
        self.rows = rows
        self.keep = keep
        self.first = last - keep + 1
        """Number of the first column's candle."""
        self.width = keep
        """Columns taken; the newest is the last of them."""
        self.values: Floats = np.full((len(rows), keep + _SLACK), np.nan)

    @property
    def last(self) -> int:
        """Number of the newest candle."""
        return self.first + self.width - 1

    def open_column(self) -> Floats:
        """Go one candle on; return its column, to be filled."""
        if self.width == self.values.shape[1]:
            self.values[:, : self.keep] = self.values[:, self.width - self.keep :]
            self.first += self.width - self.keep
            self.width = self.keep
        self.width += 1
        column: Floats = self.values[:, self.width - 1]
        column.fill(np.nan)
        return column

    def put(self, row: int, values: Floats, first: int) -> None:
        """Write a row's values, which begin at candle number ``first``, as far as the columns reach."""
        self.values[row, : self.width] = np.nan
        low, high = max(self.first, first), min(self.last + 1, first + len(values))
        if low < high:
            self.values[row, low - self.first : high - self.first] = values[low - first : high - first]

    def copy(self, other: Board, keys: Sequence[Key]) -> None:
        """Take over rows of another board that stands at the same candle, as far as both go back."""
        mine = [self.rows[key] for key in keys]
        theirs = [other.rows[key] for key in keys]
        count = min(self.keep, other.width)
        self.values[mine, self.keep - count : self.keep] = other.values[
            theirs, other.width - count : other.width
        ]

    def take(self, rows: Places, offsets: Places, numbers: Times) -> Floats:
        """The values of rows at candle numbers, each row ``offsets`` candles back: [rows, numbers]."""
        columns = numbers[np.newaxis, :] - (offsets[:, np.newaxis] + self.first)
        inside = (columns >= 0) & (columns < self.width)
        if inside.all():
            return np.asarray(self.values[rows[:, np.newaxis], columns])
        return np.where(inside, self.values[rows[:, np.newaxis], np.where(inside, columns, 0)], np.nan)

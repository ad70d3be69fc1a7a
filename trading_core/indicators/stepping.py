"""An indicator advanced by one candle at a time, with the bits of ``anchor.compute``."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from trading_core.indicators.anchor import block, history, runs
from trading_core.indicators.spec import Indicator, Params
from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe

History = Callable[[int], tuple[Floats, ...]]
"""The input columns from a candle number up to the candle being taken, both included; NaN where missing.

They may begin later than asked if there are no earlier candles. They are not kept.
"""


class Stepper:
    """One series kept up candle by candle; what a candle costs doesn't grow with the past."""

    def __init__(self, indicator: Indicator, params: Params, timeframe: Timeframe) -> None:
        """Stand before the first candle."""
        self._indicator = indicator
        self._params = params
        self._warmup = indicator.warmup(params)
        self._back = history(indicator, params)
        self._block = block(timeframe)
        self._blank = (math.nan,) * len(indicator.outputs)
        self._update: Callable[..., tuple[float, ...]] | None = None
        """The open stream; None where none is."""
        self._next = -1
        """The candle the stream takes next, or that follows a missing one."""
        self._until: float = 0
        """The candle at which the stream may have to begin anew."""
        self._begun = 0
        """The candle at which the series began."""
        self._ready = 0
        """The candle from which on it has values."""

    def step(self, number: int, values: tuple[float, ...], history: History) -> tuple[float, ...]:
        """Take candle ``number`` with its inputs, NaN if it is missing; return the outputs, NaN if not ready.

        ``history`` is asked only where the series begins: at the first call, at a block's first candle and
        after a jump in numbers. An indicator without a stream asks it for ``warmup`` candles every time.
        """
        for value in values:
            if value - value != 0.0:  # NaN, or infinite
                return self._miss(number)
        if number == self._next and number < self._until:
            return self._take(number, values)
        return self._anchor(number, values, history)

    def _take(self, number: int, values: tuple[float, ...]) -> tuple[float, ...]:
        self._next = number + 1
        assert self._update is not None
        made = self._update(*values)
        return made if number >= self._ready else self._blank

    def _miss(self, number: int) -> tuple[float, ...]:
        self._update = None
        self._next = number + 1
        self._until = 0
        return self._blank

    def _anchor(self, number: int, values: tuple[float, ...], history: History) -> tuple[float, ...]:
        if self._indicator.stream is None:
            return self._run(history(number - self._back))
        if number != self._next:
            return self._begin(number, history(self._first(number)))
        if self._update is None:
            return self._begin(number, tuple(np.array([value]) for value in values))
        if self._begun < self._first(number):
            return self._begin(number, history(self._first(number)))
        self._until = self._first(number) + self._back + self._block
        return self._take(number, values)

    def _begin(self, number: int, columns: tuple[Floats, ...]) -> tuple[float, ...]:
        """Open a stream on what there is before this candle without a gap, and take it."""
        *_, (start, stop) = runs(columns)
        columns = tuple(column[start:stop] for column in columns)
        self._begun = number - (stop - start) + 1
        self._ready = self._begun + self._warmup - 1
        ends = self._first(number) + self._back + self._block
        self._until = math.inf if self._indicator.memory is None else ends
        assert self._indicator.stream is not None
        if stop - start > 1:
            before = tuple(column[:-1] for column in columns)
            self._update = self._indicator.stream(before, self._params).update
            return self._take(number, tuple(float(column[-1]) for column in columns))
        self._update = self._indicator.stream(columns, self._params).update
        self._next = number + 1
        return self._run(columns)

    def _run(self, columns: tuple[Floats, ...]) -> tuple[float, ...]:
        """The outputs at the last row of columns that reach back far enough, if they have no gap."""
        rows = len(columns[0])
        if rows < self._warmup or (0, rows) not in runs(columns):
            return self._blank
        return tuple(float(output[-1]) for output in self._indicator.run(columns, self._params))

    def _first(self, number: int) -> int:
        """The candle at which a run for this one begins if none is missing."""
        if self._indicator.memory is None:
            return number - self._back
        return number - number % self._block - self._back

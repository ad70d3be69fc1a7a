"""Anchored computing: a value never depends on the window that happened to be loaded.

Candles are numbered by open time over timeframe and cut into blocks aligned to the epoch. An indicator
that remembers is run once per block, from ``memory`` candles before the block (or from the last gap, if
that is later) to the block's end; the values inside the block are kept. So any window that reaches back
to ``memory`` candles before a block gives that block the bits the whole history gives it. A missing
candle restarts a series: it is not ready until it has warmed up again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from trading_core.indicators.spec import Bound, Indicator, Params, Spans
from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe

_SPAN = 6 * 1440
"""Minutes a block spans at most, if it has more candles than the fewest."""

_FEWEST = 256

_BLOCKS = {each: max(_FEWEST, 1 << ((_SPAN // each.minutes).bit_length() - 1)) for each in Timeframe}

_FEW = 1024
"""Rows of a single run up to which new arrays cost less than writing in place."""


_BOUNDLESS = 1 << 62
"""Candles of a block where none is needed."""


class Prepared:
    """An indicator with its parameters on candles of one length: bound once, computed often."""

    def __init__(self, indicator: Indicator, params: Params, timeframe: Timeframe) -> None:
        """Bind the parameters."""
        self._outputs = len(indicator.outputs)
        self._idle = indicator.warmup(params) - 1
        """Rows of a run before the first ready one."""
        self._back = history(indicator, params)
        """Candles before a block at which its run begins."""
        self._size = _BOUNDLESS if indicator.memory is None else _BLOCKS[timeframe]
        """Candles of a block."""
        bound = _Copying(indicator, params) if indicator.bind is None else indicator.bind(params)
        self._run, self._write = bound.run, bound.write
        self._early = bound.back != self._idle
        """Whether a run may say something before it is ready."""

    def compute(
        self, inputs: tuple[Floats, ...], *, first: int, wanted: int = 0, gapless: bool = False
    ) -> tuple[Floats, ...]:
        """Return one array per output, NaN where not ready: all outputs become ready together.

        ``inputs`` are dense: one row per candle number from ``first`` on, NaN where a candle is missing.
        Rows before row ``wanted`` may be left NaN. ``gapless`` promises that no input has a NaN.
        """
        rows, idle = len(inputs[0]), self._idle
        whole = gapless or _whole(inputs)
        block_row = wanted - (first + wanted) % self._size
        if whole and idle < rows <= _FEW and block_row <= self._back and rows <= block_row + self._size:
            outputs = self._run(inputs)  # it is one run over all the rows
            if self._early and idle:
                for output in outputs:
                    output[:idle].fill(math.nan)
            return outputs
        outputs = tuple([np.empty(rows) for _ in range(self._outputs)])
        spans: list[tuple[int, int]] = []
        blanks: list[tuple[int, int]] = []
        done = 0
        for start, stop in ((0, rows),) if whole else _runs(inputs):
            ready = max(start + idle, wanted)
            if ready < stop:
                spans += self._spans(start, ready, stop, first)
                blanks.append((done, ready))
                done = stop
        if spans:
            spans.reverse()
            self._write(inputs, outputs, spans)
        blanks.append((done, rows))
        for low, high in blanks:
            if low < high:
                for output in outputs:
                    output[low:high].fill(math.nan)
        return outputs

    def _spans(self, start: int, ready: int, stop: int, first: int) -> Iterable[tuple[int, int]]:
        """The runs that give rows [ready, stop) of the stretch without a gap that begins at ``start``."""
        size, back = self._size, self._back
        if size == _BOUNDLESS:
            return ((ready - back, stop),)
        row = ready - (first + ready) % size
        begins = list(range(row - back, stop - back, size))
        for at, begin in enumerate(begins):
            if begin >= start:
                break
            begins[at] = start
        return zip(begins, (*range(row + size, stop, size), stop), strict=True)


class _Copying(Bound):
    """An indicator that knows no better than to make new arrays."""

    back = None

    def __init__(self, indicator: Indicator, params: Params) -> None:
        self._indicator = indicator
        self._params = params
        self._idle = indicator.warmup(params) - 1

    def run(self, inputs: tuple[Floats, ...]) -> tuple[Floats, ...]:
        """Return new arrays."""
        return self._indicator.run(inputs, self._params)

    def write(self, inputs: tuple[Floats, ...], outputs: tuple[Floats, ...], spans: Spans) -> None:
        """Copy what runs over the spans give."""
        for begin, end in spans:
            values = self.run(tuple([column[begin:end] for column in inputs]))
            for output, value in zip(outputs, values, strict=True):
                output[begin + self._idle : end] = value[self._idle :]


def compute(
    indicator: Indicator,
    params: Params,
    inputs: tuple[Floats, ...],
    *,
    first: int,
    timeframe: Timeframe,
    wanted: int = 0,
    gapless: bool = False,
) -> tuple[Floats, ...]:
    """Do what ``Prepared.compute`` does, for who computes an indicator now and then."""
    prepared = _prepared(indicator, tuple(params.items()), timeframe)
    return prepared.compute(inputs, first=first, wanted=wanted, gapless=gapless)


@lru_cache(maxsize=4096)
def _prepared(indicator: Indicator, params: tuple[tuple[str, float], ...], timeframe: Timeframe) -> Prepared:
    return Prepared(indicator, dict(params), timeframe)


def history(indicator: Indicator, params: Params) -> int:
    """Candles before a candle that its value can depend on, if the block begins there."""
    warmup = indicator.warmup(params)
    return warmup - 1 if indicator.memory is None else max(indicator.memory(params), warmup - 1)


def block(timeframe: Timeframe) -> int:
    """Candles in a block: the largest power of two that spans at most 6 days, at least 256."""
    return _BLOCKS[timeframe]


def block_start(number: int, timeframe: Timeframe) -> int:
    """The first candle number of the block a candle number lies in."""
    return number - number % _BLOCKS[timeframe]


def runs(columns: tuple[Floats, ...]) -> Iterator[tuple[int, int]]:
    """The stretches [start, stop) in which every column has a number."""
    if _whole(columns):
        yield 0, len(columns[0])
    else:
        yield from _runs(columns)


def _whole(columns: tuple[Floats, ...]) -> bool:
    """Whether there is any row, and a number everywhere."""
    # A sum is finite exactly when all are, short of overflow, which no price comes near.
    return bool(len(columns[0])) and all(math.isfinite(np.add.reduce(column)) for column in columns)


def _runs(columns: tuple[Floats, ...]) -> Iterator[tuple[int, int]]:
    finite = np.isfinite(columns[0] if len(columns) == 1 else sum(columns[1:], columns[0]))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)

"""Anchored computing: a value never depends on the window that happened to be loaded.

Candles are numbered by open time over timeframe and cut into blocks aligned to the epoch. An indicator
that remembers is run once per block, from ``memory`` candles before the block (or from the last gap, if
that is later) to the block's end; the values inside the block are kept. So any window that reaches back
to ``memory`` candles before a block gives that block the bits the whole history gives it. A missing
candle restarts a series: it is not ready until it has warmed up again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from trading_core.indicators.spec import Indicator, Params, Write
from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe

_SPAN = 6 * 1440
"""Minutes a block spans at most, if it has more candles than the fewest."""

_FEWEST = 256

_BLOCKS = {each: max(_FEWEST, 1 << ((_SPAN // each.minutes).bit_length() - 1)) for each in Timeframe}

_FEW = 1024
"""Rows of a single run up to which new arrays cost less than writing in place."""

Piece = tuple[int, int, int]
"""Rows [low, high) that have values, and the row their run begins at."""


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
    """Return one array per output, NaN where not ready: all outputs become ready together.

    ``inputs`` are dense: one row per candle number from ``first`` on, NaN where a candle is missing.
    Rows before row ``wanted`` may be left NaN. ``gapless`` promises that no input has a NaN.
    """
    rows = len(inputs[0])
    warmup, back, write = _plan(indicator, tuple(params.items()))
    size = _BLOCKS[timeframe]
    pieces: list[Piece] = []
    for start, stop in ((0, rows),) if gapless else runs(inputs):
        low = max(wanted, start)
        while low < stop:
            block_row = low - (first + low) % size
            high = stop if back is None or block_row + size > stop else block_row + size
            begin = low - warmup + 1 if back is None else block_row - back
            begin = max(begin, start)
            ready = begin + warmup - 1
            ready = max(ready, low)
            if ready < high:
                pieces.append((ready, high, begin))
            low = high
    if rows <= _FEW and len(pieces) == 1 and pieces[0][1:] == (rows, 0):
        outputs = indicator.run(inputs, params)
        _blank(outputs, pieces)
        return outputs
    outputs = tuple([np.empty(rows) for _ in indicator.outputs])
    if write is None:
        _copy(indicator, params, inputs, outputs, pieces)
    elif pieces:
        write(inputs, outputs, [(begin, high) for _, high, begin in reversed(pieces)])
    _blank(outputs, pieces)
    return outputs


def _copy(
    indicator: Indicator,
    params: Params,
    inputs: tuple[Floats, ...],
    outputs: tuple[Floats, ...],
    pieces: list[Piece],
) -> None:
    for ready, high, begin in pieces:
        values = indicator.run(tuple([column[begin:high] for column in inputs]), params)
        for output, value in zip(outputs, values, strict=True):
            output[ready:high] = value[ready - begin :]


def _blank(outputs: tuple[Floats, ...], pieces: list[Piece]) -> None:
    """Write NaN before, between and after the pieces."""
    done = 0
    for ready, high, _ in pieces:
        if done < ready:
            for output in outputs:
                output[done:ready] = math.nan
        done = high
    if done < len(outputs[0]):
        for output in outputs:
            output[done:] = math.nan


def history(indicator: Indicator, params: Params) -> int:
    """Candles before a candle that its value can depend on, if the block begins there."""
    warmup = indicator.warmup(params)
    return warmup - 1 if indicator.memory is None else max(indicator.memory(params), warmup - 1)


@lru_cache(maxsize=4096)
def _plan(
    indicator: Indicator, params: tuple[tuple[str, float], ...]
) -> tuple[int, int | None, Write | None]:
    """Warm-up, the candles a block's run begins before it, None without blocks, and what writes."""
    given = dict(params)
    back = None if indicator.memory is None else history(indicator, given)
    return indicator.warmup(given), back, None if indicator.fill is None else indicator.fill(given)


def block(timeframe: Timeframe) -> int:
    """Candles in a block: the largest power of two that spans at most 6 days, at least 256."""
    return _BLOCKS[timeframe]


def block_start(number: int, timeframe: Timeframe) -> int:
    """The first candle number of the block a candle number lies in."""
    return number - number % _BLOCKS[timeframe]


def runs(columns: tuple[Floats, ...]) -> Iterator[tuple[int, int]]:
    """The stretches [start, stop) in which every column has a number."""
    rows = len(columns[0])
    # A sum is finite exactly when all are, short of overflow, which no price comes near.
    if rows and all(math.isfinite(np.add.reduce(column)) for column in columns):
        yield 0, rows
        return
    finite = np.isfinite(columns[0] if len(columns) == 1 else sum(columns[1:], columns[0]))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)

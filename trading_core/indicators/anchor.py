"""Anchored computing: a value never depends on the window that happened to be loaded.

Candles are numbered by open time over timeframe and cut into blocks of 256, aligned to the epoch. An
indicator that remembers is run once per block, from ``memory`` candles before the block (or from the
last gap, if that is later) to the block's end; the values inside the block are kept. So any window
that reaches back to ``memory`` candles before a block gives that block the bits the whole history
gives it. A missing candle restarts a series: it is not ready until it has warmed up again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trading_core.indicators.spec import Indicator, Params
from trading_core.market.candle import Floats

BLOCK = 256
"""Candles in a block."""


def compute(
    indicator: Indicator,
    params: Params,
    inputs: tuple[Floats, ...],
    *,
    first: int,
    wanted: int = 0,
    gapless: bool = False,
) -> tuple[Floats, ...]:
    """Return one array per output, NaN where not ready: all outputs become ready together.

    ``inputs`` are dense: one row per candle number from ``first`` on, NaN where a candle is missing.
    Rows before row ``wanted`` may be left NaN. ``gapless`` promises that no input has a NaN.
    """
    rows = len(inputs[0])
    outputs = tuple(np.full((len(indicator.outputs), rows), np.nan))
    warmup = indicator.warmup(params)
    memory = None if indicator.memory is None else max(indicator.memory(params), warmup - 1)
    for start, stop in ((0, rows),) if gapless else runs(inputs):
        for low, high, begin in _pieces(start, stop, first, wanted, warmup, memory):
            ready = max(low, begin + warmup - 1)
            if ready < high:
                values = indicator.run(tuple(column[begin:high] for column in inputs), params)
                for output, value in zip(outputs, values, strict=True):
                    output[ready:high] = value[ready - begin :]
    return outputs


def history(indicator: Indicator, params: Params) -> int:
    """Candles before a candle that its value can depend on, if the block begins there."""
    warmup = indicator.warmup(params)
    return warmup - 1 if indicator.memory is None else max(indicator.memory(params), warmup - 1)


def block_start(number: int) -> int:
    """The first candle number of the block a candle number lies in."""
    return number - number % BLOCK


def runs(columns: tuple[Floats, ...]) -> Iterator[tuple[int, int]]:
    """The stretches [start, stop) in which every column has a number."""
    # A sum is finite exactly when all are, short of overflow, which no price comes near.
    finite = np.isfinite(columns[0] if len(columns) == 1 else sum(columns[1:], columns[0]))
    if finite.all():
        if len(finite):
            yield 0, len(finite)
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _pieces(
    start: int, stop: int, first: int, wanted: int, warmup: int, memory: int | None
) -> Iterator[tuple[int, int, int]]:
    """Rows [low, high) to keep, and the row their run begins at."""
    low = max(start, wanted)
    if memory is None:
        if low < stop:
            yield low, stop, max(start, low - warmup + 1)
        return
    while low < stop:
        block = block_start(first + low) - first
        high = min(stop, block + BLOCK)
        yield low, high, max(start, block - memory)
        low = high

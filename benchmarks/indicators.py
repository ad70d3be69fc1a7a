"""Every indicator against raw TA-Lib, the ``ta`` package and pandas; and what one new candle costs.

All contenders of an indicator take turns, and the fastest tenth of each counts; what counts is time on
the processor, so that a busy machine distorts little. Ours is what rules call, an indicator prepared
once: with blocks, warm-up and blanks.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.lockstep import market_data
from benchmarks.peers import COMPOSED, PANDAS, TA, TALIB, Peer
from trading_core.indicators.anchor import Prepared, block, history
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.indicators.stepping import Stepper
from trading_core.market.candle import Candles, Floats
from trading_core.market.files import read_candles
from trading_core.market.timeframe import Timeframe

SIZES = (1_000, 100_000, 1_000_000)

REAL = "candles/bybit-linear/LINKUSDT_1m_20240908_20250907.parquet"

FIRST = 1000 * block(Timeframe.M1) + 5_000
"""Candle number of the first row, inside a block."""

TURN_S = 0.12
"""About how long a contender is measured at a size."""

MOST_TURNS = 400
LEAST_TURNS = 3
TOO_LONG_S = 90.0
"""A peer that would take longer for one turn is left out, as far as the size before tells."""

WORST = 8
"""Indicators that the summary names."""

STEPS = 300

PEERS: Mapping[str, Mapping[str, Peer]] = {"talib": TALIB, "ta": TA, "pandas": PANDAS}


class Data(NamedTuple):
    """The same candles for everyone."""

    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any

    def inputs(self, indicator: Indicator) -> tuple[Floats, ...]:
        """The indicator's columns; its source is the close."""
        return tuple(getattr(self, "close" if name == SOURCE else name) for name in indicator.inputs)

    def series(self) -> Data:
        """The same as pandas series."""
        return Data(*(pd.Series(column) for column in self))


def run_benchmark() -> dict[str, Any]:
    """Measure every indicator at every size; the summary comes first."""
    name, data = _data(max(SIZES))
    tables = {}
    spent: dict[tuple[str, str], float] = {}
    for size in SIZES:
        part = Data(*(np.ascontiguousarray(column[:size]) for column in data))
        tables[str(size)] = _size(part, size, spent)
    summary, series = _one_candle(data)
    return {
        "ours_over_theirs": {
            size: {peer: _against(table, peer) for peer in PEERS} for size, table in tables.items()
        },
        "one_candle_us": summary,
        "data": name,
        "load": os.getloadavg(),
        "talib_composed": COMPOSED,
        "ns_per_candle": tables,
        "one_candle_us_by_series": series,
    }


def _data(rows: int) -> tuple[str, Data]:
    """That many candles in a row: real ones, repeated where they don't suffice, or a seeded walk."""
    try:
        path = market_data() / REAL
    except SystemExit:
        path = None
    if path is not None and path.exists():
        _, candles = read_candles(path)
        return f"{path.name}, {len(candles)} candles, repeated", _repeated(candles, rows)
    rng = np.random.default_rng(1)
    close = np.round(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.001, rows))), 3)
    opened = np.concatenate((close[:1], close[:-1]))
    reach = np.round(np.abs(rng.normal(0.0, 0.05, (2, rows))), 3)
    high, low = np.maximum(opened, close) + reach[0], np.minimum(opened, close) - reach[1]
    return "walk, seed 1", Data(opened, high, low, close, np.round(rng.lognormal(1.0, 1.0, rows), 3))


def _repeated(candles: Candles, rows: int) -> Data:
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return Data(*(np.resize(column, rows) for column in columns))


def _size(data: Data, size: int, spent: dict[tuple[str, str], float]) -> dict[str, dict[str, Any]]:
    """The table of one size; ``spent`` keeps ns per candle of the size before.

    The first indicator runs once before it counts: until arrays of a size have been freed a few times, every
    new one costs its page faults, which would otherwise be charged to whoever comes first.
    """
    frame = data.series()
    table: dict[str, dict[str, Any]] = {}
    for name, indicator in CATALOG.items():
        row = table[name] = {}
        contenders = _contenders(name, indicator, data, frame, size, spent, row)
        if len(table) == 1:
            _turns(contenders)
        for peer, seconds in _turns(contenders).items():
            row[peer] = round(seconds * 1e9 / size, 2)
            spent[name, peer] = row[peer]
        _progress(f"{size} {name} {row}")
    return table


def _contenders(
    name: str,
    indicator: Indicator,
    data: Data,
    frame: Data,
    size: int,
    spent: Mapping[tuple[str, str], float],
    row: dict[str, Any],
) -> dict[str, Callable[[], object]]:
    """Who takes part; ``row`` is told why somebody doesn't."""
    contenders: dict[str, Callable[[], object]] = {"ours": _ours(indicator, data)}
    for peer, known in PEERS.items():
        if name not in known:
            continue
        expected = spent.get((name, peer), 0.0) * size / 1e9
        if expected > TOO_LONG_S:
            row[peer] = None
            row["why"] = f"{peer} would take about {expected:.0f} s"
            continue
        contenders[peer] = _theirs(known[name], data if peer == "talib" else frame, indicator)
    return contenders


def _ours(indicator: Indicator, data: Data) -> Callable[[], object]:
    inputs, params = data.inputs(indicator), indicator.defaults()
    prepared = Prepared(indicator, params, Timeframe.M1)
    return lambda: prepared.compute(inputs, first=FIRST, gapless=True)


def _theirs(peer: Peer, data: Data, indicator: Indicator) -> Callable[[], object]:
    params = indicator.defaults()
    return lambda: peer(data, params)


def _turns(contenders: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds that a tenth of each one's turns stay below; slow ones get fewer turns.

    A turn is two calls of which the second counts: the first pays for the memory and the caches that the
    contender before it has used up, which is otherwise always the same one's bad luck. The very fastest
    turn is no measure: a virtual machine's clock of processor time sometimes skips a part of one.
    """
    turns = {name: [_clocked(run)] for name, run in contenders.items()}
    left = {
        name: min(MOST_TURNS, max(LEAST_TURNS if first < 1.0 else 0, int(TURN_S / first)))
        for name, (first,) in turns.items()
    }
    while any(left.values()):
        for name, run in contenders.items():
            if left[name]:
                left[name] -= 1
                run()
                turns[name].append(_clocked(run))
    return {name: sorted(seconds)[len(seconds) // 10] for name, seconds in turns.items()}


def _clocked(run: Callable[[], object]) -> float:
    start = time.thread_time()
    run()
    return time.thread_time() - start


def _against(table: Mapping[str, Mapping[str, Any]], peer: str) -> dict[str, Any]:
    """Our time over the peer's: median, and the indicators where it is worst."""
    ratios = {name: row["ours"] / row[peer] for name, row in table.items() if row.get(peer)}
    worst = sorted(ratios, key=lambda name: ratios[name], reverse=True)[:WORST]
    return {
        "indicators": len(ratios),
        "median_ratio": round(statistics.median(ratios.values()), 3),
        "median_speedup": round(statistics.median(1.0 / ratio for ratio in ratios.values()), 2),
        "worst": {name: round(ratios[name], 3) for name in worst},
    }


def _one_candle(data: Data) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Microseconds per new candle, after a thousand candles and after a million: summary, and by series."""
    lengths = (min(SIZES), max(SIZES) - STEPS)
    table: dict[str, list[float]] = {}
    anchors: dict[str, float] = {}
    gc.disable()
    for name, indicator in CATALOG.items():
        rows = [_steps(indicator, data, length) for length in lengths]
        table[name] = [round(step, 2) for step, _ in rows]
        anchors[name] = round(rows[-1][1], 1)
        _progress(f"one candle {name} {table[name]} anchored {anchors[name]}")
    gc.enable()
    result: dict[str, Any] = {}
    for at, length in enumerate(lengths):
        worst = max(table, key=lambda name: table[name][at])
        median = statistics.median(row[at] for row in table.values())
        result[str(length)] = {"median": round(median, 2), "worst": worst, "worst_us": table[worst][at]}
    worst = max(anchors, key=lambda name: anchors[name])
    result["first_call"] = {
        "median": statistics.median(anchors.values()),
        "worst": worst,
        "worst_us": anchors[worst],
    }
    return result, table


def _steps(indicator: Indicator, data: Data, length: int) -> tuple[float, float]:
    """Median microseconds of a step after so many candles, and those of the first call."""
    inputs, params = data.inputs(indicator), indicator.defaults()
    rows = list(zip(*(column[length : length + STEPS].tolist() for column in inputs), strict=True))
    first = FIRST - FIRST % block(Timeframe.M1) + block(Timeframe.M1) // 2 - length
    stepper = Stepper(indicator, params, Timeframe.M1)
    spent = []
    for at, values in enumerate(rows):
        end = length + at + 1

        def past(start: int, end: int = end) -> tuple[Floats, ...]:
            return tuple(column[max(0, start - first) : end] for column in inputs)

        began = time.thread_time()
        stepper.step(first + end - 1, values, past)
        spent.append((time.thread_time() - began) * 1e6)
    return statistics.median(spent[history(indicator, params) // 100 + 1 :]), spent[0]


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

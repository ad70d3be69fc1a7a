"""Recorded figures of contracts: funding rates and mark prices in the market-data layout.

Layout: folder ``<source>-<category>``; ``<SYMBOL>.parquet`` with ``funding_time`` (ms UTC) and
``funding_rate`` (fraction per interval), or ``<SYMBOL>_<timeframe>.parquet`` with mark-price candles.
A funding rate is known from the time it was settled at, a mark price from the close of its candle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from trading_core.errors import CandlesInvalid
from trading_core.market.candle import Floats, Times
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe

_FOLDER = re.compile(r"([a-z][a-z0-9]{1,19})-(linear|spot)")
_NAME = re.compile(r"([A-Z0-9]{2,30})(?:_([0-9]+[mhd])(?:_.*)?)?")
_SPAN_MS = (1_000_000_000_000, 4_102_444_800_000)
"""2001 to 2100; anything before is a time in seconds."""


def market_of(file: Path) -> tuple[str, str, str]:
    """Source, category and symbol a file's place names; raise CandlesInvalid if it names none."""
    folder, name = _FOLDER.fullmatch(file.resolve().parent.name), _NAME.fullmatch(file.stem)
    if folder is None or name is None:
        raise CandlesInvalid(str(file), "expected a name like bybit-linear/BTCUSDT.parquet")
    return folder[1], folder[2], name[1]


def read_tickers(file: Path) -> Tickers:
    """The figures in a file; raise CandlesInvalid naming it if they can't be had or make no sense."""
    try:
        table = parquet.read_table(file)
    except (pa.ArrowException, OSError) as e:
        raise CandlesInvalid(file.name, f"can't be read: {type(e).__name__}") from e
    if "funding_rate" in table.schema.names:
        times, rates = column(file, table, "funding_time"), column(file, table, "funding_rate")
        return _checked(file, times.astype(np.int64), "funding_rate", rates * 100.0)
    if "volume" in table.schema.names:
        raise CandlesInvalid(file.name, "expected mark prices, has candles of trades")
    times, marks = column(file, table, "open_time"), column(file, table, "close")
    closes = times.astype(np.int64) + timeframe_of(file).ms
    return _checked(file, closes, "mark", marks)


def joined(parts: Iterable[Tickers]) -> Tickers:
    """Several runs of figures of one symbol as one; at least one."""
    columns = [(t.time_ms, t.funding_rate, t.mark, t.spread) for t in parts]
    times, *figures = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.argsort(times, kind="stable")
    return Tickers(times[order], *(figure[order] for figure in figures))


def timeframe_of(file: Path) -> Timeframe:
    """The timeframe a file's name tells; raise CandlesInvalid if it tells none."""
    name = _NAME.fullmatch(file.stem)
    try:
        return Timeframe(name[2] if name and name[2] else "")
    except ValueError:
        raise CandlesInvalid(file.name, "expected a name like BTCUSDT_1h.parquet") from None


def column(file: Path, table: pa.Table, name: str) -> Floats:
    """A column of numbers, every row of it; raise CandlesInvalid naming file and column."""
    if name not in table.schema.names:
        raise CandlesInvalid(
            file.name, "expected columns funding_time and funding_rate, or open_time and close"
        )
    try:
        column = table.column(name).cast(pa.float64())
    except pa.ArrowException as e:
        raise CandlesInvalid(f"{file.name}, column {name}", "expected numbers") from e
    values: Floats = column.combine_chunks().to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all():
        raise CandlesInvalid(f"{file.name}, column {name}", "expected a number in every row")
    return values


def _checked(file: Path, times: Times, field: str, values: Floats) -> Tickers:
    low, high = _SPAN_MS
    if not len(times) or (np.diff(times) <= 0).any() or times[0] < low or times[-1] >= high:
        raise CandlesInvalid(file.name, "expected rising times in milliseconds since 1970")
    nothing = np.full(len(times), np.nan)
    told: Mapping[str, Floats] = {"funding_rate": nothing, "mark": nothing, "spread": nothing, field: values}
    return Tickers(times, **told)

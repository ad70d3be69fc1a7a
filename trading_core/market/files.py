"""Candle files: Parquet, CSV and Feather of the market-data layout, checked to the last row.

Layout: folder ``<source>-<category>``, file ``<SYMBOL>_<timeframe>_....parquet``; columns
``open_time`` (int64, ms UTC; ``date`` or ``timestamp`` are understood too), ``open high low close
volume`` and, where the source has it, ``turnover``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, feather, parquet

from trading_core.errors import CandlesInvalid
from trading_core.market.candle import Candles, Floats, Times
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

MAX_ROWS = 20_000_000
"""Rows of one file: forty years of minutes."""

EARLIEST_MS = 1_000_000_000_000
"""2001-09-09; anything before is a time in seconds."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01."""

CATEGORIES = ("linear", "spot")
PRICES = ("open", "high", "low", "close")

_FOLDER = re.compile(r"([a-z][a-z0-9]{1,19})-([a-z]+)")
_SYMBOL = re.compile(r"[A-Z0-9]{2,30}")
_TIME_NAMES = ("open_time", "date", "timestamp")


def read_candles(
    path: Path | str,
    *,
    timeframe: Timeframe | None = None,
    source: str | None = None,
    category: str | None = None,
    symbol: str | None = None,
) -> tuple[SeriesKey, Candles]:
    """Return the series a file holds and its candles.

    Names are taken from folder and file unless given. Raise CandlesInvalid naming file, row
    (counted from 1, without header) and column for anything that is not a clean run of candles.
    """
    file = Path(path)
    key = _key(file, timeframe=timeframe, source=source, category=category, symbol=symbol)
    table = _table(file)
    times = _times(file, table)
    prices = (_numbers(file, table, name) for name in (*PRICES, "volume"))
    candles = Candles.of_columns((times, *prices, _turnover(file, table)))
    check_candles(candles, key.timeframe, where=file.name)
    return key, candles


def check_candles(candles: Candles, timeframe: Timeframe, *, where: str) -> None:
    """Raise CandlesInvalid naming ``where``, row and column of the first thing that is wrong.

    Times must be plausible milliseconds, rising and aligned; prices finite and positive with high
    and low enclosing them; volume finite and not negative.
    """
    time = candles.open_time
    if not len(time):
        raise CandlesInvalid(where, "expected candles, has none")
    sane = (time >= EARLIEST_MS) & (time < LATEST_MS)
    _refuse(where, "open_time", ~sane, time, "expected milliseconds since 1970 between 2001 and 2100")
    rising = np.concatenate(([True], np.diff(time) > 0))
    _refuse(where, "open_time", ~rising, time, "expected a later time than in the row before")
    _refuse(where, "open_time", time % timeframe.ms != 0, time, f"expected a multiple of {timeframe}")
    _check_numbers(candles, where)


def _check_numbers(candles: Candles, where: str) -> None:
    for name in PRICES:
        values: Floats = getattr(candles, name)
        _refuse(where, name, ~(np.isfinite(values) & (values > 0)), values, "expected a positive price")
    volume = candles.volume
    _refuse(where, "volume", ~(np.isfinite(volume) & (volume >= 0)), volume, "expected a volume of 0 or more")
    turnover = candles.turnover
    bad = np.isinf(turnover) | (turnover < 0)
    _refuse(where, "turnover", bad, turnover, "expected a turnover of 0 or more")
    top = np.maximum(np.maximum(candles.open, candles.close), candles.low)
    _refuse(where, "high", candles.high < top, candles.high, "expected the highest price of the row")
    bottom = np.minimum(candles.open, candles.close)
    _refuse(where, "low", candles.low > bottom, candles.low, "expected the lowest price of the row")


def _refuse(
    where: str, column: str, bad: npt.NDArray[np.bool_], values: Floats | Times, expected: str
) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise CandlesInvalid(f"{where} row {row + 1}, column {column}", f"{expected}, was {values[row]}")


def _key(
    file: Path,
    *,
    timeframe: Timeframe | None,
    source: str | None,
    category: str | None,
    symbol: str | None,
) -> SeriesKey:
    if source is None or category is None:
        folder = _FOLDER.fullmatch(file.resolve().parent.name)
        if folder is None and source is None:
            raise CandlesInvalid(
                str(file),
                "expected a folder named <source>-<category> such as bybit-linear, or the source given",
            )
        source = source or (folder[1] if folder else "")
        category = category or (folder[2] if folder else "linear")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,19}", source):
        raise CandlesInvalid(file.name, f"expected a source such as bybit, was {source!r}")
    if category not in CATEGORIES:
        raise CandlesInvalid(file.name, f"expected category linear or spot, was {category!r}")
    parts = file.name.split(".")[0].split("_")
    symbol = symbol if symbol is not None else parts[0]
    if not _SYMBOL.fullmatch(symbol):
        raise CandlesInvalid(file.name, f"expected a symbol such as BTCUSDT, was {symbol!r}")
    return SeriesKey(source, category, symbol, timeframe or _timeframe_of(file, parts))


def _timeframe_of(file: Path, parts: list[str]) -> Timeframe:
    name = parts[1] if len(parts) > 1 else ""
    try:
        return Timeframe(name)
    except ValueError as e:
        raise CandlesInvalid(
            file.name, f"expected a name like BTCUSDT_1m.parquet with one of {', '.join(Timeframe)}"
        ) from e


def _table(file: Path) -> pa.Table:
    readers = {".parquet": _read_parquet, ".csv": _read_csv, ".feather": feather.read_table}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise CandlesInvalid(file.name, "expected a .parquet, .csv or .feather file")
    if not file.is_file():
        raise CandlesInvalid(str(file), "no such file")
    try:
        table = reader(file)
    except (pa.ArrowException, OSError) as e:
        raise CandlesInvalid(file.name, f"can't be read: {_first_line(e)}") from e
    if table.num_rows > MAX_ROWS:
        raise CandlesInvalid(file.name, f"expected at most {MAX_ROWS} rows, was {table.num_rows}")
    return table


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _read_parquet(file: Path) -> pa.Table:
    with parquet.ParquetFile(file) as opened:
        if opened.metadata.num_rows > MAX_ROWS:
            raise CandlesInvalid(
                file.name, f"expected at most {MAX_ROWS} rows, was {opened.metadata.num_rows}"
            )
        wanted = {*_TIME_NAMES, *PRICES, "volume", "turnover"}
        return opened.read([name for name in opened.schema_arrow.names if name in wanted])


def _read_csv(file: Path) -> pa.Table:
    # Every cell stays text here: our own conversion names the row and column of a bad one.
    names = csv.open_csv(file).schema.names
    return csv.read_csv(
        file,
        read_options=csv.ReadOptions(use_threads=False),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def _column(file: Path, table: pa.Table, name: str) -> pa.ChunkedArray:
    if table.schema.names.count(name) != 1:
        has = ", ".join(table.schema.names)[:200]
        raise CandlesInvalid(file.name, f"expected one column {name}, has {has or 'none'}")
    column = table.column(name)
    if column.null_count:
        row = int(pc.index(pc.is_null(column), value=True).as_py())
        raise CandlesInvalid(f"{file.name} row {row + 1}, column {name}", "expected a value, is empty")
    return column


def _times(file: Path, table: pa.Table) -> Times:
    name = next((n for n in _TIME_NAMES if n in table.schema.names), "open_time")
    column = _column(file, table, name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False).cast(pa.int64())
    return _cast(file, column, name, pa.int64()).astype(np.int64, copy=False)


def _numbers(file: Path, table: pa.Table, name: str) -> Floats:
    return _cast(file, _column(file, table, name), name, pa.float64()).astype(np.float64, copy=False)


def _turnover(file: Path, table: pa.Table) -> Floats:
    if "turnover" not in table.schema.names:
        return np.full(table.num_rows, np.nan)
    column = table.column("turnover")
    if pa.types.is_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column)
    return _cast(file, column, "turnover", pa.float64()).astype(np.float64, copy=False)


def _cast(file: Path, column: pa.ChunkedArray, name: str, to: pa.DataType) -> npt.NDArray[np.generic]:
    try:
        values: npt.NDArray[np.generic] = column.cast(to).combine_chunks().to_numpy(zero_copy_only=False)
        return values
    except pa.ArrowException as e:
        row = _first_bad(column, to)
        kind = "a whole number" if pa.types.is_integer(to) else "a number"
        raise CandlesInvalid(
            f"{file.name} row {row + 1}, column {name}", f"expected {kind}, was {column[row].as_py()!r:.60}"
        ) from e


def _first_bad(column: pa.ChunkedArray, to: pa.DataType) -> int:
    low, high = 0, len(column) - 1
    while low < high:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low + 1).cast(to)
        except pa.ArrowException:
            high = middle
        else:
            low = middle + 1
    return low

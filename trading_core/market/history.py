"""The history store: Parquet files by month, merged and replaced whole, never contradicted.

Layout: ``<root>/<source>-<category>/<SYMBOL>_<timeframe>/<YYYY-MM>.parquet``. One writer at a time
per series. A reader sees a month before or after a write, never half of it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from trading_core.errors import CandlesInvalid
from trading_core.market.candle import Candles
from trading_core.market.files import check_candles
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "turnover")

_NAME = re.compile(r"[A-Za-z0-9]{2,30}")


def empty() -> Candles:
    """No candles."""
    return Candles.of([])


def folder_of(root: Path, key: SeriesKey) -> Path:
    """Where a series lies; raise CandlesInvalid for names that are none."""
    for part in (key.source, key.category, key.symbol):
        if not _NAME.fullmatch(part):
            raise CandlesInvalid("", f"expected letters and digits in a series' name, was {part!r}")
    return root / f"{key.source}-{key.category}" / f"{key.symbol}_{key.timeframe}"


def write(root: Path, key: SeriesKey, candles: Candles) -> int:
    """Merge candles into the store and return how many were new.

    Rows that are already there must say the same (a turnover may be told later); otherwise
    CandlesInvalid names the time and column of the first contradiction and nothing is written.
    """
    if not len(candles):
        return 0
    check_candles(candles, key.timeframe, where=str(key))
    folder = folder_of(root, key)
    merged = [_merge(folder / name, key, part) for name, part in _months(candles)]
    folder.mkdir(parents=True, exist_ok=True)
    for path, whole, _, changed in merged:
        if changed:
            _replace(path, whole)
    return sum(new for _, _, new, _ in merged)


def read(root: Path, key: SeriesKey, start_ms: int | None = None, end_ms: int | None = None) -> Candles:
    """Return the stored candles that open in [start_ms, end_ms); all when a bound is None."""
    first = "0000-00" if start_ms is None else _month(start_ms)
    last = "9999-99" if end_ms is None else _month(end_ms)
    folder = folder_of(root, key)
    paths = [p for p in sorted(folder.glob("????-??.parquet")) if first <= p.stem <= last]
    if not paths:
        return empty()
    parts = [_load(path) for path in paths]
    whole = Candles(*(np.concatenate(columns) for columns in zip(*(p.columns() for p in parts), strict=True)))
    low = int(whole.open_time[0]) if start_ms is None else start_ms
    high = int(whole.open_time[-1]) + 1 if end_ms is None else end_ms
    return whole.between(low, high)


def span(root: Path, key: SeriesKey) -> tuple[int, int] | None:
    """Return the first and the last open time stored of a series, or None; reads no candle."""
    paths = sorted(folder_of(root, key).glob("????-??.parquet"))
    if not paths:
        return None
    return _bounds(paths[0])[0], _bounds(paths[-1])[1]


def stored(root: Path) -> list[SeriesKey]:
    """Every series in the store."""
    found = []
    for folder in sorted(root.glob("*-*/*_*")):
        source, _, category = folder.parent.name.partition("-")
        symbol, _, timeframe = folder.name.partition("_")
        if timeframe in set(Timeframe) and any(folder.glob("????-??.parquet")):
            found.append(SeriesKey(source, category, symbol, Timeframe(timeframe)))
    return found


def _month(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m")


def _months(candles: Candles) -> Iterator[tuple[str, Candles]]:
    months = candles.open_time.astype("datetime64[ms]").astype("datetime64[M]")
    starts = np.concatenate(([0], np.flatnonzero(months[1:] != months[:-1]) + 1, [len(candles)]))
    for first, last in pairwise(starts.tolist()):
        yield f"{months[first]}.parquet", candles.rows(first, last)


def _load(path: Path) -> Candles:
    try:
        table = parquet.read_table(path, columns=list(COLUMNS), partitioning=None)
    except (pa.ArrowException, OSError) as e:
        raise CandlesInvalid(str(path), f"can't be read: {str(e)[:200]}") from e
    return Candles(*(table.column(name).to_numpy() for name in COLUMNS))


def _bounds(path: Path) -> tuple[int, int]:
    """The first and the last open time of a file."""
    try:
        about = parquet.read_metadata(path)
    except (pa.ArrowException, OSError) as e:
        raise CandlesInvalid(str(path), f"can't be read: {str(e)[:200]}") from e
    column = about.schema.to_arrow_schema().get_field_index("open_time")
    told = [about.row_group(row).column(column).statistics for row in range(about.num_row_groups)]
    return min(one.min for one in told), max(one.max for one in told)


def _merge(path: Path, key: SeriesKey, new: Candles) -> tuple[Path, Candles, int, bool]:
    """The path, its candles after the merge, how many are new, and whether anything changed."""
    if not path.exists():
        return path, new, len(new), True
    old = _load(path)
    _, in_old, in_new = np.intersect1d(old.open_time, new.open_time, assume_unique=True, return_indices=True)
    turnover = old.turnover.copy()
    _check_same(key, old, new, in_old, in_new)
    told = np.isnan(turnover[in_old]) & ~np.isnan(new.turnover[in_new])
    turnover[in_old[told]] = new.turnover[in_new[told]]
    fresh = np.ones(len(new), dtype=bool)
    fresh[in_new] = False
    added = int(fresh.sum())
    if not added and not told.any():
        return path, old, 0, False
    columns = [*old.columns()[:-1], turnover]
    joined = [np.concatenate((a, b[fresh])) for a, b in zip(columns, new.columns(), strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return path, Candles(*(column[order] for column in joined)), added, True


def _check_same(key: SeriesKey, old: Candles, new: Candles, in_old: np.ndarray, in_new: np.ndarray) -> None:
    for name in COLUMNS[1:]:
        had = getattr(old, name)[in_old]
        says = getattr(new, name)[in_new]
        differs = had != says
        if name == "turnover":
            differs &= ~np.isnan(had) & ~np.isnan(says)
        if differs.any():
            row = int(differs.argmax())
            when = datetime.fromtimestamp(int(old.open_time[in_old[row]]) / 1000, UTC)
            raise CandlesInvalid(
                f"{key} {when:%Y-%m-%d %H:%M}, column {name}",
                f"contradicts the store: there {had[row]}, here {says[row]}",
            )


def _replace(path: Path, candles: Candles) -> None:
    table = pa.table(dict(zip(COLUMNS, candles.columns(), strict=True)))
    written = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        parquet.write_table(table, written, compression="zstd")
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)

"""Funding rates and mark prices from files in the market-data layout, and where to look for them.

Layout: ``funding/<source>-<category>/<SYMBOL>.parquet`` with ``funding_time`` (ms UTC) and ``funding_rate``
(fraction per interval), ``mark-price/<source>-<category>/<SYMBOL>_<timeframe>.parquet`` with candles of the
mark price, beside ``candles/<source>-<category>/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from trading_core.errors import CandlesInvalid
from trading_core.market.recorded import Recorded
from trading_core.market.ticker_files import column, market_of, timeframe_of

FOLDERS = ("funding", "mark-price")
_PRICES = ("open", "high", "low", "close")
_E8 = 10**8


def beside(candles: Iterable[Path]) -> list[Path]:
    """The folders of funding and mark prices that stand beside folders of candles, where there are any."""
    folders = {path if path.is_dir() else path.parent for path in (p.resolve() for p in candles)}
    found = [folder.parent.parent / name / folder.name for folder in sorted(folders) for name in FOLDERS]
    return [folder for folder in found if folder.is_dir()]


def files_of(
    paths: Sequence[Path], *, source: str, category: str, symbols: Iterable[str]
) -> dict[str, list[Path]]:
    """The files, by symbol, that are of a market, from files and folders of them.

    Raise CandlesInvalid for a file that is named and of another market.
    """
    wanted, found = set(symbols), dict[str, list[Path]]()
    for path in paths:
        for file in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
            *market, symbol = market_of(file)
            ours = market == [source, category]
            if not ours and not path.is_dir():
                raise CandlesInvalid(file.name, f"expected figures of {source}-{category}")
            if ours and symbol in wanted:
                found.setdefault(symbol, []).append(file)
    return found


def read_recorded(files: Iterable[Path]) -> Recorded:
    """What some files of one symbol tell; raise CandlesInvalid naming the one that can't be read."""
    recorded = Recorded()
    for file in files:
        recorded = _with(recorded, file)
    return recorded


def _with(recorded: Recorded, file: Path) -> Recorded:
    try:
        table = parquet.read_table(file)
    except (pa.ArrowException, OSError) as e:
        raise CandlesInvalid(file.name, f"can't be read: {type(e).__name__}") from e
    if "funding_rate" in table.schema.names:
        times = column(file, table, "funding_time").astype(np.int64).tolist()
        rates = np.rint(column(file, table, "funding_rate") * _E8).astype(np.int64).tolist()
        return replace(recorded, rates_e8={**recorded.rates_e8, **dict(zip(times, rates, strict=True))})
    if len(recorded.mark_open_ms):
        raise CandlesInvalid(file.name, "expected one file of mark prices for a symbol")
    opens = column(file, table, "open_time").astype(np.int64)
    if not len(opens) or (np.diff(opens) <= 0).any():
        raise CandlesInvalid(file.name, "expected rising times in milliseconds since 1970")
    length, prices = timeframe_of(file).ms, [column(file, table, name) for name in _PRICES]
    return Recorded(recorded.rates_e8, opens, length, *prices)

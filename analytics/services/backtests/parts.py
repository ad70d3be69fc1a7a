"""The files a result is kept as: written once by the compute process, handed out as they are.

``page``: what pages and comparisons show (JSON, gzip): the result without decisions and orders, and ``bars``.
``json``: the whole result document (JSON, gzip). ``csv`` and ``parquet``: its tables, as a zip.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pyarrow import parquet

from trading_core.backtest.bars import bars_of
from trading_core.backtest.result import Played, equity_rows
from trading_core.backtest.tables import TABLES, as_arrow, as_csv

FORMAT = 1
"""Rises when parts are made otherwise, so that old ones are not taken for new."""
LEVEL = 5

PartName = Literal["page", "json", "csv", "parquet"]

FIGURES = (
    "net_profit", "net_profit_pct", "max_drawdown_pct", "sharpe", "profit_factor", "win_rate_pct", "trades",
)  # fmt: skip
"""Figures that lists show; None where there is none."""


def parts_of(played: Played, result: Mapping[str, Any]) -> dict[PartName, bytes]:
    """Return every part of a result."""
    whole = {**result, "equity": equity_rows(played.equity)}
    shown = {name: value for name, value in result.items() if name not in ("decisions", "orders")}
    shown["bars"] = {s: bars_of(played.minutes[s], played.instruments[s]) for s in played.document.symbols}
    return {
        "page": packed(shown),
        "json": packed(result),
        "csv": _zipped(lambda name: as_csv(name, whole[name]).encode(), "csv"),
        "parquet": _zipped(lambda name: _parquet(name, whole), "parquet"),
    }


def packed(data: Mapping[str, Any]) -> bytes:
    """Return JSON data compressed; the same data give the same bytes."""
    return gzip.compress(json.dumps(data, ensure_ascii=False).encode(), LEVEL, mtime=0)


def unpacked(content: bytes) -> dict[str, Any]:
    """Return the data of a part that is JSON."""
    return dict(json.loads(gzip.decompress(content)))


def figures_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key figures of a result, and its grade."""
    metrics = result["metrics"]
    known = {name: metrics[name] for name in FIGURES if not isinstance(metrics[name], Mapping)}
    return {**dict.fromkeys(FIGURES), **known, "grade": result["badge"]["grade"]}


def _zipped(write: Callable[[str], bytes], kind: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in TABLES:
            archive.writestr(zipfile.ZipInfo(f"{name}.{kind}"), write(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _parquet(name: str, whole: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(as_arrow(name, whole[name]), out, compression="zstd")
    return out.getvalue()

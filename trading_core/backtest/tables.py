"""A result document as tables, for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]

TABLES = ("trades", "orders", "executions", "funding", "equity", "decisions")

_MONEY = frozenset(
    {
        "entry_price", "exit_price", "price", "qty", "gained", "fee", "fees", "funding", "net", "mfe", "mae", "r",
        "mark", "rate", "paid", "wallet", "equity",
    }
)  # fmt: skip
_TIMES = frozenset({"opened", "closed", "decided", "time", "close"})
_WHOLE = frozenset({"number", "legs", "trade", "leg", "revision", "ticks", "lots", "filled", "sequence"})
_FLAGS = frozenset({"reduce_only", "is_maker"})

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "trades": (
        "symbol", "number", "side", "opened", "closed", "qty", "entry_price", "exit_price", "legs", "gained",
        "fees", "funding", "net", "reason", "tags", "mfe", "mae", "r",
    ),
    "orders": (
        "symbol", "trade", "role", "leg", "revision", "side", "ticks", "price", "lots", "qty", "filled",
        "reduce_only", "state", "decided", "reason",
    ),
    "executions": (
        "symbol", "time", "sequence", "trade", "role", "leg", "side", "ticks", "price", "lots", "qty", "fee",
        "gained", "is_maker", "reason",
    ),
    "funding": ("symbol", "time", "sequence", "side", "qty", "ticks", "mark", "rate", "paid"),
    "equity": ("close", "wallet", "equity"),
    "decisions": ("symbol", "close", "code", "leaves", "details"),
}  # fmt: skip


def as_csv(name: str, rows: Sequence[Row]) -> str:
    """One table as CSV with a header; lists are joined by spaces, details are JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[name])
    writer.writerows([_text(row.get(column)) for column in COLUMNS[name]] for row in rows)
    return out.getvalue()


def as_arrow(name: str, rows: Sequence[Row]) -> pa.Table:
    """One table with typed columns: money, prices and quantities are decimals, times UTC timestamps."""
    return pa.table({column: _array(column, [row.get(column) for row in rows]) for column in COLUMNS[name]})


def _text(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):  # nearly all of them; the questions below cost more
        return value
    if isinstance(value, list):
        return " ".join(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, Mapping) else value


def _array(column: str, values: Sequence[Any]) -> pa.Array:
    if column in _MONEY:
        numbers = [None if value is None else Decimal(value) for value in values]
        return pa.array(numbers, pa.decimal128(38, 18))
    if column in _TIMES:
        naive = [None if value is None else value.removesuffix("Z") for value in values]
        return pa.array(naive, pa.string()).cast(pa.timestamp("ms")).cast(pa.timestamp("ms", "UTC"))
    if column in _WHOLE:
        return pa.array(values, pa.int64())
    return pa.array(values, pa.bool_()) if column in _FLAGS else pa.array(map(_text, values), pa.string())

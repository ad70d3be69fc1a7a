"""Rows with their integers turned into prices and quantities by the contract version they were made under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bots.models import Bot, ExecutionRow, InstrumentRow, OrderRow
from bots.pages.words import why
from bots.services.instruments import instrument_of
from bots.services.journal import Decision
from trading_core.market.instrument import Instrument

Versions = Mapping[tuple[str, int], Instrument]


def versions_of(bot: Bot, rows: Sequence[OrderRow] | Sequence[ExecutionRow]) -> Versions:
    """The contract versions these rows of one bot refer to; one query."""
    wanted = {(row.symbol, row.instrument_version) for row in rows}
    found = InstrumentRow.objects.filter(
        source=bot.source, category=bot.category, symbol__in={symbol for symbol, _ in wanted}
    )
    return {(row.symbol, row.version): instrument_of(row) for row in found}


def order_shape(row: OrderRow, versions: Versions) -> dict[str, Any]:
    """An order for ``OrderOut``."""
    instrument = versions[row.symbol, row.instrument_version]
    names = (
        "link",
        "venue_order_id",
        "symbol",
        "trade",
        "role",
        "leg",
        "side",
        "reduce_only",
        "state",
        "reason",
        "decided_ms",
    )
    return {
        **{name: getattr(row, name) for name in names},
        "price": None if row.ticks is None else instrument.price(row.ticks),
        "qty": instrument.qty(row.lots),
        "filled": instrument.qty(row.filled),
    }


def execution_shape(row: ExecutionRow, versions: Versions) -> dict[str, Any]:
    """An execution for ``ExecutionOut``."""
    instrument = versions[row.symbol, row.instrument_version]
    names = ("exec_id", "exec_type", "symbol", "trade", "role", "leg", "side", "fee", "realised")
    facts = ("is_maker", "time_ms", "sequence")
    return {
        **{name: getattr(row, name) for name in (*names, *facts)},
        "price": instrument.price(row.ticks),
        "qty": instrument.qty(row.lots),
        "notional": instrument.notional_floor(row.ticks * row.lots),
    }


def decision_shape(row: Decision) -> dict[str, Any]:
    """A decision for ``DecisionOut``."""
    return {
        "symbol": row.symbol,
        "close_ms": row.close_ms,
        "code": row.code,
        "sentence": why(row.code, row.details),
        "details": row.details,
    }

"""Instruments as rows: every version a venue ever told, and the latest by symbol."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from ailona.kit import clock
from bots.models import InstrumentRow
from trading_core.errors import InvalidInput
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import RiskTier

log = logging.getLogger(__name__)

_DECIMALS = ("tick_size", "qty_step", "max_leverage")
FRESH_MS = 5_000
CLOSED = "Closed"
"""The status of a contract that is traded no more."""
_versions: dict[tuple[str, str, str, int], Instrument] = {}
_latest: dict[tuple[str, str, str], tuple[int, Instrument]] = {}
"""When it was read (wall clock, ms), and the instrument."""


def definition_of(instrument: Instrument) -> dict[str, Any]:
    """Return the fields of an instrument but for its version, decimals as strings."""
    values = {f.name: getattr(instrument, f.name) for f in fields(instrument) if f.name != "version"}
    tiers = [asdict(tier) for tier in instrument.tiers]
    return values | {name: str(values[name]) for name in _DECIMALS} | {"tiers": tiers}


def instrument_of(row: InstrumentRow) -> Instrument:
    """Return the instrument a row describes."""
    key = (row.source, row.category, row.symbol, row.version)
    if key not in _versions:
        values = dict(row.definition)
        values |= {name: Decimal(values[name]) for name in _DECIMALS}
        values["tiers"] = tuple(RiskTier(**tier) for tier in values.get("tiers", ()))
        _versions[key] = Instrument(**values, version=row.version)
    return _versions[key]


def save_instruments(source: str, instruments: Iterable[Instrument]) -> int:
    """Store what the venue tells of its instruments; return how many versions were new."""
    told = {(i.category, i.symbol): i for i in instruments}
    with transaction.atomic():
        known = _latest_rows(source)
        rows = [
            _row(source, instrument, known.get(key))
            for key, instrument in told.items()
            if key not in known or known[key].definition != definition_of(instrument)
        ]
        InstrumentRow.objects.bulk_create(rows, ignore_conflicts=True)
    _latest.clear()
    return len(rows)


def close_missing(source: str, category: str, told: Iterable[str]) -> list[str]:
    """Store as closed what a venue lists no more; return those symbols.

    ``told`` is the venue's whole list of what is traded: Bybit leaves out contracts that are being
    delisted, unless they are asked for. A list that lacks more than half of
    what is known is not believed.
    """
    listed = set(told)
    with transaction.atomic():
        rows = [row for (kind, _), row in _latest_rows(source).items() if kind == category]
        known = [row for row in rows if row.definition["status"] != CLOSED]
        gone = [row for row in known if row.symbol not in listed]
        if 2 * len(gone) > len(known):
            log.error("%s: %d of %d known contracts are missing: not believed", source, len(gone), len(known))
            return []
        InstrumentRow.objects.bulk_create(
            [_row(source, replace(instrument_of(row), status=CLOSED), row) for row in gone],
            ignore_conflicts=True,
        )
    _latest.clear()
    return sorted(row.symbol for row in gone)


def _latest_rows(source: str) -> dict[tuple[str, str], InstrumentRow]:
    rows = InstrumentRow.objects.filter(source=source).order_by("version")
    return {(row.category, row.symbol): row for row in rows}


def _row(source: str, instrument: Instrument, before: InstrumentRow | None) -> InstrumentRow:
    return InstrumentRow(
        source=source,
        category=instrument.category,
        symbol=instrument.symbol,
        version=before.version + 1 if before else 1,
        definition=definition_of(instrument),
        seen_at=clock.now(),
    )


def latest_instruments(source: str, category: str, symbols: Iterable[str]) -> dict[str, Instrument]:
    """Return the newest version of each of those symbols; symbols the venue never told are absent.

    What was read is good for some seconds: definitions change a few times a year.
    """
    now = clock.wall_ms()
    wanted = {symbol: (source, category, symbol) for symbol in symbols}
    unread = [s for s, key in wanted.items() if key not in _latest or _latest[key][0] < now - FRESH_MS]
    if unread:
        rows = InstrumentRow.objects.filter(source=source, category=category, symbol__in=unread)
        for row in rows.order_by("version"):
            _latest[wanted[row.symbol]] = (now, instrument_of(row))
    return {symbol: _latest[key][1] for symbol, key in wanted.items() if key in _latest}


def latest_instrument(source: str, category: str, symbol: str) -> Instrument:
    """Return the newest version of a symbol; raises ``InvalidInput`` for one nobody knows."""
    found = latest_instruments(source, category, [symbol])
    if symbol not in found:
        raise InvalidInput(symbol, f"expected a {category} symbol of {source}, this one isn't known there")
    return found[symbol]


def forget_instruments() -> None:
    """Drop what was remembered; for tests."""
    _versions.clear()
    _latest.clear()

"""Instruments as rows: every version a venue ever told, and the latest by symbol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from typing import Any

from django.db import transaction

from ailona.kit import clock
from bots.models import InstrumentRow
from trading_core.errors import InvalidInput
from trading_core.market.instrument import Instrument

_DECIMALS = ("tick_size", "qty_step", "max_leverage")
FRESH_MS = 5_000
_versions: dict[tuple[str, str, str, int], Instrument] = {}
_latest: dict[tuple[str, str, str], tuple[int, Instrument]] = {}
"""When it was read (wall clock, ms), and the instrument."""


def definition_of(instrument: Instrument) -> dict[str, Any]:
    """Return the fields of an instrument but for its version, decimals as strings."""
    values = {f.name: getattr(instrument, f.name) for f in fields(instrument) if f.name != "version"}
    return values | {name: str(values[name]) for name in _DECIMALS}


def instrument_of(row: InstrumentRow) -> Instrument:
    """Return the instrument a row describes."""
    key = (row.source, row.category, row.symbol, row.version)
    if key not in _versions:
        values = dict(row.definition)
        values |= {name: Decimal(values[name]) for name in _DECIMALS}
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

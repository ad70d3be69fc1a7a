"""Series by identity: one row each, looked up once per process."""

from __future__ import annotations

from bots.models import Series
from trading_core.market.series import SeriesKey

_ids: dict[SeriesKey, int] = {}


def series_id(key: SeriesKey) -> int:
    """Return the row id of a series, creating the row on first sight."""
    known = find_series_id(key)
    if known is not None:
        return known
    row, _ = Series.objects.get_or_create(
        source=key.source, category=key.category, symbol=key.symbol, timeframe=key.timeframe.value
    )
    return int(row.pk)


def find_series_id(key: SeriesKey) -> int | None:
    """Return the row id of a series, or None if nothing was ever stored for it."""
    if key in _ids:
        return _ids[key]
    found = Series.objects.filter(
        source=key.source, category=key.category, symbol=key.symbol, timeframe=key.timeframe.value
    ).values_list("pk", flat=True)
    for pk in found:
        _ids[key] = int(pk)  # remembered only once read back: a created row may still be rolled back
    return _ids.get(key)


def forget_series() -> None:
    """Drop what was remembered; for tests, where the tables are emptied under a living process."""
    _ids.clear()

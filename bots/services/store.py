"""The candle store: recent base candles as rows, history as Parquet, one reader over both.

A candle is stored once. A venue that tells the same candle differently later is logged, not obeyed.
Series of different sources never mix: the source is part of the key everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from ailona.kit import clock
from bots.models import CandleRevision, CandleRow
from bots.services.series import find_series_id, series_id
from bots.services.tails import CandleCache, candles_of, merged
from trading_core.market import history
from trading_core.market.candle import Candle, Candles
from trading_core.market.resample import resample
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

BASE = Timeframe.M1
Heard = tuple[SeriesKey, Candle]

_FIELDS = ("id", "series_id", "open_time", "open", "high", "low", "close", "volume", "turnover")
_PRICES = ("open", "high", "low", "close", "volume", "turnover")


_written: dict[int, int] = {}
"""By series: the newest candle this process wrote. A feed is the one writer of its series, so nothing
later than that needs to be looked for before it is written."""


def history_root() -> Path:
    """Where the Parquet history lies."""
    return Path(settings.DATA_DIR) / "candles"


def add_closed(key: SeriesKey, candles: Iterable[Candle]) -> int:
    """Store closed candles of one series; return how many were new."""
    return add_heard([(key, candle) for candle in candles])


def add_heard(heard: Sequence[Heard]) -> int:
    """Store closed candles of any series, each once; return how many were new.

    What contradicts a stored candle goes to ``CandleRevision``; the stored one stands.
    """
    if not heard:
        return 0
    with transaction.atomic():
        told = {(series_id(key), candle.open_time): candle for key, candle in heard}
        known = _known([at for at in told if at[1] <= _written.get(at[0], at[1])])
        fresh = [(at, candle) for at, candle in told.items() if at not in known]
        CandleRow.objects.bulk_create([_row(at, c) for at, c in fresh], ignore_conflicts=True, batch_size=500)
        _log_revisions([(at, c) for at, c in told.items() if at in known and _differs(known[at], c)])
    for series, time in told:
        _written[series] = max(time, _written.get(series, 0))
    return len(fresh)


def _known(wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], CandleRow]:
    if not wanted:
        return {}
    times = [time for _, time in wanted]
    rows = CandleRow.objects.filter(
        series_id__in={series for series, _ in wanted}, open_time__gte=min(times), open_time__lte=max(times)
    )
    return {(row.series_id, row.open_time): row for row in rows}


def _row(at: tuple[int, int], candle: Candle) -> CandleRow:
    return CandleRow(series_id=at[0], open_time=at[1], **_values(candle))


def _values(candle: Candle) -> dict[str, float | None]:
    values: dict[str, float | None] = {name: getattr(candle, name) for name in _PRICES}
    if math.isnan(candle.turnover):
        values["turnover"] = None
    return values


def _differs(row: CandleRow, candle: Candle) -> bool:
    return any(getattr(row, name) != value for name, value in _values(candle).items())


def _log_revisions(told: list[tuple[tuple[int, int], Candle]]) -> None:
    for (series, open_time), candle in told:
        heard = _values(candle)
        if not CandleRevision.objects.filter(series_id=series, open_time=open_time, heard=heard).exists():
            CandleRevision.objects.create(
                series_id=series, open_time=open_time, heard=heard, seen_at=clock.now()
            )


def candles(key: SeriesKey, start_ms: int, end_ms: int) -> Candles:
    """Return the closed candles of a series that open in [start_ms, end_ms), gaps left out.

    Any timeframe: a higher one is resampled from the base unless it was imported as such.
    """
    if key.timeframe is not BASE:
        return _higher(key, start_ms, end_ms)
    series = find_series_id(key)
    if series is None:
        return history.read(history_root(), key, start_ms, end_ms)
    return _cache.read(key, series, start_ms, end_ms)


def late_candles(source: str, category: str) -> dict[str, int]:
    """How many candles of each symbol this process has seen come after later ones."""
    return _cache.late(source, category)


def _higher(key: SeriesKey, start_ms: int, end_ms: int) -> Candles:
    step = key.timeframe.ms
    first = start_ms // step * step
    base = candles(key.at(BASE), first, end_ms)
    made = resample(base, BASE, key.timeframe, until_ms=end_ms).between(start_ms, end_ms)
    return merged(made, history.read(history_root(), key, start_ms, end_ms))


def _load(key: SeriesKey, series: int, start_ms: int) -> Candles:
    rows = CandleRow.objects.filter(series_id=series, open_time__gte=start_ms)
    recent = candles_of(list(rows.values_list(*_FIELDS)))
    # History beyond the last row heard is the future of a replayed market: not to be seen yet.
    end_ms = int(recent.open_time[-1]) if len(recent) else None
    return merged(recent, history.read(history_root(), key, start_ms, end_ms))


_cache = CandleCache(_load)


def last_open(key: SeriesKey) -> int | None:
    """Return the open time of the newest row of a series."""
    series = find_series_id(key)
    if series is None:
        return None
    newest = CandleRow.objects.filter(series_id=series).order_by("-open_time")
    return newest.values_list("open_time", flat=True).first()


def span(key: SeriesKey) -> tuple[int, int] | None:
    """Return the first and the last open time that ``candles`` may tell of a base series, or None."""
    series = find_series_id(key)
    stored = history.span(history_root(), key)
    rows = CandleRow.objects.filter(series_id=series) if series is not None else CandleRow.objects.none()
    heard = rows.aggregate(first=Min("open_time"), last=Max("open_time"))
    if heard["first"] is None:
        return stored
    # As in _load: history beyond the last row heard is not to be seen yet.
    return min(int(heard["first"]), stored[0] if stored else int(heard["first"])), int(heard["last"])


def missing(key: SeriesKey, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Return the stretches [start, end) of a series that are not stored."""
    here = candles(key, start_ms, end_ms).open_time
    edges = [start_ms - BASE.ms, *(int(time) for time in here), end_ms]
    return [(one + BASE.ms, other) for one, other in pairwise(edges) if other - one > BASE.ms]


def forget_candles() -> None:
    """Drop the candles held in memory; for tests and after an import."""
    _cache.forget()
    _written.clear()

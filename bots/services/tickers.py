"""Tickers of closes: written once beside the candle, read for the rules.

A row tells what was known when its close was announced, and nothing is ever added to an announced
close: whoever asks later sees what was seen at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from bots.models import TickerRow
from bots.services import store
from bots.services.closes import HeardClose
from bots.services.series import find_series_id, series_id
from trading_core.market.series import SeriesKey
from trading_core.market.tickers import MAX_AGE_MS, Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.model import RuleSet
from trading_core.rules.requirements import frame_start

REACH_MS = max(MAX_AGE_MS.values())
"""How far before a close a figure may have been told and still hold."""
SERIES_MAX = 400
ROWS_SLACK = 2_000
"""Rows kept beyond the longest stretch asked for."""

Values = tuple[int, int, int, float | None, float | None, float | None]
_FIELDS = ("id", "series_id", "time_ms", "funding_rate", "mark", "spread")


def add_heard(heard: Sequence[tuple[SeriesKey, HeardClose]]) -> None:
    """Store the tickers of closes that are not announced yet, each once; part of the caller's transaction."""
    rows = [
        TickerRow(
            series_id=series_id(key),
            time_ms=close.candle.open_time + store.BASE.ms,
            funding_rate=close.ticker.funding_rate,
            mark=close.ticker.mark,
            spread=close.ticker.spread,
        )
        for key, close in heard
        if close.ticker is not None
    ]
    TickerRow.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def tickers_for(
    symbols: Collection[str], source: str, category: str, from_ms: int, to_ms: int
) -> dict[str, Tickers]:
    """Return what was told of each symbol for closes in [from_ms, to_ms]; nothing later, and nothing missing.

    Figures told before ``from_ms`` that may still hold then are among them. A symbol of which nothing
    was ever told is left out.
    """
    known = {}
    for symbol in sorted(symbols):
        series = find_series_id(SeriesKey(source, category, symbol, store.BASE))
        if series is not None:
            known[symbol] = series
    return _cache.read(known, from_ms - REACH_MS, to_ms)


def tickers_of(
    asked: Iterable[tuple[RuleSet, str]], *, source: str, category: str, timeframe: Timeframe, close_ms: int
) -> dict[str, Tickers]:
    """Return what rule-sets need of tickers for their verdicts at a close, each about its symbol."""
    symbols: set[str] = set()
    start_ms = close_ms
    for rules, symbol in asked:
        wanted = ticker_symbols(rules, symbol)
        if wanted:
            symbols |= wanted
            earliest = frame_start(rules, symbol=symbol, timeframe=timeframe, close_ms=close_ms)
            start_ms = min(start_ms, earliest)
    return tickers_for(symbols, source, category, start_ms, close_ms) if symbols else {}


def forget_tickers() -> None:
    """Drop what is held in memory; for tests."""
    _cache.forget()


@dataclass(slots=True)
class _Tail:
    """Everything stored of a series from ``start`` on."""

    start: int
    seen: int
    """Id of the newest row looked at."""
    window: int
    """The longest stretch (ms) anyone asked for."""
    tickers: Tickers

    def holds(self, time_ms: int) -> bool:
        """Whether the row of that time is here; then nothing before it is missing."""
        times = self.tickers.time_ms
        place = int(np.searchsorted(times, time_ms))
        return place < len(times) and int(times[place]) == time_ms

    def add(self, rows: Iterable[Values]) -> None:
        """Take newly stored rows in, in their place in time."""
        fresh = [row for row in rows if row[2] >= self.start]
        if fresh:
            self.tickers = _joined(self.tickers, _tickers_of(fresh))
            keep = self.window // store.BASE.ms + ROWS_SLACK
            if len(self.tickers.time_ms) > keep + ROWS_SLACK:
                self.tickers = _rows(self.tickers, slice(-keep, None))
                self.start = int(self.tickers.time_ms[0])


class _Cache:
    """The recent tickers of the series somebody reads; several threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tails: OrderedDict[int, _Tail] = OrderedDict()

    def read(self, series: dict[str, int], start_ms: int, end_ms: int) -> dict[str, Tickers]:
        """Return the rows of series in [start_ms, end_ms] by name; reads new rows in one query."""
        with self._lock:
            tails = {name: self._tail(pk, start_ms) for name, pk in series.items()}
            for tail in tails.values():
                tail.window = max(tail.window, end_ms - start_ms)
            if not all(tail.holds(end_ms) for tail in tails.values()):
                self._look()
            found = {name: _between(tail.tickers, start_ms, end_ms) for name, tail in tails.items()}
        return {name: tickers for name, tickers in found.items() if len(tickers.time_ms)}

    def forget(self) -> None:
        with self._lock:
            self._tails.clear()

    def _tail(self, series: int, start_ms: int) -> _Tail:
        tail = self._tails.get(series)
        if tail is None or start_ms < tail.start:
            rows: list[Values] = list(
                TickerRow.objects.filter(series_id=series, time_ms__gte=start_ms).values_list(*_FIELDS)
            )
            newest = max((row[0] for row in rows), default=0)
            tail = _Tail(start_ms, newest, tail.window if tail else 0, _tickers_of(rows))
            self._tails[series] = tail
        self._tails.move_to_end(series)
        while len(self._tails) > SERIES_MAX:
            self._tails.popitem(last=False)
        return tail

    def _look(self) -> None:
        """Take in, with one query, what was stored since the last look for every tail."""
        seen = min(tail.seen for tail in self._tails.values())
        new = TickerRow.objects.filter(series_id__in=list(self._tails), id__gt=seen).order_by("id")
        rows: list[Values] = list(new.values_list(*_FIELDS))
        for series, tail in self._tails.items():
            tail.add(row for row in rows if row[1] == series and row[0] > tail.seen)
            tail.seen = max([tail.seen, *(row[0] for row in rows[-1:])])


def _tickers_of(rows: Iterable[Values]) -> Tickers:
    ordered = sorted(rows, key=lambda row: row[2])
    figures = [[np.nan if value is None else value for value in row[3:]] for row in ordered]
    columns = np.array(figures, dtype=np.float64).reshape(len(ordered), 3)
    times = np.array([row[2] for row in ordered], dtype=np.int64)
    return Tickers(times, *(np.ascontiguousarray(column) for column in columns.T))


def _joined(one: Tickers, other: Tickers) -> Tickers:
    columns = [np.concatenate(pair) for pair in zip(_columns(one), _columns(other), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Tickers(*(column[order] for column in columns))


def _between(tickers: Tickers, start_ms: int, end_ms: int) -> Tickers:
    first = int(np.searchsorted(tickers.time_ms, start_ms))
    last = int(np.searchsorted(tickers.time_ms, end_ms, side="right"))
    return _rows(tickers, slice(first, last))


def _rows(tickers: Tickers, part: slice) -> Tickers:
    return Tickers(*(column[part] for column in _columns(tickers)))


def _columns(tickers: Tickers) -> tuple[np.ndarray, ...]:
    return tickers.time_ms, tickers.funding_rate, tickers.mark, tickers.spread


_cache = _Cache()

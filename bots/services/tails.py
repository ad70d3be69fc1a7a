"""The recent end of each series in memory, so that a close doesn't re-read thousands of rows.

Rows of a series are only ever added, and each has a rising id: whatever came since the last look is
``id > seen``, wherever in time it belongs. Several threads share one cache.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from threading import Lock

import numpy as np

from bots.models import CandleRow
from trading_core.market.candle import Candles
from trading_core.market.series import SeriesKey

SERIES_MAX = 400
ROWS_SLACK = 4_000
"""Rows kept beyond the longest window asked for."""

Loader = Callable[[SeriesKey, int, int], Candles]
_FIELDS = ("id", "series_id", "open_time", "open", "high", "low", "close", "volume", "turnover")
Values = tuple[int, int, int, float, float, float, float, float, float | None]


@dataclass(slots=True)
class Tail:
    """Everything stored of a series from ``start`` on."""

    series: int
    start: int
    seen: int
    """Id of the newest row looked at."""
    window: int
    """The longest stretch (ms) anyone asked for."""
    candles: Candles
    late: int = 0
    """Rows that were stored after later ones."""

    def holds(self, start: int, end: int, step: int) -> bool:
        """Whether the stretch is here to its end without a gap, so that no look at the rows is needed.

        What is missing at its beginning was missing when the tail was loaded.
        """
        part = self.candles.between(start, end)
        return len(part) > 0 and len(part) == (end - int(part.open_time[0])) // step

    def add(self, rows: list[Values]) -> None:
        """Take newly stored rows in, in their place in time."""
        fresh = [row for row in rows if row[2] >= self.start]
        if fresh:
            newest = int(self.candles.open_time[-1]) if len(self.candles) else 0
            self.late += sum(row[2] < newest for row in fresh)
            self.candles = merged(self.candles, candles_of(fresh))

    def succeed(self, former: Tail) -> None:
        """Stand in for a shorter tail of the series."""
        self.window, self.late = former.window, former.late
        if len(former.candles):
            same = self.candles.between(former.start, int(former.candles.open_time[-1]) + 1)
            self.late += len(same) - len(former.candles)

    def trim(self, step: int) -> None:
        """Forget what is far behind the longest window."""
        keep = self.window // step + ROWS_SLACK
        if len(self.candles) > keep + ROWS_SLACK:
            self.candles = self.candles.rows(len(self.candles) - keep, len(self.candles))
            self.start = int(self.candles.open_time[0])


def candles_of(rows: list[Values]) -> Candles:
    """Return rows as arrays in the order of time."""
    if not rows:
        return Candles.of([])
    _, _, times, *figures = zip(*sorted(rows, key=itemgetter(2)), strict=True)
    # Without a Candle per row: a month of them is read while a person waits for a preview.
    return Candles(np.array(times, dtype=np.int64), *(np.array(one, dtype=np.float64) for one in figures))


def merged(one: Candles, other: Candles) -> Candles:
    """Return both runs as one; where both have a candle, the first one's stands."""
    if not len(other):
        return one
    if not len(one) or int(other.open_time[0]) > int(one.open_time[-1]):
        return one.then(other)
    fresh = ~np.isin(other.open_time, one.open_time)
    columns = [np.concatenate((a, b[fresh])) for a, b in zip(one.columns(), other.columns(), strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Candles(*(column[order] for column in columns))


class CandleCache:
    """The tails of the series somebody reads."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._lock = Lock()
        self._tails: OrderedDict[SeriesKey, Tail] = OrderedDict()

    def read(self, key: SeriesKey, series: int, start_ms: int, end_ms: int) -> Candles:
        """Return the stored candles that open in [start_ms, end_ms). Only reads: never takes a write lock."""
        step = key.timeframe.ms
        with self._lock:
            tail = self._tail(key, series, start_ms)
            tail.window = max(tail.window, end_ms - start_ms)
            if not tail.holds(start_ms, end_ms, step):
                self._look(key.source)
            tail.trim(step)
            return tail.candles.between(start_ms, end_ms)

    def late(self, source: str, category: str) -> dict[str, int]:
        """How many rows, of each symbol that is held, were stored after later ones."""
        with self._lock:
            return {
                key.symbol: tail.late
                for key, tail in self._tails.items()
                if (key.source, key.category) == (source, category)
            }

    def forget(self) -> None:
        """Drop everything; for tests and after an import."""
        with self._lock:
            self._tails.clear()

    def _tail(self, key: SeriesKey, series: int, start_ms: int) -> Tail:
        tail = self._tails.get(key)
        if tail is None or start_ms < tail.start:
            newest = _newest_id(series)  # before the load: what comes in between is looked at again
            loaded = Tail(series, start_ms, newest, 0, self._load(key, series, start_ms))
            if tail is not None:
                loaded.succeed(tail)
            self._tails[key] = tail = loaded
        self._tails.move_to_end(key)
        while len(self._tails) > SERIES_MAX:
            self._tails.popitem(last=False)
        return tail

    def _look(self, source: str) -> None:
        """Take in, with one query, what was stored since the last look for every tail of a source."""
        tails = {tail.series: tail for key, tail in self._tails.items() if key.source == source}
        seen = min(tail.seen for tail in tails.values())
        rows: list[Values] = list(
            CandleRow.objects.filter(series_id__in=list(tails), id__gt=seen)
            .order_by("id")
            .values_list(*_FIELDS)
        )
        if not rows:
            return
        for series, tail in tails.items():
            tail.add([row for row in rows if row[1] == series and row[0] > tail.seen])
            tail.seen = max(tail.seen, rows[-1][0])


def _newest_id(series: int) -> int:
    newest = (
        CandleRow.objects.filter(series_id=series).order_by("-open_time").values_list("id", flat=True).first()
    )
    return int(newest or 0)

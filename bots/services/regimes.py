"""The market at a glance: every followed symbol with its price, its day, its regime and its ticker.

Worked out once per close and process, when somebody asks first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db.models import OuterRef, Subquery

from bots.models import CandleRow, Series
from bots.services import store
from bots.services.market import market_ms
from bots.services.tickers import tickers_for
from trading_core.indicators.anchor import compute
from trading_core.indicators.catalog import CATALOG
from trading_core.market.candle import Candles, Floats
from trading_core.market.resample import resample
from trading_core.market.series import SeriesKey
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import dense
from trading_core.rules.columns import Evaluation

UP, RANGE, DOWN = 1, 0, -1

WINDOWS: Mapping[Timeframe, Mapping[str, float]] = {
    Timeframe.M15: {"period": 48, "volatility": 96},
    Timeframe.H1: {"period": 48, "volatility": 48},
}
"""Parameters of ``regime``: a trend of half a day and of two; both are known after three days of candles."""
WARM = 150
"""Candles before the first that the average range may remember."""
HISTORY = 500
DAY_MS = Timeframe.D1.ms
LAPSED_MS = DAY_MS
"""A symbol without a candle for so long is followed no more."""


@dataclass(frozen=True, slots=True)
class Regime:
    """What kind of market it is at the last candle that closed; None where there are too few candles."""

    state: int | None
    """1 up-trend, -1 down-trend, 0 range."""
    trend: float | None
    """Signed efficiency, -1 to 1."""
    volatility: float | None
    """Percentile of the average range within its window, 0 to 100."""


@dataclass(frozen=True, slots=True)
class SymbolOverview:
    """One symbol at the market's clock; None where something is not known."""

    symbol: str
    price: float
    """The last close."""
    change_24h_pct: float | None
    turnover_24h: float | None
    """In the quote coin; as the rules say it, so None while a minute of the day is missing."""
    regimes: Mapping[str, Regime]
    """By timeframe: ``15m`` and ``1h``."""
    funding_rate: float | None
    """Percent per funding interval."""
    mark: float | None
    spread: float | None
    """Percent of the middle."""
    last_close_ms: int
    age_ms: int
    """How far the market's clock is past the symbol's last close."""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of closes of one regime."""

    start_ms: int
    """Open of its first candle."""
    end_ms: int
    """Close of its last candle."""
    state: int | None


@dataclass(frozen=True, slots=True)
class Closed:
    """A close with its regime."""

    close_ms: int
    close: float
    state: int | None
    trend: float | None
    volatility: float | None


@dataclass(frozen=True, slots=True)
class SymbolHistory:
    """The last candles of a symbol with the regime at each close."""

    symbol: str
    timeframe: Timeframe
    candles: Candles
    closes: list[Closed]
    """One for each candle."""

    def bands(self) -> list[Band]:
        """The stretches of one regime, rising in time; a gap in the candles ends one."""
        found: list[Band] = []
        for one in self.closes:
            open_ms = one.close_ms - self.timeframe.ms
            if found and found[-1].state == one.state and found[-1].end_ms == open_ms:
                found[-1] = Band(found[-1].start_ms, one.close_ms, one.state)
            else:
                found.append(Band(open_ms, one.close_ms, one.state))
        return found


_overviews: dict[tuple[str, str], tuple[int, list[SymbolOverview]]] = {}
"""By market: the market's clock and what was worked out then."""


def market_overview(source: str, category: str) -> list[SymbolOverview]:
    """Return every followed symbol of a market by name, at its last close that was announced."""
    now_ms = market_ms(source)
    known = _overviews.get((source, category))
    if known is None or known[0] != now_ms:
        symbols = _followed(source, category, now_ms)
        told = tickers_for(symbols, source, category, now_ms, now_ms)
        found = [_overview(SeriesKey(source, category, s, store.BASE), now_ms, told.get(s)) for s in symbols]
        known = _overviews[source, category] = (now_ms, [one for one in found if one is not None])
    return list(known[1])


def symbol_overview(symbol: str, source: str, category: str) -> SymbolOverview | None:
    """Return one symbol of the overview; None if it is not followed."""
    return next((one for one in market_overview(source, category) if one.symbol == symbol), None)


def symbol_history(
    symbol: str, source: str, category: str, *, timeframe: Timeframe = Timeframe.M15, candles: int = HISTORY
) -> SymbolHistory:
    """Return the last candles of a symbol with their regimes; ``timeframe`` is one of ``WINDOWS``."""
    key = SeriesKey(source, category, symbol, store.BASE)
    found, values = _regimes(key, timeframe, market_ms(source), candles)
    closes = [
        Closed(candle.open_time + timeframe.ms, candle.close, *_regime_values(*row))
        for candle, *row in zip(found, *values, strict=True)
    ]
    return SymbolHistory(symbol, timeframe, found, closes)


def _followed(source: str, category: str, now_ms: int) -> list[str]:
    """The symbols of which a candle was heard lately; one query."""
    newest = CandleRow.objects.filter(series=OuterRef("pk")).order_by("-open_time").values("open_time")[:1]
    rows = (
        Series.objects.filter(source=source, category=category, timeframe=store.BASE.value)
        .annotate(last=Subquery(newest))
        .filter(last__gte=now_ms - LAPSED_MS)
    )
    return sorted(rows.values_list("symbol", flat=True))


def _overview(key: SeriesKey, now_ms: int, told: Tickers | None) -> SymbolOverview | None:
    day = store.candles(key, now_ms - DAY_MS - Timeframe.H1.ms, now_ms)
    if not len(day):
        return None
    last_close_ms = int(day.open_time[-1]) + store.BASE.ms
    tickers = {} if told is None else {key.symbol: told}
    evaluation = Evaluation({(key.symbol, store.BASE): day}, tickers)

    def figure(name: str) -> float | None:
        return _number(evaluation.told(key.symbol, name, np.array([now_ms], dtype=np.int64))[0])

    return SymbolOverview(
        symbol=key.symbol,
        price=float(day.close[-1]),
        change_24h_pct=_change(day, now_ms),
        turnover_24h=figure("turnover_24h"),
        regimes={timeframe.value: _regime_now(key, timeframe, now_ms) for timeframe in WINDOWS},
        funding_rate=figure("funding_rate"),
        mark=figure("mark"),
        spread=figure("spread"),
        last_close_ms=last_close_ms,
        age_ms=max(0, now_ms - last_close_ms),
    )


def _change(day: Candles, now_ms: int) -> float | None:
    """Percent since the last close at or before a day ago; None if there is none within the hour before."""
    before = int(np.searchsorted(day.open_time, now_ms - DAY_MS - store.BASE.ms, side="right"))
    if not before:
        return None
    base = float(day.close[before - 1])
    return (float(day.close[-1]) - base) / base * 100.0


_latest: dict[tuple[SeriesKey, Timeframe], tuple[int, Regime]] = {}
"""By series: the close asked about and its regime; it changes only when a candle closes."""


def _regime_now(key: SeriesKey, timeframe: Timeframe, now_ms: int) -> Regime:
    close_ms = now_ms // timeframe.ms * timeframe.ms
    known = _latest.get((key, timeframe))
    if known is None or known[0] != close_ms:
        _, values = _regimes(key, timeframe, close_ms, 1)
        last = [float(column[-1]) if len(column) else math.nan for column in values]
        known = _latest[key, timeframe] = (close_ms, Regime(*_regime_values(*last)))
    return known[1]


def _regimes(
    key: SeriesKey, timeframe: Timeframe, until_ms: int, count: int
) -> tuple[Candles, tuple[Floats, ...]]:
    """The last ``count`` candles that closed by then, and state, trend and volatility at each.

    State and trend are those the rules find; the average range behind the volatility remembers no
    further back than ``WARM`` candles before the window.
    """
    indicator, params = CATALOG["regime"], WINDOWS[timeframe]
    end_ms = until_ms // timeframe.ms * timeframe.ms
    start_ms = max(0, end_ms - (count + indicator.warmup(params) + WARM) * timeframe.ms)
    base = store.candles(key, start_ms, end_ms)
    candles = resample(base, store.BASE, timeframe, until_ms=end_ms)
    if not len(candles):
        return candles, (candles.close,) * 3
    frame = dense(candles, timeframe)
    inputs = (frame.candles.high, frame.candles.low, frame.candles.close)
    values = compute(indicator, params, inputs, first=frame.first, timeframe=timeframe)
    if frame.present is not None:
        values = tuple(column[frame.present] for column in values)
    first = max(0, len(candles) - count)
    return candles.rows(first, len(candles)), tuple(column[first:] for column in values)


def _regime_values(
    state: float, trend: float, volatility: float
) -> tuple[int | None, float | None, float | None]:
    return None if math.isnan(state) else int(state), _number(trend), _number(volatility)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def forget_regimes() -> None:
    """Drop what is held in memory; for tests."""
    _latest.clear()
    _overviews.clear()

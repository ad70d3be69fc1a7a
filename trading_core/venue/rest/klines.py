"""Candles by REST: last, mark, index and premium prices."""

from __future__ import annotations

from trading_core.market.candle import Candle, Candles
from trading_core.venue.candles import (
    INTERVALS,
    interval_after,
    interval_start,
    known_candles,
    resampled,
    row,
)
from trading_core.venue.hub import Venue
from trading_core.venue.marking import LOOK_BACK_MS, price_candles
from trading_core.venue.rest.market import SERVED, category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

_KLINE_MAX = 1_000


def kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/kline."""
    return _kline(venue, request, columns=7)


def mark_kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/mark-price-kline."""
    return _kline(venue, request, columns=5, kind="mark")


def index_kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/index-price-kline."""
    return _kline(venue, request, columns=5, kind="index")


def premium_kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/premium-index-price-kline: how far the mark is from the index, as a share of it."""
    marks, indexes = (_kline(venue, request, columns=5, kind=kind) for kind in ("mark", "index"))
    pairs = zip(marks.result["list"], indexes.result["list"], strict=True)
    marks.result["list"] = [
        [mark[0], *(f"{float(m) / float(i) - 1:.8f}" for m, i in zip(mark[1:], index[1:], strict=True))]
        for mark, index in pairs
    ]
    return marks


def _kline(venue: Venue, request: Request, *, columns: int, kind: str = "last") -> Reply:
    name = category(request, "linear")
    symbol = known_symbol(venue, request)
    minutes = INTERVALS.get(request.required("interval"))
    if minutes is None:
        raise ApiError(PARAMETER, "params error: Invalid period!")
    rows = _rows(venue, request, symbol, minutes, kind) if name in SERVED else []
    listed = [row(candle)[:columns] for candle in reversed(rows)]
    return Reply({"symbol": symbol, "category": name, "list": listed})


def _priced(venue: Venue, symbol: str, candles: Candles, kind: str) -> Candles:
    """Candles of the price that was asked for; in lock-step there is only the last one."""
    if kind == "last" or venue.exchange.marks is None or not len(candles):
        return candles
    first = int(candles.open_time[0])
    before = known_candles(venue.exchange, symbol, first - LOOK_BACK_MS, first)
    return price_candles(venue.exchange.source, symbol, candles, before, kind)


def _rows(venue: Venue, request: Request, symbol: str, minutes: int, kind: str) -> list[Candle]:
    """Candles oldest first: ``limit`` from the start if only that is given, else up to the end."""
    limit = request.limit(default=200, most=_KLINE_MAX)
    now = venue.exchange.clock_ms
    start, end = request.integer("start", 0), request.integer("end", 0)
    last = interval_start(min(end or now, now), minutes)
    first = 0
    if start:
        first = interval_after(interval_start(start - 1, minutes), minutes)
        if not end:
            last = min(last, interval_after(first, minutes, limit - 1))
    first = max(first, interval_after(last, minutes, 1 - limit))
    closed = known_candles(venue.exchange, symbol, first, interval_after(last, minutes))
    forming = None if venue.pacer is None else venue.pacer.forming(symbol)
    if forming is not None and first <= interval_start(forming.open_time, minutes) <= last:
        closed = closed.then(Candles.of([forming]))
    return resampled(_priced(venue, symbol, closed, kind), minutes)[-limit:]

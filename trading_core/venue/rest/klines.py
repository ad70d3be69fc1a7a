"""Candles by REST: last, mark, index and premium prices."""

from __future__ import annotations

from trading_core.market.candle import Candle
from trading_core.venue.candles import (
    INTERVALS,
    interval_after,
    interval_start,
    known_candles,
    resampled,
    row,
)
from trading_core.venue.hub import Venue
from trading_core.venue.rest.market import SERVED, category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

_KLINE_MAX = 1_000


def kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/kline."""
    return _kline(venue, request, columns=7)


def price_kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/mark-price-kline and index-price-kline: the last price is used for both."""
    return _kline(venue, request, columns=5)


def premium_kline(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/premium-index-price-kline: mark and index are the same here."""
    reply = _kline(venue, request, columns=5)
    reply.result["list"] = [[line[0], "0", "0", "0", "0"] for line in reply.result["list"]]
    return reply


def _kline(venue: Venue, request: Request, *, columns: int) -> Reply:
    name = category(request, "linear")
    symbol = known_symbol(venue, request)
    minutes = INTERVALS.get(request.required("interval"))
    if minutes is None:
        raise ApiError(PARAMETER, "params error: Invalid period!")
    rows = _rows(venue, request, symbol, minutes) if name in SERVED else []
    listed = [row(candle)[:columns] for candle in reversed(rows)]
    return Reply({"symbol": symbol, "category": name, "list": listed})


def _rows(venue: Venue, request: Request, symbol: str, minutes: int) -> list[Candle]:
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
    rows = resampled(closed, minutes)
    forming = None if venue.pacer is None else venue.pacer.forming(symbol)
    if forming is not None and first <= interval_start(forming.open_time, minutes) <= last:
        whole = venue.public.form(symbol, forming, minutes)
        rows = [candle for candle in rows if candle.open_time != whole.open_time]
        rows.append(whole)
    return rows[-limit:]

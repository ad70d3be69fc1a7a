"""Historical volatility of a coin, from this market's own candles."""

from __future__ import annotations

import math

import numpy as np

from trading_core.venue.candles import known_candles
from trading_core.venue.hub import Venue
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.rest.market import category
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

PERIODS = (7, 14, 21, 30, 60, 90, 180, 270)
"""Days."""
_HOUR_MS = 60 * MINUTE_MS
_HOURS_A_YEAR = 24 * 365
_SPAN_MAX_MS = 30 * 24 * _HOUR_MS


def historical_volatility(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/historical-volatility: hourly values; those without enough history are absent.

    Standard deviation of hourly logarithmic returns over the period, as of a year. The documentation
    names no formula, and puts the category beside the result.
    """
    if category(request) != "option":
        raise ApiError(PARAMETER, "params error: Category is invalid")
    base, period = request.text("baseCoin", "BTC"), request.integer("period", PERIODS[0])
    if period not in PERIODS:
        raise ApiError(PARAMETER, "params error: period invalid")
    last = venue.exchange.clock_ms // _HOUR_MS * _HOUR_MS
    first, last = _span(request, last)
    listed = venue.exchange.source.instruments
    symbol = next((s for s in sorted(listed) if listed[s].base_coin == base), None)
    rows = [] if symbol is None else _rows(venue, symbol, first, last, period)
    return Reply(rows, "SUCCESS", beside={"category": "option"})


def _span(request: Request, last: int) -> tuple[int, int]:
    """First and last hour asked for."""
    start, end = request.integer("startTime", 0), request.integer("endTime", 0)
    if not start and not end:
        return last, last
    if not (start and end and 0 <= end - start <= _SPAN_MAX_MS):
        raise ApiError(PARAMETER, "params error: startTime and endTime come together, up to 30 days apart")
    return -(-start // _HOUR_MS) * _HOUR_MS, min(end // _HOUR_MS * _HOUR_MS, last)


def _rows(venue: Venue, symbol: str, first: int, last: int, period: int) -> list[dict[str, object]]:
    hours = period * 24
    candles = known_candles(venue.exchange, symbol, first - hours * _HOUR_MS - MINUTE_MS, last)
    on_hour = (candles.open_time + MINUTE_MS) % _HOUR_MS == 0
    times, closes = candles.open_time[on_hour] + MINUTE_MS, candles.close[on_hour]
    returns = np.diff(np.log(closes))
    return [
        {
            "period": period,
            "value": f"{float(np.std(returns[at - hours : at])) * math.sqrt(_HOURS_A_YEAR):.8f}",
            "time": str(int(times[at])),
        }
        for at in range(len(closes) - 1, hours - 1, -1)
        if first <= int(times[at]) <= last
    ]

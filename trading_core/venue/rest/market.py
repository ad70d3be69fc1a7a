"""Public market data."""

from __future__ import annotations

from typing import Any

from trading_core.market.candle import Candle
from trading_core.money import PPM
from trading_core.venue.candles import INTERVALS, interval_start, known_candles, resampled, row
from trading_core.venue.clock import wall_ms, wall_ns
from trading_core.venue.hub import Venue
from trading_core.venue.instruments import as_payload
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

CATEGORIES = ("spot", "linear", "inverse", "option")
_KLINE_MAX = 1_000
_RISK_PAGE = 15


def category(request: Request, default: str = "") -> str:
    """The category, one of Bybit's four."""
    name = request.text("category", default)
    if name not in CATEGORIES:
        raise ApiError(PARAMETER, "params error: Category is invalid")
    return name


def known_symbol(venue: Venue, request: Request, *, required: bool = True) -> str:
    """A listed linear symbol; empty if none was given and none is needed."""
    symbol = request.required("symbol") if required else request.text("symbol")
    if symbol and symbol not in venue.exchange.source.instruments:
        raise ApiError(PARAMETER, "params error: symbol invalid")
    return symbol


def server_time(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/market/time."""
    now = wall_ns()
    return Reply({"timeSecond": str(now // 10**9), "timeNano": str(now)})


def instruments_info(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/instruments-info."""
    name = category(request)
    listed = venue.exchange.source.instruments
    symbol, base = request.text("symbol"), request.text("baseCoin")
    status = request.text("status", "Trading")
    fitting = [
        listed[s]
        for s in sorted(listed)
        if name == "linear"
        and status == "Trading"
        and symbol in ("", s)
        and base in ("", listed[s].base_coin)
    ]
    if symbol and not fitting and name == "linear":
        raise ApiError(PARAMETER, "params error: symbol invalid")
    start = request.integer("cursor", 0)
    limit = request.limit(default=500, most=1_000)
    following = start + limit
    cursor = str(following) if following < len(fitting) else ""
    shown = [as_payload(instrument) for instrument in fitting[start:following]]
    return Reply({"category": name, "list": shown, "nextPageCursor": cursor})


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
    rows = _rows(venue, request, symbol, minutes) if name == "linear" else []
    listed = [row(candle)[:columns] for candle in reversed(rows)]
    return Reply({"symbol": symbol, "category": name, "list": listed})


def _rows(venue: Venue, request: Request, symbol: str, minutes: int) -> list[Candle]:
    """Candles oldest first: ``limit`` from the start if only that is given, else up to the end."""
    limit = request.limit(default=200, most=_KLINE_MAX)
    length = minutes * MINUTE_MS
    now = venue.exchange.clock_ms
    start, end = request.integer("start", 0), request.integer("end", 0)
    last = interval_start(min(end or now, now), minutes)
    if start and not end:
        last = min(last, interval_start(start - 1, minutes) + limit * length)
    first = max(interval_start(start - 1, minutes) + length if start else 0, last - (limit - 1) * length)
    if start and end:
        last = min(last, first + (limit - 1) * length)
    closed = known_candles(venue.exchange, symbol, first, last + length)
    rows = resampled(closed, minutes)
    forming = None if venue.pacer is None else venue.pacer.forming(symbol)
    if forming is not None and first <= interval_start(forming.open_time, minutes) <= last:
        whole = venue.public.form(symbol, forming, minutes)
        rows = [candle for candle in rows if candle.open_time != whole.open_time]
        rows.append(whole)
    return rows[-limit:]


def tickers(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/tickers."""
    name = category(request)
    symbol = known_symbol(venue, request, required=False) if name == "linear" else ""
    symbols = [symbol] if symbol else sorted(venue.exchange.quotes)
    board = venue.public.board
    return Reply({"category": name, "list": [board.ticker(s) for s in symbols] if name == "linear" else []})


def orderbook(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/orderbook."""
    category(request)
    symbol = known_symbol(venue, request)
    levels = venue.public.board.levels(symbol, request.limit(default=25, most=1_000))
    now = wall_ms()
    sides = {side: [list(level) for level in levels[side].items()] for side in ("b", "a")}
    return Reply({"s": symbol, **sides, "ts": now, "u": now % 10**9, "seq": now, "cts": now})


def recent_trade(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/recent-trade."""
    name = category(request)
    symbol = known_symbol(venue, request)
    trades = venue.public.board.recent(symbol, request.limit(default=500, most=1_000))
    return Reply({"category": name, "list": trades})


def funding_history(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/funding/history."""
    name, symbol = category(request), known_symbol(venue, request)
    start, end = request.integer("startTime", 0), request.integer("endTime", 0)
    if start and not end:
        raise ApiError(PARAMETER, "params error: endTime is required with startTime")
    interval = venue.exchange.source.instruments[symbol].funding_interval_min * MINUTE_MS
    at = min(end or venue.exchange.clock_ms, venue.exchange.clock_ms) // interval * interval
    earliest = venue.exchange.source.start_ms - 30 * 86_400_000
    rows: list[dict[str, Any]] = []
    limit = request.limit(default=200, most=200)
    while at >= max(start, earliest) and len(rows) < limit:
        rate = venue.exchange.source.funding_rate_e8(symbol, at)
        rows.append({"symbol": symbol, "fundingRate": f"{rate / 10**8:.8f}", "fundingRateTimestamp": str(at)})
        at -= interval
    return Reply({"category": name, "list": rows})


def risk_limit(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/risk-limit: one tier per symbol."""
    name = category(request)
    symbol = known_symbol(venue, request, required=False)
    symbols = [symbol] if symbol else sorted(venue.exchange.source.instruments)
    start = request.integer("cursor", 0)
    shown = symbols[start : start + _RISK_PAGE]
    cursor = str(start + _RISK_PAGE) if start + _RISK_PAGE < len(symbols) else ""
    tiers = [_tier(venue, s) for s in shown] if name == "linear" else []
    return Reply({"category": name, "list": tiers, "nextPageCursor": cursor})


def _tier(venue: Venue, symbol: str) -> dict[str, Any]:
    instrument = venue.exchange.source.instruments[symbol]
    return {
        "id": 1, "symbol": symbol, "riskLimitValue": "2000000",
        "maintenanceMargin": f"{instrument.maintenance_ppm / PPM:g}",
        "initialMargin": f"{float(1 / instrument.max_leverage):g}", "isLowestRisk": 1,
        "maxLeverage": f"{instrument.max_leverage:.2f}", "mmDeduction": "",
    }  # fmt: skip


def price_limit(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/price-limit."""
    symbol = known_symbol(venue, request)
    instrument = venue.exchange.source.instruments[symbol]
    last = venue.public.board.last(symbol)
    buy, sell = (f"{instrument.price(ticks):f}" for ticks in (last * 105 // 100, last * 95 // 100))
    return Reply({"symbol": symbol, "buyLmt": buy, "sellLmt": sell, "ts": str(wall_ms())})


def open_interest(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/open-interest: a simulated market has none."""
    return Reply({"symbol": known_symbol(venue, request), "category": category(request), "list": [],
                  "nextPageCursor": ""})  # fmt: skip


def system_status(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/system/status: no maintenance."""
    return Reply({"list": []})

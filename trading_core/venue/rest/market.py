"""Public market data."""

from __future__ import annotations

from typing import Any

from trading_core.venue.clock import wall_ms, wall_ns
from trading_core.venue.hub import Venue
from trading_core.venue.instruments import tiers_payload
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

CATEGORIES = ("spot", "linear", "inverse", "option")
SERVED = ("linear", "spot")
"""Categories with a market: the spot pairs trade at the prices of the perpetuals."""
_SPOT_TRADES_MAX = 60
_RISK_PAGE = 15


def category(request: Request, default: str = "") -> str:
    """The category, one of Bybit's four."""
    name = request.text("category", default)
    if name not in CATEGORIES:
        raise ApiError(PARAMETER, "params error: Category is invalid")
    return name


def known_symbol(venue: Venue, request: Request, *, required: bool = True) -> str:
    """A listed symbol; empty if none was given and none is needed."""
    symbol = request.required("symbol") if required else request.text("symbol")
    if symbol and symbol not in venue.exchange.source.instruments:
        raise ApiError(PARAMETER, "params error: symbol invalid")
    return symbol


def page_start(request: Request) -> int:
    """Where a page begins; raise ApiError for a cursor that was never given out."""
    start = request.integer("cursor", 0)
    if start < 0:
        raise ApiError(PARAMETER, "params error: cursor invalid")
    return start


def server_time(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/market/time."""
    now = wall_ns()
    return Reply({"timeSecond": str(now // 10**9), "timeNano": str(now)})


def tickers(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/tickers."""
    name = category(request)
    if name not in SERVED:
        return Reply({"category": name, "list": []})
    symbol = known_symbol(venue, request, required=False)
    symbols = [symbol] if symbol else sorted(venue.exchange.quotes)
    board = venue.public.board
    told = board.spot_ticker if name == "spot" else board.ticker
    return Reply({"category": name, "list": [told(s) for s in symbols]})


def orderbook(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/orderbook."""
    default = 1 if category(request) == "spot" else 25
    symbol = known_symbol(venue, request)
    levels = venue.public.board.levels(symbol, request.limit(default=default, most=1_000))
    now = wall_ms()
    sides = {side: [list(level) for level in levels[side].items()] for side in ("b", "a")}
    return Reply({"s": symbol, **sides, "ts": now, "u": now % 10**9, "seq": now, "cts": now})


def recent_trade(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/recent-trade."""
    name = category(request)
    symbol = known_symbol(venue, request)
    default, most = (_SPOT_TRADES_MAX, _SPOT_TRADES_MAX) if name == "spot" else (500, 1_000)
    trades = venue.public.board.recent(symbol, request.limit(default=default, most=most))
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
    """GET /v5/market/risk-limit: every tier of a symbol, or of 15 symbols a page."""
    name = category(request)
    symbol = known_symbol(venue, request, required=False)
    listed = venue.exchange.source.instruments
    symbols = [symbol] if symbol else sorted(listed)
    start = page_start(request)
    shown = symbols[start : start + _RISK_PAGE]
    cursor = str(start + _RISK_PAGE) if start + _RISK_PAGE < len(symbols) else ""
    rows = [row for s in shown for row in tiers_payload(listed[s])] if name == "linear" else []
    return Reply({"category": name, "list": rows, "nextPageCursor": cursor})


def price_limit(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/price-limit."""
    symbol = known_symbol(venue, request)
    return Reply({**venue.public.board.price_limits(symbol), "ts": str(wall_ms())})


def open_interest(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/open-interest: a simulated market has none."""
    return Reply({"symbol": known_symbol(venue, request), "category": category(request), "list": [],
                  "nextPageCursor": ""})  # fmt: skip


def system_status(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/system/status: no maintenance."""
    return Reply({"list": []})


def account_ratio(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/account-ratio: the crowd of a simulated market holds nothing."""
    category(request)
    known_symbol(venue, request)
    return Reply({"list": [], "nextPageCursor": ""})


def insurance(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/market/insurance: no pool."""
    return Reply({"updatedTime": str(wall_ms()), "list": []})


def delivery_price(_venue: Venue, request: Request) -> Reply:
    """GET /v5/market/delivery-price: perpetuals are never delivered."""
    return Reply({"category": category(request), "list": [], "nextPageCursor": ""})


def announcements(_venue: Venue, _request: Request) -> Reply:
    """GET /v5/announcements/index: nothing is announced."""
    return Reply({"total": 0, "list": []})

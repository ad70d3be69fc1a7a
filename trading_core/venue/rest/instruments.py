"""Contracts and pairs: those of the market, and those an account may trade, which are the same here."""

from __future__ import annotations

from typing import Any

from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.instruments import as_payload, as_spot_payload
from trading_core.venue.rest.market import SERVED, category, page_start
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request


def instruments_info(venue: Venue, request: Request) -> Reply:
    """GET /v5/market/instruments-info."""
    return _page(venue, request, default=500, most=1_000, more={})


def account_instruments(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/account/instruments-info: nobody may place RPI orders."""
    return _page(venue, request, default=200, most=200, more={"isPublicRpi": False, "myRpiPermission": False})


def _page(venue: Venue, request: Request, *, default: int, most: int, more: dict[str, Any]) -> Reply:
    name = category(request)
    listed = venue.exchange.source.instruments
    symbol, base = request.text("symbol"), request.text("baseCoin")
    status = request.text("status", "Trading")
    if symbol and symbol not in listed and name in SERVED:
        raise ApiError(PARAMETER, "params error: symbol invalid")
    fitting = [
        listed[s]
        for s in sorted(listed)
        if name in SERVED and status == "Trading" and symbol in ("", s) and base in ("", listed[s].base_coin)
    ]
    if name == "spot":  # told whole: spot has no pages
        pairs = [as_spot_payload(venue.exchange.spot[one.symbol]) | more for one in fitting]
        return Reply({"category": name, "list": pairs})
    start = page_start(request)
    following = start + request.limit(default=default, most=most)
    cursor = str(following) if following < len(fitting) else ""
    shown = [as_payload(instrument) | more for instrument in fitting[start:following]]
    return Reply({"category": name, "list": shown, "nextPageCursor": cursor})

"""Positions: list, leverage, mode, protective stop."""

from __future__ import annotations

from trading_core.money import PPM
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import position_payload
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.orders import linear_symbol, refuse_unserved, stop_ticks
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

MODE_UNCHANGED = 110025
MODE_UNSUPPORTED = 110029
HEDGE = 3


def positions(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/list: with a symbol also when flat."""
    name = category(request)
    symbol, settle = request.text("symbol"), request.text("settleCoin")
    if name == "linear" and not (symbol or settle):
        raise ApiError(PARAMETER, "params error: symbol or settleCoin must be filled in")
    if symbol and name == "linear":
        symbols = [known_symbol(venue, request)]
    elif name == "linear" and settle == "USDT":
        symbols = sorted(account.sim.positions)
    else:
        symbols = []
    listed = [_position(account, s) for s in symbols]
    return Reply({"list": listed, "nextPageCursor": "", "category": name})


def _position(account: VenueAccount, symbol: str) -> dict[str, object]:
    book = account.sim.ledger.book(symbol)
    seq = account.sim.ledger.sequence
    return position_payload(account, symbol, book.position, book.stop_ticks, seq=seq, pushed=False)


def set_leverage(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/set-leverage."""
    symbol = linear_symbol(venue, request)
    buy, sell = request.decimal("buyLeverage"), request.decimal("sellLeverage")
    if buy != sell:
        raise ApiError(PARAMETER, "buy leverage not equal sell leverage")
    outcome = venue.command(account, "leverage", symbol, ppm=int(buy * PPM))
    return Reply({}, outcomes=[outcome])


def switch_mode(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/switch-mode: one-way is the only mode; by coin that is no news, by symbol 110025."""
    category(request)
    if request.integer("mode", 0) == HEDGE:
        raise ApiError(MODE_UNSUPPORTED, "Hedge mode is not served by this venue")
    if request.text("symbol"):
        known_symbol(venue, request)
        raise ApiError(MODE_UNCHANGED, "Position mode is not modified")
    request.required("coin")
    return Reply({})


def trading_stop(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/trading-stop: the protective stop of the whole position."""
    symbol = linear_symbol(venue, request)
    if request.integer("positionIdx", 0) != 0:
        raise ApiError(PARAMETER, "position idx not match position mode")
    for name in ("takeProfit", "trailingStop", "activePrice"):
        refuse_unserved(request, name)
    if request.text("tpslMode", "Full") != "Full":
        raise ApiError(PARAMETER, "params error: tpslMode is not served by this venue")
    if not request.text("stopLoss"):
        raise SimRefused(Refusal.STOP_UNCHANGED)
    stop = stop_ticks(request, venue.exchange.source.instruments[symbol])
    outcome = venue.command(account, "stop", symbol, stop=stop)
    return Reply({}, outcomes=[outcome])

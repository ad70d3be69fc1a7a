"""Positions: list, leverage, protection, closed profit and loss."""

from __future__ import annotations

from trading_core.money import PPM
from trading_core.simulator.matching import position_changed
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import leverage_text, position_payload
from trading_core.venue.rest.intake import (
    changes,
    full_mode,
    linear_symbol,
    one_way,
    protection,
    refuse_unserved,
)
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.paging import page, time_window
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.statements import closed_payload

_PROTECTION = {"stopLoss": "stop", "takeProfit": "target", "trailingStop": "trailing"}


def positions(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/list: with a symbol also when flat."""
    name = category(request)
    symbol, settle = request.text("symbol"), request.text("settleCoin")
    if name == "linear" and not (symbol or settle):
        raise ApiError(PARAMETER, "params error: symbol or settleCoin must be filled in")
    if name != "linear":
        return Reply({"list": [], "nextPageCursor": "", "category": name})
    if symbol:
        found = [known_symbol(venue, request)]
    else:
        listed = venue.exchange.source.instruments
        found = sorted(s for s in account.sim.positions if listed[s].settle_coin == settle)
    ranks = {s: len(found) - index for index, s in enumerate(found)}
    shown, cursor = page(found, request, number=ranks.__getitem__, default=20, most=200)
    rows = [_position(account, s) for s in shown]
    return Reply({"list": rows, "nextPageCursor": cursor, "category": name})


def _position(account: VenueAccount, symbol: str) -> dict[str, object]:
    ledger = account.sim.ledger
    return position_payload(account, position_changed(ledger, ledger.book(symbol)), pushed=False)


def symbol_info(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/symbol-info: leverage, also of symbols without a position."""
    name = category(request)
    chosen = known_symbol(venue, request, required=False)
    symbols = [chosen] if chosen else sorted(venue.exchange.source.instruments)
    rows = [
        {"symbol": s, "leverage": leverage_text(account.sim.ledger.book(s)), "side": "", "positionIdx": 0}
        for s in (symbols if name == "linear" else [])
    ]
    return Reply({"category": name, "list": rows})


def set_leverage(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/set-leverage."""
    symbol = linear_symbol(venue, request)
    buy, sell = request.decimal("buyLeverage"), request.decimal("sellLeverage")
    if buy != sell:
        raise ApiError(PARAMETER, "buy leverage not equal sell leverage")
    outcome = venue.command(account, "leverage", symbol, ppm=int(buy * PPM))
    return Reply({}, outcomes=[outcome])


def trading_stop(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/trading-stop: stop, target and trailing stop of the whole position; "0" clears."""
    symbol = linear_symbol(venue, request)
    one_way(request)
    refuse_unserved(request)
    full_mode(request)
    instrument = venue.exchange.source.instruments[symbol]
    given = changes(request, instrument, _PROTECTION)
    active = protection(request, "activePrice", instrument)
    standing = account.sim.ledger.book(symbol).trailing
    if active is not None and "trailing" not in given and standing is not None:
        given["trailing"] = standing.distance
    if not given:
        raise SimRefused(Refusal.STOP_UNCHANGED)
    outcome = venue.command(account, "protect", symbol, set=given, active=active or None)
    return Reply({}, outcomes=[outcome])


def closed_pnl(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/closed-pnl: one row for each order that closed something."""
    name = category(request)
    symbol = request.text("symbol")
    start, end = time_window(request, now_ms=venue.exchange.clock_ms)
    found = [
        trade
        for trade in account.closed.trades.values()
        if name == "linear" and start <= trade.updated_ms <= end and symbol in ("", trade.order.symbol)
    ]
    shown, cursor = page(found, request, number=lambda t: t.sequence, default=50, most=100)
    rows = [closed_payload(account, trade) for trade in shown]
    return Reply({"category": name, "list": rows, "nextPageCursor": cursor})

"""Positions: list, leverage, protection, closed profit and loss."""

from __future__ import annotations

from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.simulator.book import book_key, parts_of
from trading_core.simulator.matching import position_changed
from trading_core.simulator.position_mode import indexes
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import leverage_text, position_payload
from trading_core.venue.rest.intake import (
    attached,
    changes,
    exact_lots,
    linear_symbol,
    position_index,
    protection,
    refuse_unserved,
)
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.paging import page, time_window
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.statements import closed_payload

_SIDES = ("", "Buy", "Sell")
"""Of a symbol's settings, by index of the position."""
_PROTECTION = {"stopLoss": "stop", "takeProfit": "target", "trailingStop": "trailing"}


def positions(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/list: with a symbol also when flat, in hedge mode both sides."""
    name = category(request)
    symbol, settle = request.text("symbol"), request.text("settleCoin")
    if name == "linear" and not (symbol or settle):
        raise ApiError(PARAMETER, "params error: symbol or settleCoin must be filled in")
    if name != "linear":
        return Reply({"list": [], "nextPageCursor": "", "category": name})
    if symbol:
        found = _keys(account, known_symbol(venue, request))
    else:
        listed = venue.exchange.source.instruments
        found = sorted(key for key in account.sim.positions if listed[parts_of(key)[0]].settle_coin == settle)
    ranks = {s: len(found) - index for index, s in enumerate(found)}
    shown, cursor = page(found, request, number=ranks.__getitem__, default=20, most=200)
    rows = [_position(account, s) for s in shown]
    return Reply({"list": rows, "nextPageCursor": cursor, "category": name})


def _keys(account: VenueAccount, symbol: str) -> list[str]:
    return [book_key(symbol, index) for index in indexes(account.sim.ledger, symbol)]


def _position(account: VenueAccount, key: str) -> dict[str, object]:
    ledger = account.sim.ledger
    return position_payload(account, position_changed(ledger, ledger.book(key)), pushed=False)


def symbol_info(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/position/symbol-info: leverage, also of symbols without a position."""
    name = category(request)
    chosen = known_symbol(venue, request, required=False)
    symbols = [chosen] if chosen else sorted(venue.exchange.source.instruments)
    ledger = account.sim.ledger
    rows = [
        {"symbol": s, "leverage": leverage_text(ledger.book(key)), "side": _SIDES[parts_of(key)[1]],
         "positionIdx": parts_of(key)[1]}
        for s in (symbols if name == "linear" else [])
        for key in _keys(account, s)
    ]  # fmt: skip
    return Reply({"category": name, "list": rows})


def set_leverage(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/set-leverage: of both sides alike, unless hedge mode meets isolated margin."""
    symbol = linear_symbol(venue, request)
    buy, sell = request.decimal("buyLeverage"), request.decimal("sellLeverage")
    ledger = account.sim.ledger
    if buy != sell and (ledger.is_cross or not ledger.is_hedged(symbol)):
        raise ApiError(PARAMETER, "buy leverage not equal sell leverage")
    values = {"ppm": int(buy * PPM)}
    if ledger.is_hedged(symbol):
        values["short_ppm"] = int(sell * PPM)
    return Reply({}, outcomes=[venue.command(account, "leverage", symbol, **values)])


def trading_stop(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/trading-stop: of the whole position, or of a part of it; "0" clears the first."""
    symbol = linear_symbol(venue, request)
    index = position_index(request, account, symbol)
    refuse_unserved(request)
    instrument = venue.exchange.source.instruments[symbol]
    made = attached(request, instrument)
    given = changes(request, instrument, _PROTECTION)
    if made is not None and made["partial"]:
        values = _partial(request, instrument, given)
        return Reply(
            {}, outcomes=[venue.command(account, "partial", symbol, **values, attached=made, index=index)]
        )
    active = protection(request, "activePrice", instrument)
    standing = account.sim.ledger.book(book_key(symbol, index)).trailing
    if active is not None and "trailing" not in given and standing is not None:
        given["trailing"] = standing.distance
    if not given:
        raise SimRefused(Refusal.STOP_UNCHANGED)
    by = {name: made[name] for name in ("stop_by", "target_by")} if made is not None else {}
    outcome = venue.command(account, "protect", symbol, set=given, active=active or None, by=by, index=index)
    return Reply({}, outcomes=[outcome])


def _partial(request: Request, instrument: Instrument, given: dict[str, int | None]) -> dict[str, int | None]:
    """Stop and target of a part of the position; both are for the same quantity."""
    if "trailing" in given or request.text("activePrice"):
        raise ApiError(PARAMETER, "params error: trailingStop is set with tpslMode Full")
    if not given:
        raise SimRefused(Refusal.STOP_UNCHANGED)
    if None in given.values():
        raise ApiError(
            PARAMETER, "params error: a partial takeProfit or stopLoss is cancelled by its order id"
        )
    names = {"target": "tpSize", "stop": "slSize"}
    sizes = {exact_lots(request, instrument, names[kind]) for kind in given}
    if len(sizes) > 1:
        raise ApiError(PARAMETER, "params error: tpSize and slSize must be equal")
    return {"lots": sizes.pop(), **given}


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

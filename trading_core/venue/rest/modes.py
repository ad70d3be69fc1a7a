"""Modes of positions, and what older calls would make of them."""

from __future__ import annotations

from trading_core.money import amount, money, plain
from trading_core.simulator.book import book_key
from trading_core.simulator.matching import position_changed
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import position_payload
from trading_core.venue.rest.intake import linear_symbol, position_index
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

MARGIN_UNCHANGED = 110026
NO_RISK_LIMIT = 110031
HEDGE = 3
_ONE_WAY = 0
_MARGIN_DECIMALS = 4
SETTLE_COIN = "USDT"


def switch_mode(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/switch-mode: of a symbol, or of all symbols of a coin that nothing stands on.

    By symbol the mode it has is 110025, by coin it is no news.
    """
    category(request)
    mode = request.integer("mode", _ONE_WAY)
    if mode not in (_ONE_WAY, HEDGE):
        raise ApiError(PARAMETER, "params error: mode invalid")
    record = {"op": "position_mode", "uid": account.uid, "hedged": mode == HEDGE}
    if request.text("symbol"):
        venue.submit({**record, "symbol": known_symbol(venue, request)})
        return Reply({})
    if request.required("coin") == SETTLE_COIN:
        listed = sorted(venue.exchange.source.instruments)
        standing = [s for s in listed if account.sim.ledger.is_hedged(s) is not (mode == HEDGE)]
        if standing or account.sim.ledger.hedges_by_default is not (mode == HEDGE):
            venue.submit({**record, "symbols": listed})
    return Reply({})


def switch_isolated(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/switch-isolated, deprecated: the margin mode belongs to the account."""
    linear_symbol(venue, request)
    raise ApiError(MARGIN_UNCHANGED, "Cross/isolated margin mode is not modified")


def set_tpsl_mode(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/set-tpsl-mode, deprecated: the mode comes with each request."""
    linear_symbol(venue, request)
    return Reply({"tpSlMode": request.text("tpSlMode", "Full")})


def set_risk_limit(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/set-risk-limit, deprecated: the limit follows the position by itself."""
    tiers = venue.exchange.source.instruments[linear_symbol(venue, request)].tiers
    wanted = request.integer("riskId", tiers[0].number)
    found = [tier for tier in tiers if tier.number == wanted]
    if not found:
        raise ApiError(NO_RISK_LIMIT, "Risk limit info does not exist.")
    limit = plain(amount(found[0].limit))
    return Reply({"category": "linear", "riskId": wanted, "riskLimitValue": limit})


def confirm_pending_mmr(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/confirm-pending-mmr: no change of the maintenance margin is ever pending."""
    linear_symbol(venue, request)
    return Reply({})


def add_margin(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/add-margin: to an isolated position, or with a minus sign back from it."""
    symbol = linear_symbol(venue, request)
    index = position_index(request, account, symbol)
    margin = request.decimal("margin")
    if margin != round(margin, _MARGIN_DECIMALS):
        raise ApiError(PARAMETER, "params error: margin has more than 4 decimals")
    outcome = venue.command(account, "add_margin", symbol, index=index, units=money(margin))
    ledger = account.sim.ledger
    told = position_changed(ledger, ledger.book(book_key(symbol, index)))
    return Reply(position_payload(account, told, pushed=False), outcomes=[outcome])


def set_auto_add_margin(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/position/set-auto-add-margin: whether margin is added before a liquidation."""
    symbol = linear_symbol(venue, request)
    index = position_index(request, account, symbol)
    wanted = request.integer("autoAddMargin", -1)
    if wanted not in (0, 1):
        raise ApiError(PARAMETER, "params error: autoAddMargin invalid")
    return Reply({}, outcomes=[venue.command(account, "auto_margin", symbol, index=index, on=bool(wanted))])

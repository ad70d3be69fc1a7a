"""Modes of position and margin: one-way and full, whatever older calls would make of them."""

from __future__ import annotations

from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import RISK_LIMIT
from trading_core.venue.rest.intake import linear_symbol, one_way
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

MODE_UNCHANGED = 110025
MARGIN_UNCHANGED = 110026
MODE_UNSUPPORTED = 110029
HEDGE = 3
_ONE_WAY = 0


def switch_mode(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/switch-mode: one-way is the only mode; by coin that is no news, by symbol 110025."""
    category(request)
    mode = request.integer("mode", _ONE_WAY)
    if mode == HEDGE:
        raise ApiError(MODE_UNSUPPORTED, "Hedge mode is not served by this venue")
    if mode != _ONE_WAY:
        raise ApiError(PARAMETER, "params error: mode invalid")
    if request.text("symbol"):
        known_symbol(venue, request)
        raise ApiError(MODE_UNCHANGED, "Position mode is not modified")
    request.required("coin")
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
    linear_symbol(venue, request)
    return Reply({"category": "linear", "riskId": request.integer("riskId", 1), "riskLimitValue": RISK_LIMIT})


def confirm_pending_mmr(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/confirm-pending-mmr: no change of the maintenance margin is ever pending."""
    linear_symbol(venue, request)
    return Reply({})


def add_margin(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/add-margin: the margin of a position is its leverage's, nothing can be added."""
    linear_symbol(venue, request)
    one_way(request)
    request.decimal("margin")
    raise ApiError(PARAMETER, "params error: adding margin is not served by this venue")


def set_auto_add_margin(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/position/set-auto-add-margin: it is off, and can't be turned on."""
    linear_symbol(venue, request)
    one_way(request)
    wanted = request.integer("autoAddMargin", -1)
    if wanted not in (0, 1):
        raise ApiError(PARAMETER, "params error: autoAddMargin invalid")
    if wanted:
        raise ApiError(PARAMETER, "params error: autoAddMargin is not served by this venue")
    return Reply({})

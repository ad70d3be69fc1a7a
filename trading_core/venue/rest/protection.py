"""Disconnect protection: what the owner set, and what stands."""

from __future__ import annotations

from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

PRODUCT = "DERIVATIVES"
_WINDOW_S = (3, 300)


def set_dcp(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/disconnected-cancel-all: how long the owner may be gone."""
    if request.text("product", "OPTIONS") != PRODUCT:
        raise ApiError(PARAMETER, "params error: only product DERIVATIVES is protected on this venue")
    request.required("timeWindow")
    window_s = request.integer("timeWindow")
    if not _WINDOW_S[0] <= window_s <= _WINDOW_S[1]:
        raise ApiError(PARAMETER, "params error: timeWindow invalid")
    venue.submit({"op": "dcp", "uid": account.uid, "window_s": window_s})
    return Reply({}, "success")


def dcp_info(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/query-dcp-info: nothing until a window was set."""
    row = {"product": PRODUCT, "dcpStatus": "ON", "timeWindow": str(account.dcp_s)}
    return Reply({"dcpInfos": [row] if account.dcp_s else []}, "success")

"""Orders: create, amend, cancel; what they would cost; what happens when the owner goes silent."""

from __future__ import annotations

from typing import Any

from trading_core.simulator.events import Accepted
from trading_core.simulator.orders import StandingOrder
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.ids import order_id, order_number
from trading_core.venue.rest.intake import (
    exact_lots,
    exact_ticks,
    linear_symbol,
    order_values,
    protection,
    refuse_unserved,
)
from trading_core.venue.rest.market import category
from trading_core.venue.rest.order_queries import in_scope
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

CANCEL_ALL_MAX = 500


def create(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/create."""
    symbol = linear_symbol(venue, request)
    values = _placing(venue, request, account, symbol)
    outcome = venue.command(account, "place", symbol, **values)
    accepted = outcome.told[0].events[0]
    assert isinstance(accepted, Accepted)
    return Reply(_named(account, accepted.order), outcomes=[outcome])


def pre_check(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/pre-check: only for cross and portfolio margin, which no account here has."""
    _placing(venue, request, account, linear_symbol(venue, request))
    raise ApiError(PARAMETER, "params error: pre-check is not supported in isolated margin mode")


def _placing(venue: Venue, request: Request, account: VenueAccount, symbol: str) -> dict[str, Any]:
    ledger = account.sim.ledger
    market = ledger.price(ledger.book(symbol))
    instrument = venue.exchange.source.instruments[symbol]
    values = order_values(request, instrument, market=market)
    if values["lots"] == 0:
        values["lots"] = _whole_position(account, symbol, request)
    return values


def _whole_position(account: VenueAccount, symbol: str, request: Request) -> int:
    """Quantity "0" with reduceOnly and closeOnTrigger closes all there is."""
    if not (request.flag("reduceOnly") and request.flag("closeOnTrigger")):
        raise ApiError(PARAMETER, "Qty invalid")
    lots = abs(account.sim.position(symbol).lots)
    if not lots:
        raise SimRefused(Refusal.REDUCE_ONLY)
    return lots


def _named(account: VenueAccount, order: StandingOrder) -> dict[str, Any]:
    return {"orderId": order_id(account.uid, order.number), "orderLinkId": order.link}


def _standing(account: VenueAccount, request: Request, symbol: str, *, to: str) -> StandingOrder:
    """The open order that is meant; raise SimRefused(110001) if it is gone."""
    identity, link = request.text("orderId"), request.link()
    if not identity and not link:
        raise ApiError(PARAMETER, "params error: OrderId or orderLinkId is required")
    number = order_number(account.uid, identity) if identity else account.links.get(link, 0)
    order = account.orders.get(number)
    if order is None or order.symbol != symbol or not order.is_open:
        raise SimRefused(Refusal.ORDER_GONE, f"order not exists or too late to {to}")
    return order


def amend(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/amend."""
    symbol = linear_symbol(venue, request)
    instrument = venue.exchange.source.instruments[symbol]
    order = _standing(account, request, symbol, to="replace")
    refuse_unserved(request)
    for name in ("takeProfit", "stopLoss"):
        if request.text(name):
            raise ApiError(PARAMETER, f"params error: {name} of an order can't be amended on this venue")
    values: dict[str, Any] = {
        "lots": exact_lots(request, instrument) if request.text("qty") else None,
        "ticks": exact_ticks(request, "price", instrument) if request.text("price") else None,
        "trigger": protection(request, "triggerPrice", instrument) or None,
    }
    outcome = venue.command(account, "amend", symbol, number=order.number, **values)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel."""
    symbol = linear_symbol(venue, request)
    order = _standing(account, request, symbol, to="cancel")
    outcome = venue.command(account, "cancel", symbol, number=order.number)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel_all(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel-all."""
    category(request)
    outcomes, named = [], []
    for order in in_scope(venue, request, account.sim.open_orders())[:CANCEL_ALL_MAX]:
        if not account.orders[order.number].is_open:
            continue  # gone with one that was cancelled before it
        outcomes.append(venue.command(account, "cancel", order.symbol, number=order.number))
        named.append(_named(account, order))
    return Reply({"list": named, "success": "1"}, outcomes=outcomes)

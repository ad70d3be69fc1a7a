"""Batches of orders: the outer answer is always 0, each order has its own code in ``retExtInfo``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trading_core.simulator.refusals import SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.hub import Venue
from trading_core.venue.rest import orders
from trading_core.venue.rest.market import category
from trading_core.venue.rest.quota import TOO_MANY, TOO_MANY_TOLD
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

BATCH_MAX = 20
"""Orders in a linear batch."""

Handler = Callable[[Venue, Request, VenueAccount], Reply]


def create_batch(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/create-batch."""
    return _batch(venue, request, account, orders.create, stamped=True)


def amend_batch(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/amend-batch."""
    return _batch(venue, request, account, orders.amend)


def cancel_batch(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel-batch."""
    return _batch(venue, request, account, orders.cancel)


def _batch(
    venue: Venue, request: Request, account: VenueAccount, handler: Handler, *, stamped: bool = False
) -> Reply:
    name = category(request)
    told = Reply({"list": []}, extra={"list": []})
    items = batch_items(request)
    granted = len(items) if request.quota is None else request.quota.granted
    for index, params in enumerate(items):
        single = replace(request, params={**params, "category": name})
        reply, code, message = Reply({}), TOO_MANY, TOO_MANY_TOLD
        if index < granted:
            reply, code, message = _one(venue, single, account, handler)
        told.outcomes += reply.outcomes
        told.result["list"].append(_told(single, reply.result, code, stamped=stamped))
        told.extra["list"].append({"code": code, "msg": message})
    return told


def _one(venue: Venue, single: Request, account: VenueAccount, handler: Handler) -> tuple[Reply, int, str]:
    """What the handler answers to one order, its code and its message."""
    try:
        return handler(venue, single, account), 0, "OK"
    except (ApiError, SimRefused) as e:
        return Reply({}), e.code, e.message


def batch_items(request: Request) -> list[dict[str, Any]]:
    """The orders of a batch as they were sent; raise ApiError if there are none or too many."""
    items = request.params.get("request")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise ApiError(PARAMETER, "params error: request is required")
    if len(items) > BATCH_MAX:
        raise ApiError(PARAMETER, f"params error: request holds more than {BATCH_MAX} orders")
    return items


def _told(single: Request, result: dict[str, Any], code: int, *, stamped: bool) -> dict[str, Any]:
    """Category, symbol and ids of an order; of a refused one only what was sent is known."""

    def sent(name: str) -> str:
        value = single.params.get(name)
        return value if isinstance(value, str) else ""

    told = {
        "category": single.params["category"], "symbol": sent("symbol"),
        "orderId": result.get("orderId", "" if stamped else sent("orderId")),
        "orderLinkId": result.get("orderLinkId", sent("orderLinkId")),
    }  # fmt: skip
    if stamped:
        told["createAt"] = "" if code else str(wall_ms())
    return told

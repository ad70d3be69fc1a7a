"""Orders and executions as they can be asked for: open, recent, history."""

from __future__ import annotations

from collections.abc import Iterable

from trading_core.simulator.orders import StandingOrder
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.ids import order_number
from trading_core.venue.rest.market import category
from trading_core.venue.rest.paging import DAY_MS, page, time_window
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.spot_payloads import category_of, executed_in, told_execution, told_order

_FILTERS = {"Order": False, "StopOrder": True}
"""Order filters that mean orders of a contract, and whether they wait for a trigger; all others are spot's."""
_OPEN_ONLY = 0


def in_scope(
    venue: Venue, request: Request, orders: Iterable[StandingOrder], *, required: bool = True
) -> list[StandingOrder]:
    """The orders meant by symbol, base coin, settle coin and order filter."""
    symbol, base, settle = (request.text(name) for name in ("symbol", "baseCoin", "settleCoin"))
    if required and not (symbol or base or settle):
        raise ApiError(PARAMETER, "params error: symbol, settleCoin or baseCoin must be filled in")
    name = request.text("category")
    chosen, kind = request.text("orderFilter"), request.text("stopOrderType")
    listed = venue.exchange.source.instruments
    return [
        order
        for order in orders
        if category_of(order) == name
        and symbol in ("", order.symbol)
        and base in ("", listed[order.symbol].base_coin)
        and settle in ("", listed[order.symbol].settle_coin)
        and (not chosen or _FILTERS.get(chosen) == is_conditional(order))
        and kind in ("", order.stop_order_type)
    ]


def is_conditional(order: StandingOrder) -> bool:
    """Whether an order is one of those that ``orderFilter=StopOrder`` means."""
    return bool(order.stop_order_type)


def named_order(request: Request, account: VenueAccount) -> list[StandingOrder] | None:
    """The one order asked for by id or link, or none of that name; None if not asked that way."""
    identity, link = request.text("orderId"), request.link()
    if identity:
        found = account.orders.get(order_number(account.uid, identity))
    elif link:
        found = account.orders.get(account.links.get(link, 0))
    else:
        return None
    symbol = request.text("symbol")
    if found is None or symbol not in ("", found.symbol) or category_of(found) != request.text("category"):
        return []
    return [found]


def realtime(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/order/realtime: open orders; by id or link, or with openOnly 1, the latest closed ones too."""
    name = category(request)
    wanted = named_order(request, account)
    if wanted is not None:
        wanted = [o for o in wanted if o.is_open or o.number in account.recent]
    elif request.integer("openOnly", _OPEN_ONLY) == _OPEN_ONLY:
        wanted = in_scope(venue, request, account.open_orders(), required=name != "spot")
    else:
        closed = [account.orders[number] for number in account.recent]
        wanted = in_scope(venue, request, closed, required=name != "spot")
    return _orders(account, wanted, request, name)


def history(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/order/history: orders that left, those without a fill for a day only."""
    name = category(request)
    wanted = named_order(request, account)
    if wanted is None:
        start, end = time_window(request, now_ms=venue.exchange.clock_ms)
        status = request.text("orderStatus")
        every = in_scope(venue, request, account.orders.values(), required=False)
        wanted = [o for o in every if start <= o.created_ms <= end and status in ("", o.status.value)]
    unfilled_from = venue.exchange.clock_ms - DAY_MS
    kept = [o for o in wanted if not o.is_open and (o.filled or o.updated_ms >= unfilled_from)]
    return _orders(account, kept, request, name)


def _orders(account: VenueAccount, wanted: list[StandingOrder], request: Request, name: str) -> Reply:
    shown, cursor = page(wanted, request, number=lambda o: o.number, default=20, most=50)
    listed = [told_order(account, order) for order in shown]
    return Reply({"list": listed, "nextPageCursor": cursor, "category": name})


def executions(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/execution/list."""
    name = category(request)
    wanted = named_order(request, account)
    if wanted is not None:
        numbers = {order.number for order in wanted}
        found = [b for b in account.booked if b.executed.order and b.executed.order.number in numbers]
    else:
        found = _executions_in(venue, request, account, name)
    shown, cursor = page(found, request, number=lambda b: b.executed.sequence, default=50, most=100)
    listed = [told_execution(account, booked.executed, pushed=False) for booked in shown]
    return Reply({"nextPageCursor": cursor, "category": name, "list": listed})


def _executions_in(venue: Venue, request: Request, account: VenueAccount, name: str) -> list[Booked]:
    start, end = time_window(request, now_ms=venue.exchange.clock_ms)
    symbol, kind = request.text("symbol"), request.text("execType")
    base, settle = request.text("baseCoin"), request.text("settleCoin")
    listed = venue.exchange.source.instruments
    return [
        booked
        for booked in account.booked
        if start <= booked.executed.time_ms <= end
        and executed_in(booked.executed) == name
        and symbol in ("", booked.executed.symbol)
        and kind in ("", booked.executed.exec_type)
        and base in ("", listed[booked.executed.symbol].base_coin)
        and settle in ("", listed[booked.executed.symbol].settle_coin)
    ]

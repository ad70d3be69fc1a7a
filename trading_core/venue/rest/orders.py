"""Orders: create, amend, cancel, query."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.money import decimal_of
from trading_core.simulator.events import Accepted
from trading_core.simulator.orders import StandingOrder, TimeInForce
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.ids import order_id, order_number
from trading_core.venue.payloads import execution_payload, order_payload
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.paging import page, time_window
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

_UNSERVED = ("triggerPrice", "takeProfit", "tpLimitPrice", "slLimitPrice", "bboSideType")
_NEWEST_CLOSED = 500
MAX_TICKS = 10**12


def create(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/create."""
    symbol = linear_symbol(venue, request)
    instrument = venue.exchange.source.instruments[symbol]
    values = _order_values(request, instrument)
    if values["lots"] == 0:
        values["lots"] = _whole_position(account, symbol, request)
    outcome = venue.command(account, "place", symbol, **values)
    accepted = outcome.told[0].events[0]
    assert isinstance(accepted, Accepted)
    return Reply(_named(account, accepted.order), outcomes=[outcome])


def linear_symbol(venue: Venue, request: Request) -> str:
    """A listed symbol in category linear; spot and inverse are not traded here."""
    if category(request) != "linear":
        raise ApiError(PARAMETER, "params error: only category linear is traded on this venue")
    return known_symbol(venue, request)


def _order_values(request: Request, instrument: Instrument) -> dict[str, Any]:
    side, kind = request.required("side"), request.required("orderType")
    if side not in ("Buy", "Sell"):
        raise ApiError(PARAMETER, "params error: side invalid")
    if kind not in ("Market", "Limit"):
        raise ApiError(PARAMETER, "params error: orderType invalid")
    if request.integer("positionIdx", 0) != 0:
        raise ApiError(PARAMETER, "position idx not match position mode")
    for name in _UNSERVED:
        refuse_unserved(request, name)
    return {
        "side": Side(side).value,
        "lots": exact_lots(request, instrument),
        "ticks": exact_ticks(request, "price", instrument) if kind == "Limit" else None,
        "link": request.link(),
        "reduce_only": request.flag("reduceOnly"),
        "tif": _time_in_force(request, kind),
        "stop": stop_ticks(request, instrument),
        "close_on_trigger": request.flag("closeOnTrigger"),
    }


def refuse_unserved(request: Request, name: str) -> None:
    """Refuse what a real exchange would act on and this one would silently not."""
    if request.text(name, "0") not in ("0", "0.0"):
        raise ApiError(PARAMETER, f"params error: {name} is not served by this venue")


def _time_in_force(request: Request, kind: str) -> str:
    if kind == "Market":
        return TimeInForce.IOC.value
    text = request.text("timeInForce", "GTC")
    try:
        return TimeInForce(text).value
    except ValueError as e:
        raise ApiError(PARAMETER, "params error: timeInForce invalid") from e


def exact_lots(request: Request, instrument: Instrument) -> int:
    """The quantity in lots; off the grid is an error."""
    try:
        return instrument.exact_lots(request.decimal("qty"))
    except ValueError as e:
        raise ApiError(PARAMETER, "Qty invalid") from e


def exact_ticks(request: Request, name: str, instrument: Instrument) -> int:
    """A price in ticks; off the grid is an error."""
    try:
        ticks = instrument.exact_ticks(request.decimal(name))
    except ValueError as e:
        raise ApiError(PARAMETER, f"params error: {name} invalid") from e
    if not 0 < ticks < MAX_TICKS:
        raise ApiError(PARAMETER, f"params error: {name} invalid")
    return ticks


def stop_ticks(request: Request, instrument: Instrument) -> int | None:
    """The stopLoss in ticks; None for none or "0"."""
    text = request.text("stopLoss")
    if not text:
        return None
    try:
        if decimal_of(text) == Decimal(0):
            return None
    except ValueError as e:
        raise ApiError(PARAMETER, "params error: stopLoss invalid") from e
    return exact_ticks(request, "stopLoss", instrument)


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


def _standing(account: VenueAccount, request: Request, symbol: str) -> StandingOrder:
    """The open order that is meant; raise SimRefused(110001) if it is gone."""
    identity, link = request.text("orderId"), request.link()
    if not identity and not link:
        raise ApiError(PARAMETER, "params error: OrderId or orderLinkId is required")
    number = order_number(account.uid, identity) if identity else account.links.get(link, 0)
    if not number:
        raise SimRefused(Refusal.ORDER_GONE)
    return account.sim.find(symbol, number=number)


def amend(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/amend."""
    symbol = linear_symbol(venue, request)
    instrument = venue.exchange.source.instruments[symbol]
    order = _standing(account, request, symbol)
    for name in (*_UNSERVED, "stopLoss"):
        refuse_unserved(request, name)
    lots = exact_lots(request, instrument) if request.text("qty") else None
    ticks = exact_ticks(request, "price", instrument) if request.text("price") else None
    outcome = venue.command(account, "amend", symbol, number=order.number, lots=lots, ticks=ticks)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel."""
    symbol = linear_symbol(venue, request)
    order = _standing(account, request, symbol)
    outcome = venue.command(account, "cancel", symbol, number=order.number)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel_all(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel-all."""
    category(request)
    outcomes, named = [], []
    for order in _in_scope(venue, request, account.sim.open_orders()):
        outcomes.append(venue.command(account, "cancel", order.symbol, number=order.number))
        named.append(_named(account, order))
    return Reply({"list": named, "success": "1"}, outcomes=outcomes)


def _in_scope(
    venue: Venue, request: Request, orders: Iterable[StandingOrder], *, required: bool = True
) -> list[StandingOrder]:
    """The orders a query means by symbol, base coin or settle coin."""
    symbol, base, settle = (request.text(name) for name in ("symbol", "baseCoin", "settleCoin"))
    if required and not (symbol or base or settle):
        raise ApiError(PARAMETER, "params error: symbol, settleCoin or baseCoin must be filled in")
    if request.text("category") != "linear" or request.text("orderFilter", "Order") != "Order":
        return []
    listed = venue.exchange.source.instruments
    return [
        order
        for order in orders
        if symbol in ("", order.symbol)
        and base in ("", listed[order.symbol].base_coin)
        and settle in ("", listed[order.symbol].settle_coin)
    ]


def _wanted(request: Request, account: VenueAccount) -> list[StandingOrder] | None:
    """The one order asked for by id or link, or none of that name; None if not asked that way."""
    identity, link = request.text("orderId"), request.link()
    if identity:
        found = account.orders.get(order_number(account.uid, identity))
    elif link:
        found = account.orders.get(account.links.get(link, 0))
    else:
        return None
    symbol = request.text("symbol")
    return [] if found is None or symbol not in ("", found.symbol) else [found]


def realtime(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/order/realtime: open orders; by id or link closed ones too."""
    name = category(request)
    wanted = _wanted(request, account)
    if wanted is None and request.integer("openOnly", 0) == 1:
        closed = [o for o in account.orders.values() if not o.is_open][-_NEWEST_CLOSED:]
        wanted = _in_scope(venue, request, closed)
    elif wanted is None:
        wanted = _in_scope(venue, request, account.sim.open_orders())
    return _orders(account, wanted, request, name)


def history(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/order/history."""
    name = category(request)
    wanted = _wanted(request, account)
    if wanted is None:
        start, end = time_window(request)
        status = request.text("orderStatus")
        every = _in_scope(venue, request, account.orders.values(), required=False)
        wanted = [
            o
            for o in every
            if start <= o.created_ms <= end and not o.is_open and status in ("", o.status.value)
        ]
    return _orders(account, wanted, request, name)


def _orders(account: VenueAccount, wanted: list[StandingOrder], request: Request, name: str) -> Reply:
    shown, cursor = page(wanted, request, number=lambda o: o.number, default=20, most=50)
    listed = [order_payload(account, order) for order in shown]
    return Reply({"list": listed, "nextPageCursor": cursor, "category": name})


def executions(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/execution/list."""
    name = category(request)
    wanted = _wanted(request, account)
    if wanted is not None:
        numbers = {order.number for order in wanted}
        found = [b for b in account.booked if b.executed.order and b.executed.order.number in numbers]
    else:
        found = _executions_in(venue, request, account) if name == "linear" else []
    shown, cursor = page(found, request, number=lambda b: b.executed.sequence, default=50, most=100)
    listed = [execution_payload(account, booked.executed, pushed=False) for booked in shown]
    return Reply({"nextPageCursor": cursor, "category": name, "list": listed})


def _executions_in(venue: Venue, request: Request, account: VenueAccount) -> list[Booked]:
    start, end = time_window(request)
    symbol, kind = request.text("symbol"), request.text("execType")
    base, settle = request.text("baseCoin"), request.text("settleCoin")
    listed = venue.exchange.source.instruments
    return [
        booked
        for booked in account.booked
        if start <= booked.executed.time_ms <= end
        and symbol in ("", booked.executed.symbol)
        and kind in ("", booked.executed.exec_type)
        and base in ("", listed[booked.executed.symbol].base_coin)
        and settle in ("", listed[booked.executed.symbol].settle_coin)
    ]

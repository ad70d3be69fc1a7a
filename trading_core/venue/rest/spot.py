"""Spot orders: what their parameters mean, and the same calls as for contracts behind category spot."""

from __future__ import annotations

from typing import Any

from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.money import MONEY_SCALE
from trading_core.simulator.events import Accepted
from trading_core.simulator.orders import (
    CancelReason,
)
from trading_core.simulator.spot.orders import SpotOrder
from trading_core.simulator.spot.refusals import SpotRefusal, SpotRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.ids import order_id, order_number
from trading_core.venue.rest.intake import MAX_TICKS, refuse_unserved, time_in_force, tolerance
from trading_core.venue.rest.market import category
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

SYMBOL, SIDE, KIND = 170121, 170117, 170116


def is_spot(request: Request) -> bool:
    """Whether an order is meant for the spot market."""
    return request.text("category") == "spot"


def create(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """An order on the spot market."""
    pair = _pair(venue, request)
    outcome = venue.command(account, "spot_place", pair.symbol, **_placing(account, request, pair))
    accepted = outcome.told[0].events[0]
    assert isinstance(accepted, Accepted)
    return Reply(_named(account, accepted.order.number, accepted.order.link), outcomes=[outcome])


def amend(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """Change quantity or price of a spot order."""
    pair = _pair(venue, request)
    order = _standing(account, request, pair.symbol)
    _refuse_conditional(request)
    values = {
        "lots": _lots(request, pair) if request.text("qty") else None,
        "ticks": _ticks(request, pair) if request.text("price") else None,
    }
    if all(
        value in (None, old) for value, old in zip(values.values(), (order.lots, order.ticks), strict=True)
    ):
        raise ApiError(PARAMETER, "The order remains unchanged as the parameters entered match")
    outcome = venue.command(account, "spot_amend", pair.symbol, number=order.number, **values)
    return Reply(_named(account, order.number, order.link), outcomes=[outcome])


def cancel(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """Cancel a spot order."""
    pair = _pair(venue, request)
    order = _standing(account, request, pair.symbol)
    outcome = venue.cancel(account, order, CancelReason.BY_USER)
    return Reply(_named(account, order.number, order.link), outcomes=[outcome])


def _named(account: VenueAccount, number: int, link: str) -> dict[str, Any]:
    return {"orderId": order_id(account.uid, number), "orderLinkId": link}


def _pair(venue: Venue, request: Request) -> Instrument:
    """The pair that is meant."""
    category(request)
    symbol = request.required("symbol")
    if symbol not in venue.exchange.spot:
        raise ApiError(SYMBOL, "Invalid symbol.")
    return venue.exchange.spot[symbol]


def _standing(account: VenueAccount, request: Request, symbol: str) -> SpotOrder:
    identity, link = request.text("orderId"), request.link()
    if not identity and not link:
        raise ApiError(PARAMETER, "params error: OrderId or orderLinkId is required")
    number = order_number(account.uid, identity) if identity else account.links.get(link, 0)
    order = account.desk.orders.get(symbol, {}).get(number)
    if order is None:
        raise SpotRefused(SpotRefusal.ORDER_GONE)
    return order


def _placing(account: VenueAccount, request: Request, pair: Instrument) -> dict[str, Any]:
    """The record of a spot order. Raise ApiError or SpotRefused."""
    side, kind = request.required("side"), request.required("orderType")
    if side not in ("Buy", "Sell"):
        raise ApiError(SIDE, "Invalid side.")
    if kind not in ("Market", "Limit"):
        raise ApiError(KIND, "Invalid orderType.")
    _refuse_conditional(request)
    if request.integer("isLeverage", 0):
        raise ApiError(PARAMETER, "params error: margin trading is not served by this venue")
    at_market = kind == "Market"
    in_quote = at_market and _unit(request, side) == "quoteCoin"
    return {
        "side": Side(side).value,
        "lots": 0 if in_quote else _lots(request, pair),
        "amount": _amount(request) if in_quote else 0,
        "ticks": None if at_market else _ticks(request, pair),
        "link": request.link(),
        "tif": TimeInForce.IOC.value if at_market else time_in_force(request, kind),
        "slippage": tolerance(request, account.desk.price(pair.symbol)) if at_market else None,
    }


def _refuse_conditional(request: Request) -> None:
    """Raise ApiError for conditional orders and for take-profits and stops: spot has none here."""
    refuse_unserved(request)
    if request.text("orderFilter", "Order") != "Order":
        raise ApiError(PARAMETER, "params error: orderFilter of a spot order must be Order on this venue")
    for name in ("triggerPrice", "takeProfit", "stopLoss"):
        if request.text(name, "0").strip("0.") != "":
            raise ApiError(PARAMETER, f"params error: {name} of spot orders is not served by this venue")


def _unit(request: Request, side: str) -> str:
    """What the quantity of a market order counts: the quote coin when buying, unless it is told."""
    unit = request.text("marketUnit", "quoteCoin" if side == "Buy" else "baseCoin")
    if unit not in ("baseCoin", "quoteCoin"):
        raise ApiError(PARAMETER, "params error: marketUnit invalid")
    return unit


def _amount(request: Request) -> int:
    """Money units of the quote coin."""
    units = request.decimal("qty") * MONEY_SCALE
    if units != int(units):
        raise SpotRefused(SpotRefusal.AMOUNT_OFF_GRID)
    return _above_zero(int(units))


def _lots(request: Request, pair: Instrument) -> int:
    try:
        return _above_zero(pair.exact_lots(request.decimal("qty")))
    except ValueError as e:
        raise SpotRefused(SpotRefusal.QTY_OFF_GRID) from e


def _above_zero(count: int) -> int:
    if count <= 0:
        raise SpotRefused(SpotRefusal.QTY_BELOW_LEAST)
    return count


def _ticks(request: Request, pair: Instrument) -> int:
    try:
        ticks = pair.exact_ticks(request.decimal("price"))
    except ValueError as e:
        raise SpotRefused(SpotRefusal.PRICE_OFF_GRID) from e
    if not 0 < ticks < MAX_TICKS:
        raise ApiError(PARAMETER, "params error: price invalid")
    return ticks

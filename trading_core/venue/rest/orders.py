"""Orders: create, amend, cancel; what they would cost; what happens when the owner goes silent."""

from __future__ import annotations

from typing import Any

from trading_core.execution.order import Side
from trading_core.simulator.account import SimAccount
from trading_core.simulator.book import book_key
from trading_core.simulator.cross import sums
from trading_core.simulator.events import Accepted
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import CancelReason, StandingOrder
from trading_core.simulator.position_mode import only_reduces
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.commands import COMMANDS
from trading_core.venue.hub import Venue
from trading_core.venue.ids import order_id, order_number
from trading_core.venue.rest import spot
from trading_core.venue.rest.intake import (
    amended_attached,
    changes,
    exact_lots,
    exact_ticks,
    linear_symbol,
    order_values,
    position_index,
    protection,
    refuse_unserved,
    trigger_by,
)
from trading_core.venue.rest.market import category
from trading_core.venue.rest.order_queries import in_scope
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.statements import account_rate_e4

CANCEL_ALL_MAX = 500


def create(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/create."""
    if spot.is_spot(request):
        return spot.create(venue, request, account)
    symbol = linear_symbol(venue, request)
    values = _placing(venue, request, account, symbol)
    outcome = venue.command(account, "place", symbol, **values)
    accepted = outcome.told[0].events[0]
    assert isinstance(accepted, Accepted)
    return Reply(_named(account, accepted.order), outcomes=[outcome])


def pre_check(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/pre-check: the account's margin rates before and after an order, cross margin only."""
    symbol = linear_symbol(venue, request)
    values = _placing(venue, request, account, symbol)
    sim = account.sim
    if not sim.ledger.is_cross:
        raise ApiError(PARAMETER, "params error: pre-check is not supported in isolated margin mode")
    trial = SimAccount.from_record(
        sim.as_record(), sim.ledger.instruments, quotes=sim.ledger.quotes, params=sim.ledger.params,
        marks=sim.ledger.marks,
    )  # fmt: skip
    COMMANDS["place"](trial, {"symbol": symbol, **values})
    (imr, mmr), (post_imr, post_mmr) = (_rates_e4(one.ledger) for one in (sim, trial))
    return Reply({
        "orderId": "", "orderLinkId": values["link"], "preImrE4": imr, "preMmrE4": mmr, "postImrE4": post_imr,
        "postMmrE4": post_mmr,
    })  # fmt: skip


def _rates_e4(ledger: Ledger) -> tuple[int, int]:
    """Initial and maintenance margin rate of an account in 10⁻⁴."""
    return account_rate_e4(ledger, ledger.initial()), account_rate_e4(ledger, sums(ledger).maintenance)


def _placing(venue: Venue, request: Request, account: VenueAccount, symbol: str) -> dict[str, Any]:
    ledger = account.sim.ledger
    index = position_index(request, account, symbol)
    market = ledger.price(ledger.book(book_key(symbol, index)))
    instrument = venue.exchange.source.instruments[symbol]
    values = {**order_values(request, instrument, market=market), "index": index}
    values["reduce_only"] |= only_reduces(index, Side(values["side"]))
    if values["lots"] == 0:
        most = instrument.max_market_lots if values["ticks"] is None else instrument.max_lots
        values["lots"] = min(most, _whole_position(account, book_key(symbol, index), request))
    return values


def _whole_position(account: VenueAccount, key: str, request: Request) -> int:
    """Quantity "0" with reduceOnly and closeOnTrigger closes all there is, as far as one order may go."""
    if not (request.flag("reduceOnly") and request.flag("closeOnTrigger")):
        raise ApiError(PARAMETER, "Qty invalid")
    lots = abs(account.sim.position(key).lots)
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
    if spot.is_spot(request):
        return spot.amend(venue, request, account)
    symbol = linear_symbol(venue, request)
    instrument = venue.exchange.source.instruments[symbol]
    order = _standing(account, request, symbol, to="replace")
    refuse_unserved(request)
    values: dict[str, Any] = {
        "lots": exact_lots(request, instrument) if request.text("qty") else None,
        "ticks": exact_ticks(request, "price", instrument) if request.text("price") else None,
        "trigger": protection(request, "triggerPrice", instrument) or None,
        "trigger_by": trigger_by(request, "triggerBy") if request.text("triggerBy") else None,
        "protect": changes(request, instrument, {"stopLoss": "stop", "takeProfit": "target"}),
        "attached": amended_attached(request, instrument, order),
    }
    outcome = venue.command(account, "amend", symbol, number=order.number, index=order.index, **values)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel."""
    if spot.is_spot(request):
        return spot.cancel(venue, request, account)
    symbol = linear_symbol(venue, request)
    order = _standing(account, request, symbol, to="cancel")
    outcome = venue.cancel(account, order, CancelReason.BY_USER)
    return Reply(_named(account, order), outcomes=[outcome])


def cancel_all(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/order/cancel-all."""
    category(request)
    outcomes, named = [], []
    is_spot = spot.is_spot(request)
    for order in in_scope(venue, request, account.open_orders(), required=not is_spot)[:CANCEL_ALL_MAX]:
        if not account.orders[order.number].is_open:
            continue  # gone with one that was cancelled before it
        outcomes.append(venue.cancel(account, order, CancelReason.BY_USER))
        named.append(_named(account, order))
    return Reply({"list": named, "success": "1"}, outcomes=outcomes)

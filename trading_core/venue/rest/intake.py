"""What the parameters of an order mean: lots, ticks, conditions, protection."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.money import decimal_of
from trading_core.simulator.orders import (
    WHOLE,
    Attached,
    StandingOrder,
)
from trading_core.simulator.position_mode import check_index
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Request

MAX_TICKS = 10**12
UNSERVED = ("bboSideType",)
"""What a real exchange would act on and this one would silently not."""
_TRIGGERS = ("LastPrice", "MarkPrice", "IndexPrice")
_RISES, _FALLS = 1, 2
_TOLERANCE_TICKS_MAX = 10_000
_TOLERANCE_PERCENT = (Decimal("0.01"), Decimal(10))


def linear_symbol(venue: Venue, request: Request) -> str:
    """A listed symbol in category linear."""
    if category(request) != "linear":
        raise ApiError(PARAMETER, "params error: only categories linear and spot are traded on this venue")
    return known_symbol(venue, request)


def order_values(request: Request, instrument: Instrument, *, market: int) -> dict[str, Any]:
    """The record of an order to place; ``market`` is the last price in ticks. Raise ApiError."""
    side, kind = request.required("side"), request.required("orderType")
    if side not in ("Buy", "Sell"):
        raise ApiError(PARAMETER, "params error: side invalid")
    if kind not in ("Market", "Limit"):
        raise ApiError(PARAMETER, "params error: orderType invalid")
    refuse_unserved(request)
    return {
        "side": Side(side).value,
        "lots": exact_lots(request, instrument),
        "ticks": exact_ticks(request, "price", instrument) if kind == "Limit" else None,
        "link": request.link(),
        "reduce_only": request.flag("reduceOnly"),
        "tif": time_in_force(request, kind),
        "stop": protection(request, "stopLoss", instrument) or None,
        "target": protection(request, "takeProfit", instrument) or None,
        "close_on_trigger": request.flag("closeOnTrigger"),
        **_condition(request, instrument),
        "slippage": tolerance(request, market) if kind == "Market" else None,
        "attached": attached(request, instrument),
    }


def position_index(request: Request, account: VenueAccount, symbol: str) -> int:
    """The position that is meant; raise SimRefused(10001) for one that the symbol's mode does not have."""
    index = request.integer("positionIdx", 0)
    check_index(account.sim.ledger, symbol, index)
    return index


def attached(request: Request, instrument: Instrument) -> dict[str, Any] | None:
    """The record of how stop and target are made; None for the usual: whole position, market, last price.

    Limit orders are for tpslMode Partial only, and need their price.
    """
    mode = request.text("tpslMode", "Full")
    if mode not in ("Full", "Partial"):
        raise ApiError(PARAMETER, "params error: tpslMode invalid")
    partial = mode == "Partial"
    values: dict[str, Any] = {"partial": partial}
    for short, name in (("tp", "target"), ("sl", "stop")):
        kind = request.text(f"{short}OrderType", "Market")
        if kind not in ("Market", "Limit") or (kind == "Limit" and not partial):
            raise ApiError(PARAMETER, f"params error: {short}OrderType invalid")
        limit = exact_ticks(request, f"{short}LimitPrice", instrument) if kind == "Limit" else None
        values |= {f"{name}_limit": limit, f"{name}_by": trigger_by(request, f"{short}TriggerBy")}
    return None if Attached.from_record(values) == WHOLE else values


def amended_attached(request: Request, instrument: Instrument, order: StandingOrder) -> dict[str, Any] | None:
    """How an amended order's stop and target are made; None for as before.

    The prices of partial limit orders may be given alone.
    """
    if request.text("tpslMode"):
        return attached(request, instrument) or asdict(WHOLE)
    names = {"target_limit": "tpLimitPrice", "stop_limit": "slLimitPrice"}
    given = {key: exact_ticks(request, name, instrument) for key, name in names.items() if request.text(name)}
    return {**asdict(order.attached), **given} if given and order.attached.partial else None


def changes(request: Request, instrument: Instrument, names: dict[str, str]) -> dict[str, int | None]:
    """Prices that are given, by the name of their record key; None for "0", which clears."""
    given = {key: protection(request, name, instrument) for name, key in names.items()}
    return {key: ticks or None for key, ticks in given.items() if ticks is not None}


def refuse_unserved(request: Request) -> None:
    """Raise ApiError for what this venue can't do, rather than pass over it."""
    for name in UNSERVED:
        if request.text(name, "0") not in ("0", "0.0"):
            raise ApiError(PARAMETER, f"params error: {name} is not served by this venue")


def _condition(request: Request, instrument: Instrument) -> dict[str, Any]:
    """What a conditional order waits for; nothing for any other order."""
    trigger = protection(request, "triggerPrice", instrument)
    if not trigger:
        return {"trigger": None, "direction": 0, "trigger_by": _TRIGGERS[0]}
    direction = request.integer("triggerDirection", 0)
    if direction not in (_RISES, _FALLS):
        raise ApiError(PARAMETER, "TriggerDirection invalid")
    return {"trigger": trigger, "direction": direction, "trigger_by": trigger_by(request, "triggerBy")}


def trigger_by(request: Request, name: str) -> str:
    """The price a trigger looks at, the last price unless given."""
    by = request.text(name, _TRIGGERS[0])
    if by not in _TRIGGERS:
        raise ApiError(PARAMETER, f"params error: {name} invalid")
    return by


def tolerance(request: Request, market: int) -> int | None:
    """Slippage tolerance of a market order, ticks; None without one."""
    kind = request.text("slippageToleranceType", "UNKNOWN")
    if kind == "UNKNOWN":
        return None
    given = request.decimal("slippageTolerance")
    if kind == "TickSize" and given == int(given) and 1 <= given <= _TOLERANCE_TICKS_MAX:
        return int(given)
    lowest, highest = _TOLERANCE_PERCENT
    if kind == "Percent" and given * 100 == int(given * 100) and lowest <= given <= highest:
        return int(market * given / 100)
    raise ApiError(PARAMETER, "params error: slippageTolerance invalid")


def time_in_force(request: Request, kind: str) -> str:
    """How long an order may stand."""
    if kind == "Market":
        return TimeInForce.IOC.value
    text = request.text("timeInForce", "GTC")
    try:
        return TimeInForce(text).value
    except ValueError as e:
        raise ApiError(PARAMETER, "params error: timeInForce invalid") from e


def exact_lots(request: Request, instrument: Instrument, name: str = "qty") -> int:
    """A quantity in lots; off the grid is an error."""
    try:
        return instrument.exact_lots(request.decimal(name))
    except ValueError as e:
        raise ApiError(PARAMETER, "Qty invalid" if name == "qty" else f"params error: {name} invalid") from e


def exact_ticks(request: Request, name: str, instrument: Instrument) -> int:
    """A price in ticks; off the grid is an error."""
    try:
        ticks = instrument.exact_ticks(request.decimal(name))
    except ValueError as e:
        raise ApiError(PARAMETER, f"params error: {name} invalid") from e
    if not 0 < ticks < MAX_TICKS:
        raise ApiError(PARAMETER, f"params error: {name} invalid")
    return ticks


def protection(request: Request, name: str, instrument: Instrument) -> int | None:
    """A price in ticks that may be absent (None) or "0" (0: none, or to be removed)."""
    text = request.text(name)
    if not text:
        return None
    try:
        if decimal_of(text) == Decimal(0):
            return 0
    except ValueError as e:
        raise ApiError(PARAMETER, f"params error: {name} invalid") from e
    return exact_ticks(request, name, instrument)

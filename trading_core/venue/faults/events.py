"""What happens to an account without its doing: each strikes once, when it is set, and is journalled."""

from __future__ import annotations

from typing import Any

from trading_core.execution.order import Side, TimeInForce
from trading_core.money import PPM
from trading_core.simulator.position_mode import opening_index
from trading_core.venue.exchange import Outcome
from trading_core.venue.faults.active import Fault
from trading_core.venue.hub import Venue

KINDS: dict[str, dict[str, object]] = {
    "adl": {"lots": 0},
    "liquidation": {},
    "funding": {"rate_e8": 10_000},
    "partial_fill": {"link": "", "lots": 1},
    "manual_trade": {"side": "Buy", "lots": 1},
    "leverage_flip": {"leverage": 2},
    "margin_flip": {"cross": True},
    "position_flip": {"hedged": True},
    "key": {"state": "revoked"},
    "delisting": {"status": "Closed"},
}
"""``lots``: of an ADL, 0 is the whole position. ``link``: of the order; empty: the oldest open one.

``state``: active, revoked (10003) or expired (33004).
``status``: Delivering (only reducing, 110023), Closed (110074) or Trading again.
"""
ON_SYMBOL = frozenset(
    {
        "adl",
        "liquidation",
        "funding",
        "partial_fill",
        "manual_trade",
        "leverage_flip",
        "position_flip",
        "delisting",
    }
)
ON_ACCOUNT = frozenset(
    {
        "adl",
        "liquidation",
        "funding",
        "partial_fill",
        "manual_trade",
        "leverage_flip",
        "margin_flip",
        "position_flip",
        "key",
    }
)


def happen(venue: Venue, fault: Fault) -> Outcome:
    """Let it happen; raise SimRefused if it can't."""
    outcome: Outcome = _COMMANDS[fault.kind](venue, fault)
    fault.struck += 1
    return outcome


def _symbol(fault: Fault) -> str:
    assert fault.where.symbol is not None
    return fault.where.symbol


def _uid(fault: Fault) -> int:
    assert fault.where.uid is not None
    return fault.where.uid


def _on_position(name: str, *params: str) -> Any:
    def command(venue: Venue, fault: Fault) -> Outcome:
        values = {param: fault.params[param] for param in params}
        at = venue.exchange.clock_ms
        return venue.submit({"op": name, "uid": _uid(fault), "symbol": _symbol(fault), "at": at, **values})

    return command


def _trade(venue: Venue, fault: Fault) -> Outcome:
    """An order its owner's bots know nothing of: no link."""
    account, side = venue.exchange.accounts[_uid(fault)], Side(fault.params["side"])
    return venue.command(
        account, "place", _symbol(fault),
        side=side.value, lots=fault.params["lots"], ticks=None, link="", reduce_only=False,
        tif=TimeInForce.IOC.value, stop=None, close_on_trigger=False,
        index=opening_index(account.sim.ledger, _symbol(fault), side),
    )  # fmt: skip


def _partial(venue: Venue, fault: Fault) -> Outcome:
    account, symbol, link = venue.exchange.accounts[_uid(fault)], _symbol(fault), fault.params["link"]
    fitting = [o for o in account.sim.open_orders() if o.symbol == symbol and link in ("", o.link)]
    oldest = min(fitting, key=lambda order: order.number, default=None)
    number, index = (0, 0) if oldest is None else (oldest.number, oldest.index)
    return venue.submit({
        "op": "fill", "uid": account.uid, "symbol": symbol, "number": number, "index": index,
        "lots": fault.params["lots"],
    })  # fmt: skip


def _leverage(venue: Venue, fault: Fault) -> Outcome:
    account, ppm = venue.exchange.accounts[_uid(fault)], fault.params["leverage"] * PPM
    values = {"ppm": ppm, "short_ppm": ppm} if account.sim.ledger.is_hedged(_symbol(fault)) else {"ppm": ppm}
    return venue.command(account, "leverage", _symbol(fault), **values)


def _position(venue: Venue, fault: Fault) -> Outcome:
    """Somebody switches the position mode by hand: between trades, as the exchange allows."""
    return venue.submit({
        "op": "position_mode", "uid": _uid(fault), "symbol": _symbol(fault), "hedged": fault.params["hedged"],
    })  # fmt: skip


def _margin(venue: Venue, fault: Fault) -> Outcome:
    """Somebody switches the margin mode by hand: between trades, as the exchange allows."""
    return venue.submit({"op": "margin", "uid": _uid(fault), "cross": fault.params["cross"]})


def _key(venue: Venue, fault: Fault) -> Outcome:
    """Change the key's state; sockets opened with a key that is no more are cut."""
    if fault.params["state"] != "active":
        for connection in venue.sockets.of(uid=_uid(fault)):
            connection.cut()
    return venue.submit({"op": "rights", "uid": _uid(fault), "rights": {"state": fault.params["state"]}})


def _delisting(venue: Venue, fault: Fault) -> Outcome:
    return venue.submit({"op": "status", "symbol": _symbol(fault), "status": fault.params["status"]})


_COMMANDS: dict[str, Any] = {
    "adl": _on_position("adl", "lots"),
    "liquidation": _on_position("liquidate"),
    "funding": _on_position("fund", "rate_e8"),
    "partial_fill": _partial,
    "manual_trade": _trade,
    "leverage_flip": _leverage,
    "margin_flip": _margin,
    "position_flip": _position,
    "key": _key,
    "delisting": _delisting,
}

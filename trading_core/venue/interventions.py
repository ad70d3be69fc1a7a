"""What the exchange itself, or somebody else, does to an account: journalled like any command."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any, Protocol

from trading_core.execution.order import Side
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.matching import execute, fire
from trading_core.simulator.orders import StandingOrder, Status, TimeInForce
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.triggers import Kind, Trigger
from trading_core.venue.account import VenueAccount
from trading_core.venue.journal import Record
from trading_core.venue.keys import KeyRights

Happened = list[tuple[VenueAccount, list[Event]]]

TRADING = "Trading"
_NOT_LIVE = 110074
_ONLY_REDUCE = 110023


class Stage(Protocol):
    """What interventions need of the exchange."""

    @property
    def accounts(self) -> Mapping[int, VenueAccount]:
        """By uid."""

    @property
    def statuses(self) -> MutableMapping[str, str]:
        """Instruments that are not simply trading: "Delivering" (only reducing) or "Closed"."""


def _funding(stage: Stage, record: Record) -> list[Event]:
    sim = stage.accounts[record["uid"]].sim
    symbol, now_ms = record["symbol"], record["at"]
    mark = sim.ledger.price(sim.ledger.book(symbol))
    return sim.funding(symbol, rate_e8=record["rate_e8"], mark_ticks=mark, time_ms=now_ms)


def _liquidation(stage: Stage, record: Record) -> list[Event]:
    sim = stage.accounts[record["uid"]].sim
    book = sim.ledger.book(record["symbol"])
    _check_open(book.position.lots)
    level = sim.ledger.price(book)
    return fire(sim.ledger, book, Trigger(Kind.LIQUIDATION, book.position.lots > 0, level))


def _adl(stage: Stage, record: Record) -> list[Event]:
    """Close a position, or part of it, against somebody's bankruptcy at the price that stands."""
    sim = stage.accounts[record["uid"]].sim
    book = sim.ledger.book(record["symbol"])
    held = book.position.lots
    _check_open(held)
    lots = min(abs(held), record["lots"] or abs(held))
    order = _own_order(sim, record["symbol"], lots=lots, held=held)
    ticks = sim.ledger.price(book)
    return execute(sim.ledger, book, order, ticks=ticks, is_maker=False, exec_type="AdlTrade")


def _fill(stage: Stage, record: Record) -> list[Event]:
    """Fill a part of a resting order at its own price, as if somebody had met it."""
    sim = stage.accounts[record["uid"]].sim
    book = sim.ledger.book(record["symbol"])
    order = sim.find(record["symbol"], number=record["number"])
    lots, ticks = record["lots"], order.ticks
    if (
        ticks is None
        or not order.rests
        or not 0 < lots < order.leaves
        or (order.reduce_only and lots >= abs(book.position.lots))
    ):
        raise SimRefused(Refusal.PARAMETER, "params error: lots is no part of the order")
    events = execute(sim.ledger, book, replace(order, lots=order.filled + lots), ticks=ticks, is_maker=True)
    executed = events[0]
    assert isinstance(executed, Executed)
    assert executed.order is not None
    rest = replace(executed.order, lots=order.lots, status=Status.PARTIALLY_FILLED)
    book.orders[rest.number] = rest
    sim.ledger.settle(book)
    return [replace(executed, order=rest), *events[1:]]


def _own_order(sim: SimAccount, symbol: str, *, lots: int, held: int) -> StandingOrder:
    ledger = sim.ledger
    book = ledger.book(symbol)
    now_ms = ledger.now_ms(book)
    return StandingOrder(
        number=ledger.next_number(), symbol=symbol, link="", side=Side.of(-held), lots=lots, ticks=None,
        reduce_only=True, time_in_force=TimeInForce.IOC, stop_ticks=None, close_on_trigger=True,
        arrival=ledger.next_arrival(), created_ms=now_ms, updated_ms=now_ms,
        price_on_created=ledger.price(book), create_type="CreateByAdl_PassThrough",
    )  # fmt: skip


def _check_open(lots: int) -> None:
    if not lots:
        raise SimRefused(Refusal.PARAMETER, "params error: there is no position")


def _rights(stage: Stage, record: Record) -> list[Event]:
    """Change what a key may do, by the fields that are given."""
    account = stage.accounts[record["uid"]]
    account.rights = KeyRights.from_record({**account.rights.as_record(), **record["rights"]})
    return []


_ON_ACCOUNTS: dict[str, Any] = {
    "fund": _funding,
    "liquidate": _liquidation,
    "adl": _adl,
    "fill": _fill,
    "rights": _rights,
}
NAMES = frozenset({*_ON_ACCOUNTS, "status"})
"""Records that are played here."""


def intervene(stage: Stage, record: Record) -> Happened:
    """Play such a record; raise SimRefused, having changed nothing."""
    if record["op"] == "status":
        stage.statuses[record["symbol"]] = record["status"]
        if record["status"] == TRADING:
            del stage.statuses[record["symbol"]]
        return []
    account = stage.accounts[record["uid"]]
    events = _ON_ACCOUNTS[record["op"]](stage, record)
    account.hear(events)
    return [(account, events)] if events else []


def check_tradable(stage: Stage, record: Record) -> None:
    """Raise SimRefused for an order on an instrument that is on its way out."""
    status = stage.statuses.get(record["symbol"], TRADING)
    if status == TRADING or record["op"] not in ("place", "amend"):
        return
    if status == "Closed":
        raise StatusRefused(_NOT_LIVE, "This contract is not live.")
    if record["op"] == "place" and not record["reduce_only"]:
        raise StatusRefused(_ONLY_REDUCE, "Can only reduce positions: the contract is being delisted.")


class StatusRefused(SimRefused):
    """A command on an instrument that doesn't trade."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(Refusal.PARAMETER, message)
        self.code = code

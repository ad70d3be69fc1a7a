"""What the exchange itself, or somebody else, does to an account: journalled like any command."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any, Protocol

from trading_core.simulator.account import SimAccount
from trading_core.simulator.book import Book, book_key
from trading_core.simulator.events import Event
from trading_core.simulator.matching import execute, own_order
from trading_core.simulator.position_mode import switch, switch_all
from trading_core.simulator.refusals import Refusal, SimRefused
from trading_core.simulator.triggers import Kind, Trigger
from trading_core.venue.account import VenueAccount
from trading_core.venue.journal import Record
from trading_core.venue.keys import KeyRights

Happened = list[tuple[VenueAccount, list[Event]]]

TRADING = "Trading"
_ADL = "CreateByAdl_PassThrough"
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
    mark = sim.ledger.mark(sim.ledger.book(symbol))
    return sim.funding(symbol, rate_e8=record["rate_e8"], mark_ticks=mark, time_ms=now_ms)


def _liquidation(stage: Stage, record: Record) -> list[Event]:
    sim = stage.accounts[record["uid"]].sim
    book = _held(sim, record["symbol"])
    level = sim.ledger.price(book)
    return sim.meet(book, Trigger(Kind.LIQUIDATION, book.position.lots > 0, level))


def _adl(stage: Stage, record: Record) -> list[Event]:
    """Close a position, or part of it, against somebody's bankruptcy at the price that stands."""
    sim = stage.accounts[record["uid"]].sim
    book = _held(sim, record["symbol"])
    held = book.position.lots
    lots = min(abs(held), record["lots"] or abs(held))
    order = replace(own_order(sim.ledger, book, stop_order_type="", create_type=_ADL), lots=lots)
    ticks = sim.ledger.price(book)
    return execute(sim.ledger, book, order, ticks=ticks, is_maker=False, exec_type="AdlTrade")


def _fill(stage: Stage, record: Record) -> list[Event]:
    """Fill a part of a resting order at its own price, as if somebody had met it."""
    sim = stage.accounts[record["uid"]].sim
    key = book_key(record["symbol"], record.get("index", 0))
    book, order = sim.ledger.book(key), sim.find(key, number=record["number"])
    lots, ticks = record["lots"], order.ticks
    if (
        ticks is None
        or not order.rests
        or not 0 < lots < order.leaves
        or (order.reduce_only and lots >= abs(book.position.lots))
    ):
        raise SimRefused(Refusal.PARAMETER, "params error: lots is no part of the order")
    return execute(sim.ledger, book, order, ticks=ticks, is_maker=True, most=lots)


def _held(sim: SimAccount, symbol: str) -> Book:
    """The position of a symbol that something happens to; in hedge mode the long one before the short."""
    for book in sim.ledger.books_of(symbol):
        if book.position.lots:
            return book
    raise SimRefused(Refusal.PARAMETER, "params error: there is no position")


def _rights(stage: Stage, record: Record) -> list[Event]:
    """Change what a key may do, by the fields that are given."""
    account = stage.accounts[record["uid"]]
    account.rights = KeyRights.from_record({**account.rights.as_record(), **record["rights"]})
    return []


def _margin(stage: Stage, record: Record) -> list[Event]:
    """Switch an account between isolated and cross margin."""
    stage.accounts[record["uid"]].sim.set_cross_margin(is_cross=record["cross"])
    return []


def _position_mode(stage: Stage, record: Record) -> list[Event]:
    """Switch a symbol, or all symbols of a coin, between one-way and hedge mode."""
    ledger = stage.accounts[record["uid"]].sim.ledger
    if "symbol" in record:
        switch(ledger, record["symbol"], is_hedged=record["hedged"])
    else:
        switch_all(ledger, record["symbols"], is_hedged=record["hedged"])
    return []


_ON_ACCOUNTS: dict[str, Any] = {
    "fund": _funding,
    "liquidate": _liquidation,
    "adl": _adl,
    "fill": _fill,
    "rights": _rights,
    "margin": _margin,
    "position_mode": _position_mode,
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

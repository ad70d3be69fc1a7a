"""An account of the venue: its key, its simulated account, and all that ever happened to it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from trading_core.errors import InvalidInput
from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.simulator.account import SimAccount
from trading_core.simulator.book import book_key, parts_of
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event, Executed, PositionChanged
from trading_core.simulator.ledger import Marks, Quotes
from trading_core.simulator.orders import StandingOrder
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.protection_orders import refresh
from trading_core.simulator.spot.desk import SpotDesk
from trading_core.simulator.spot.orders import SpotExecuted, order_from_record
from trading_core.venue.closed import ClosedTrades
from trading_core.venue.keys import KeyRights

RECENT_CLOSED = 500
"""Closed orders that ``order/realtime`` still knows."""


class Booked(NamedTuple):
    """An execution and the balance behind it."""

    executed: Executed
    wallet: int
    size: int
    """Lots held afterwards, signed; of a spot trade, 10⁻⁸ base coins."""
    leverage_ppm: int = 0


@dataclass(slots=True)
class VenueAccount:
    """One trading account with one API key."""

    uid: int
    reference: str
    """Whoever opened it names it; the same reference is the same account."""
    api_key: str
    api_secret: str = field(repr=False)
    opened_ms: int
    """Wall clock."""
    deposit: int
    sim: SimAccount
    desk: SpotDesk
    rights: KeyRights = field(default_factory=KeyRights)
    orders: dict[int, StandingOrder] = field(default_factory=dict)
    """Every order by number, as it stood last."""
    links: dict[str, int] = field(default_factory=dict)
    dcp_s: int = 0
    """Seconds of silence after which its orders are cancelled; 0: never."""
    recent: dict[int, None] = field(default_factory=dict)
    """Numbers of the orders closed last, oldest first; lost in a restart, as Bybit's are."""
    booked: list[Booked] = field(default_factory=list)
    closed: ClosedTrades = field(default_factory=ClosedTrades)

    @property
    def active(self) -> set[str]:
        """Symbols with an open order or a position."""
        return self.sim.ledger.symbols | self.desk.orders.keys()

    def can_trigger(self, symbol: str, low: int, high: int) -> bool:
        """Whether a price in [low, high] may set anything off."""
        return self.sim.can_trigger(symbol, low, high) or self.desk.can_fill(symbol, low, high)

    def hear(self, events: list[Event]) -> list[Event]:
        """Keep what happened; return what it did to the protection orders."""
        self._take_in(events)
        if not self.sim.ledger.params.protection_orders:
            return []
        ledger = self.sim.ledger
        moved = (event for event in events if isinstance(event, PositionChanged))
        keys = dict.fromkeys(book_key(event.symbol, event.index) for event in moved)
        changed = [event for key in keys for event in refresh(ledger, ledger.book(key))]
        self._take_in(changed)
        return changed

    def open_orders(self) -> list[StandingOrder]:
        """Everything that may still execute: orders of contracts, of pairs, then the protection of positions."""
        books = self.sim.ledger.books.values()
        return [
            *self.sim.open_orders(),
            *self.desk.open_orders(),
            *(order for book in books for order in book.protection_orders.values()),
        ]

    def _take_in(self, events: list[Event]) -> None:
        executed: Executed | None = None
        size = leverage_ppm = 0
        for event in events:
            if isinstance(event, Accepted | Amended | Cancelled):
                self._keep(event.order)
            elif isinstance(event, Executed):
                executed = event
                if isinstance(event, SpotExecuted):
                    size = event.base_left
                if event.order is not None:
                    self._keep(event.order)
            elif isinstance(event, PositionChanged):
                size, leverage_ppm = event.position.lots, event.leverage_ppm
            elif executed is not None:
                self._book(Booked(executed, event.wallet, size, leverage_ppm))
                executed = None

    def _book(self, booked: Booked) -> None:
        self.booked.append(booked)
        if isinstance(booked.executed, SpotExecuted):
            return
        self.closed.hear(booked.executed, size=booked.size, leverage_ppm=booked.leverage_ppm)

    def _keep(self, order: StandingOrder) -> None:
        self.orders[order.number] = order
        self.recent.pop(order.number, None)  # a triggered order is on its way back
        if not order.is_open:
            self.recent[order.number] = None
            if len(self.recent) > RECENT_CLOSED:
                del self.recent[next(iter(self.recent))]
        if order.link:
            self.links[order.link] = order.number

    def as_record(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        open_numbers = {order.number for order in self.open_orders()}
        return {
            "uid": self.uid,
            "reference": self.reference,
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "opened_ms": self.opened_ms,
            "deposit": self.deposit,
            "rights": self.rights.as_record(),
            "dcp_s": self.dcp_s,
            "params": asdict(self.sim.ledger.params),
            "sim": self.sim.as_record(),
            "spot": self.desk.as_record(),
            "orders": [o.as_record() for n, o in self.orders.items() if n not in open_numbers],
            "booked": [_booked_record(booked) for booked in self.booked],
        }

    @classmethod
    def from_record(
        cls,
        record: dict[str, Any],
        instruments: Mapping[str, Instrument],
        spot: Mapping[str, Instrument],
        *,
        quotes: Quotes,
        marks: Marks | None = None,
    ) -> Self:
        """The account written by ``as_record``."""
        params = MatchingParams.from_record(record["params"])
        sim = SimAccount.from_record(record["sim"], instruments, quotes=quotes, params=params, marks=marks)
        desk = SpotDesk(sim.ledger, spot)
        desk.wake(record.get("spot", {"coins": {}, "orders": []}))
        account = cls(
            uid=record["uid"],
            reference=record["reference"],
            api_key=record["api_key"],
            api_secret=record["api_secret"],
            opened_ms=record["opened_ms"],
            deposit=record["deposit"],
            rights=KeyRights.from_record(record.get("rights")),
            dcp_s=record.get("dcp_s", 0),
            sim=sim,
            desk=desk,
        )
        orders = [order_from_record(r) for r in record["orders"]] + account.open_orders()
        for order in sorted(orders, key=lambda o: o.number):
            account._keep(order)
        for booked in record["booked"]:
            account._book(_booked_from(booked))
        return account


def check_listed(record: dict[str, Any], listed: Container[str]) -> None:
    """Raise InvalidInput for an account that holds, or ever traded, what this market doesn't list any more."""
    traded = (row["symbol"] for row in record["orders"])
    executed = (booked["executed"]["symbol"] for booked in record["booked"])
    held = (parts_of(key)[0] for key in record["sim"]["books"])
    for symbol in (*held, *traded, *executed):
        if symbol not in listed:
            raise InvalidInput(
                "symbols", f"account {record['uid']} of this log traded {symbol}: list it again"
            )


def _booked_record(booked: Booked) -> dict[str, Any]:
    executed = asdict(booked.executed)
    if booked.executed.order is not None:
        executed["order"] = booked.executed.order.as_record()
    return {**booked._asdict(), "executed": executed}


def _booked_from(record: dict[str, Any]) -> Booked:
    values = dict(record["executed"])
    values["side"] = Side(values["side"])
    if values["order"] is not None:
        values["order"] = order_from_record(values["order"])
    kind = SpotExecuted if "fee_coin" in values else Executed
    return Booked(kind(**values), record["wallet"], record["size"], record.get("leverage_ppm", 0))

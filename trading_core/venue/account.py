"""An account of the venue: its key, its simulated account, and all that ever happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event, Executed, PositionChanged
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.orders import StandingOrder
from trading_core.simulator.params import MatchingParams
from trading_core.venue.closed import ClosedTrades
from trading_core.venue.keys import KeyRights

RECENT_CLOSED = 500
"""Closed orders that ``order/realtime`` still knows."""


class Booked(NamedTuple):
    """An execution and the balance behind it."""

    executed: Executed
    wallet: int
    size: int
    """Lots held afterwards, signed."""
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

    def hear(self, events: list[Event]) -> None:
        """Keep what happened."""
        executed: Executed | None = None
        size = leverage_ppm = 0
        for event in events:
            if isinstance(event, Accepted | Amended | Cancelled):
                self._keep(event.order)
            elif isinstance(event, Executed):
                executed = event
                if event.order is not None:
                    self._keep(event.order)
            elif isinstance(event, PositionChanged):
                size, leverage_ppm = event.position.lots, event.leverage_ppm
            elif executed is not None:
                self._book(Booked(executed, event.wallet, size, leverage_ppm))
                executed = None

    def _book(self, booked: Booked) -> None:
        self.booked.append(booked)
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
        open_numbers = {order.number for order in self.sim.open_orders()}
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
            "orders": [o.as_record() for n, o in self.orders.items() if n not in open_numbers],
            "booked": [_booked_record(booked) for booked in self.booked],
        }

    @classmethod
    def from_record(
        cls, record: dict[str, Any], instruments: Mapping[str, Instrument], *, quotes: Quotes
    ) -> Self:
        """The account written by ``as_record``."""
        params = MatchingParams(**record["params"])
        account = cls(
            uid=record["uid"],
            reference=record["reference"],
            api_key=record["api_key"],
            api_secret=record["api_secret"],
            opened_ms=record["opened_ms"],
            deposit=record["deposit"],
            rights=KeyRights.from_record(record.get("rights")),
            dcp_s=record.get("dcp_s", 0),
            sim=SimAccount.from_record(record["sim"], instruments, quotes=quotes, params=params),
        )
        orders = [StandingOrder.from_record(r) for r in record["orders"]] + account.sim.open_orders()
        for order in sorted(orders, key=lambda o: o.number):
            account._keep(order)
        for booked in record["booked"]:
            account._book(_booked_from(booked))
        return account


def _booked_record(booked: Booked) -> dict[str, Any]:
    return {**booked._asdict(), "executed": asdict(booked.executed)}


def _booked_from(record: dict[str, Any]) -> Booked:
    values = dict(record["executed"])
    values["side"] = Side(values["side"])
    if values["order"] is not None:
        values["order"] = StandingOrder.from_record(values["order"])
    return Booked(Executed(**values), record["wallet"], record["size"], record.get("leverage_ppm", 0))

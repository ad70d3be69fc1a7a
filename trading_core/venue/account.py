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


class Booked(NamedTuple):
    """An execution and the balance behind it."""

    executed: Executed
    wallet: int
    size: int
    """Lots held afterwards, signed."""


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
    orders: dict[int, StandingOrder] = field(default_factory=dict)
    """Every order by number, as it stood last."""
    links: dict[str, int] = field(default_factory=dict)
    booked: list[Booked] = field(default_factory=list)

    def hear(self, events: list[Event]) -> None:
        """Keep what happened."""
        executed: Executed | None = None
        size = 0
        for event in events:
            if isinstance(event, Accepted | Amended | Cancelled):
                self._keep(event.order)
            elif isinstance(event, Executed):
                executed = event
                if event.order is not None:
                    self._keep(event.order)
            elif isinstance(event, PositionChanged):
                size = event.position.lots
            elif executed is not None:
                self.booked.append(Booked(executed, event.wallet, size))

    def _keep(self, order: StandingOrder) -> None:
        self.orders[order.number] = order
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
            sim=SimAccount.from_record(record["sim"], instruments, quotes=quotes, params=params),
        )
        orders = [StandingOrder.from_record(r) for r in record["orders"]] + account.sim.open_orders()
        for order in sorted(orders, key=lambda o: o.number):
            account._keep(order)
        account.booked = [_booked_from(r) for r in record["booked"]]
        return account


def _booked_record(booked: Booked) -> dict[str, Any]:
    executed = asdict(booked.executed)
    return {"executed": executed, "wallet": booked.wallet, "size": booked.size}


def _booked_from(record: dict[str, Any]) -> Booked:
    values = dict(record["executed"])
    values["side"] = Side(values["side"])
    if values["order"] is not None:
        values["order"] = StandingOrder.from_record(values["order"])
    return Booked(Executed(**values), record["wallet"], record["size"])

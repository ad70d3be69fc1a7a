"""Orders: roles, sides, states, and which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which way an order trades; spelled as Bybit spells it."""

    BUY = "Buy"
    SELL = "Sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @classmethod
    def of(cls, sign: int) -> Side:
        """The side of a positive or negative direction."""
        return cls.BUY if sign > 0 else cls.SELL


class TimeInForce(StrEnum):
    """How long an order may stand; spelled as Bybit spells it."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class Role(StrEnum):
    """What an order is for within its trade."""

    ENTRY = "entry"
    AVERAGE = "average"
    TAKE_PROFIT = "take_profit"
    EXIT = "exit"
    STOP = "stop"
    """Only ever seen on executions: the stop is a price on the position, not an order of ours."""


class OrderState(StrEnum):
    """Where an order stands, as far as we know."""

    PLANNED = "planned"
    """Committed to the database, not sent."""
    SENDING = "sending"
    """Signed; the answer is not recorded yet."""
    UNKNOWN = "unknown"
    """Sent, and nobody knows whether it was accepted."""
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Gone; may have executions."""
    REJECTED = "rejected"
    """Refused by the venue."""
    DENIED = "denied"
    """Refused by us before sending."""

    @property
    def is_open(self) -> bool:
        """Whether the venue may still execute it."""
        return self in OPEN_STATES

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return not TRANSITIONS[self]


OPEN_STATES = frozenset(
    {
        OrderState.PLANNED, OrderState.SENDING, OrderState.UNKNOWN, OrderState.ACCEPTED,
        OrderState.PARTIALLY_FILLED,
    }
)  # fmt: skip

_VENUE_NEWS = frozenset(
    {
        OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED, OrderState.FILLED, OrderState.CANCELLED,
        OrderState.REJECTED,
    }
)  # fmt: skip

TRANSITIONS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PLANNED: frozenset({OrderState.SENDING, OrderState.DENIED, OrderState.CANCELLED}),
    OrderState.SENDING: _VENUE_NEWS | {OrderState.UNKNOWN, OrderState.PLANNED},
    OrderState.UNKNOWN: _VENUE_NEWS | {OrderState.PLANNED, OrderState.DENIED},
    OrderState.ACCEPTED: _VENUE_NEWS - {OrderState.ACCEPTED},
    OrderState.PARTIALLY_FILLED: frozenset({OrderState.FILLED, OrderState.CANCELLED}),
    OrderState.FILLED: frozenset(),
    OrderState.CANCELLED: frozenset(),
    OrderState.REJECTED: frozenset(),
    OrderState.DENIED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order of ours that stands, or is on its way, as the kernel sees it."""

    trade: int
    role: Role
    leg: int
    revision: int
    side: Side
    lots: int
    """Whole quantity, executed part included."""
    filled: int
    ticks: int | None
    """Limit price; None for a market order."""
    reduce_only: bool
    busy: bool
    """An action on it is planned, sending or unknown: leave it alone until that is settled."""


@dataclass(frozen=True, slots=True)
class EndedOrder:
    """An order of the current trade to which nothing more can happen, as the kernel sees it."""

    trade: int
    role: Role
    leg: int
    revision: int
    state: OrderState
    """FILLED, CANCELLED, REJECTED or DENIED."""
    filled: int
    """Lots executed before it ended."""

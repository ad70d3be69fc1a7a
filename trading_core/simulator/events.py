"""What happened on a simulated account, in the order it happened."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.simulator.orders import StandingOrder


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order was accepted; it may execute right behind this event."""

    order: StandingOrder


@dataclass(frozen=True, slots=True)
class Amended:
    """An open order has a new price or quantity, or was triggered."""

    order: StandingOrder


@dataclass(frozen=True, slots=True)
class Executed:
    """A match, a liquidation fill or a funding payment."""

    sequence: int
    """Strictly rising on the account."""
    exec_type: str
    """``Trade``, ``BustTrade`` or ``Funding``."""
    order: StandingOrder | None
    """The order after this execution; None for funding."""
    symbol: str
    side: Side
    ticks: int
    lots: int
    fee: int
    """Money units, positive = paid; the payment itself for funding."""
    rate_e8: int
    """Fee or funding rate in 10⁻⁸."""
    is_maker: bool
    stop_order_type: str
    closed_lots: int
    gained: int
    """Money units realised by closing, before the fee."""
    time_ms: int
    """Market clock (see ``Lockstep``)."""
    mark_ticks: int = 0
    """Mark price when it happened; 0 in records that don't know it."""
    index: int = 0
    """Of the position: Bybit's positionIdx."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An order left; its record says why and how much of it was executed."""

    order: StandingOrder


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """Position, stop or leverage of a symbol after the events before this one."""

    symbol: str
    position: Position
    stop_ticks: int | None
    leverage_ppm: int
    time_ms: int
    sequence: int
    """Of the execution that led to it; the account's latest otherwise."""
    target_ticks: int | None = None
    trailing_ticks: int | None = None
    """Distance of the trailing stop."""
    active_ticks: int | None = None
    """Price from which the trailing stop follows, until it was reached."""
    index: int = 0
    """Bybit's positionIdx."""


@dataclass(frozen=True, slots=True)
class WalletChanged:
    """Balance of the settle coin, money units, without unrealised profit."""

    wallet: int
    time_ms: int


Event = Accepted | Amended | Executed | Cancelled | PositionChanged | WalletChanged

"""One symbol of one account: position, stop, leverage, standing orders, place on the walk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.simulator.margin import liquidation_ticks
from trading_core.simulator.orders import StandingOrder
from trading_core.simulator.walk import Walk

DEFAULT_LEVERAGE_PPM = 10 * PPM
"""A new Bybit account has 10x on each symbol."""

NEVER_FALLS = -1
NEVER_RISES = 1 << 62


@dataclass(slots=True)
class Book:
    """Everything an account has on one symbol."""

    instrument: Instrument
    position: Position = field(default_factory=Position)
    stop_ticks: int | None = None
    leverage_ppm: int = DEFAULT_LEVERAGE_PPM
    opened_ms: int = 0
    """When the position left zero; 0 if it never did."""
    updated_ms: int = 0
    total_realised: int = 0
    """Money units gained by closing minus fees and funding, over all positions."""
    orders: dict[int, StandingOrder] = field(default_factory=dict)
    """Open limit orders by number, in order of arrival."""
    walk: Walk | None = None
    margins: dict[int, tuple[StandingOrder, int]] = field(default_factory=dict)
    """Margin of each open order as last computed; empty it when position or leverage changes."""
    _bounds: tuple[int, int] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no price can change anything here."""
        return not self.orders and self.position.lots == 0

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever done here: not worth a record."""
        untouched = self.is_idle and not self.updated_ms and self.walk is None
        return untouched and self.leverage_ppm == DEFAULT_LEVERAGE_PPM

    def touch(self) -> None:
        """Forget the cached trigger bounds; call after every change."""
        self._bounds = None

    def liquidation(self) -> int | None:
        """Price at which the position is taken over, ticks; None when flat."""
        return liquidation_ticks(self.position, self.leverage_ppm, self.instrument)

    def bounds(self) -> tuple[int, int]:
        """(falls, rises): nothing happens while falls < price < rises."""
        if self._bounds is None:
            self._bounds = self._compute_bounds()
        return self._bounds

    def _compute_bounds(self) -> tuple[int, int]:
        falls, rises = NEVER_FALLS, NEVER_RISES
        for order in self.orders.values():
            assert order.ticks is not None
            if order.side is Side.BUY:
                falls = max(falls, order.ticks - 1)
            else:
                rises = min(rises, order.ticks + 1)
        for level in (self.stop_ticks, self.liquidation()):
            if level is None:
                continue
            if self.position.lots > 0:
                falls = max(falls, level)
            else:
                rises = min(rises, level)
        return falls, rises

    def as_record(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "position": asdict(self.position),
            "stop_ticks": self.stop_ticks,
            "leverage_ppm": self.leverage_ppm,
            "opened_ms": self.opened_ms,
            "updated_ms": self.updated_ms,
            "total_realised": self.total_realised,
            "orders": [order.as_record() for order in self.orders.values()],
            "walk": None if self.walk is None else self.walk.as_record(),
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], instrument: Instrument) -> Self:
        """The book written by ``as_record``."""
        orders = [StandingOrder.from_record(r) for r in record["orders"]]
        return cls(
            instrument,
            position=Position(**record["position"]),
            stop_ticks=record["stop_ticks"],
            leverage_ppm=record["leverage_ppm"],
            opened_ms=record["opened_ms"],
            updated_ms=record["updated_ms"],
            total_realised=record["total_realised"],
            orders={order.number: order for order in orders},
            walk=None if record["walk"] is None else Walk.from_record(record["walk"]),
        )

"""One symbol of one account: position, stop, leverage, standing orders, place on the walk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.simulator.margin import liquidation_ticks
from trading_core.simulator.orders import StandingOrder, Status
from trading_core.simulator.trailing import Trailing
from trading_core.simulator.walk import Walk

DEFAULT_LEVERAGE_PPM = 10 * PPM
"""A new Bybit account has 10x on each symbol."""

RISES = 1
"""Trigger direction of a conditional order that waits for a rise; 2 waits for a fall."""

NEVER_FALLS = -1
NEVER_RISES = 1 << 62


@dataclass(slots=True)
class Book:
    """Everything an account has on one symbol."""

    instrument: Instrument
    position: Position = field(default_factory=Position)
    stop_ticks: int | None = None
    target_ticks: int | None = None
    trailing: Trailing | None = None
    leverage_ppm: int = DEFAULT_LEVERAGE_PPM
    opened_ms: int = 0
    """When the position left zero; 0 if it never did."""
    updated_ms: int = 0
    total_realised: int = 0
    """Money units gained by closing minus fees and funding, over all positions."""
    orders: dict[int, StandingOrder] = field(default_factory=dict)
    """Open orders by number, in order of arrival: resting ones and conditional ones."""
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
            if order.status is Status.UNTRIGGERED:
                assert order.trigger_ticks is not None
                if order.trigger_direction == RISES:
                    rises = min(rises, order.trigger_ticks)
                else:
                    falls = max(falls, order.trigger_ticks)
                continue
            assert order.ticks is not None
            if order.side is Side.BUY:
                falls = max(falls, order.ticks - 1)
            else:
                rises = min(rises, order.ticks + 1)
        return self._position_bounds(falls, rises)

    def _position_bounds(self, falls: int, rises: int) -> tuple[int, int]:
        if not self.position.lots:
            return falls, rises
        long = self.position.lots > 0
        losing = [self.stop_ticks, self.liquidation()]
        gaining = [self.target_ticks]
        if self.trailing is not None:
            losing.append(self.trailing.level(long=long))
            gaining.append(self.trailing.moves_at(long=long))
        below, above = (losing, gaining) if long else (gaining, losing)
        falls = max([falls, *(level for level in below if level is not None)])
        rises = min([rises, *(level for level in above if level is not None)])
        return falls, rises

    def clear_protection(self) -> None:
        """Forget stop, target and trailing stop: the position they belong to is gone."""
        self.stop_ticks = self.target_ticks = self.trailing = None

    def as_record(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "position": asdict(self.position),
            "stop_ticks": self.stop_ticks,
            "target_ticks": self.target_ticks,
            "trailing": None if self.trailing is None else asdict(self.trailing),
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
        trailing = record.get("trailing")
        return cls(
            instrument,
            position=Position(**record["position"]),
            stop_ticks=record["stop_ticks"],
            target_ticks=record.get("target_ticks"),
            trailing=Trailing(**trailing) if trailing else None,
            leverage_ppm=record["leverage_ppm"],
            opened_ms=record["opened_ms"],
            updated_ms=record["updated_ms"],
            total_realised=record["total_realised"],
            orders={order.number: order for order in orders},
            walk=None if record["walk"] is None else Walk.from_record(record["walk"]),
        )

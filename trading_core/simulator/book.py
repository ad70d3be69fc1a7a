"""One symbol of one account: position, stop, leverage, standing orders, place on the walk."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from trading_core.execution.margin import liquidation_ticks
from trading_core.execution.order import Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.simulator.orders import StandingOrder, Status, TriggerBy
from trading_core.simulator.trailing import Trailing
from trading_core.simulator.walk import Share, Walk

DEFAULT_LEVERAGE_PPM = 10 * PPM
"""A new Bybit account has 10x on each symbol."""

RISES = 1
"""Trigger direction of a conditional order that waits for a rise; 2 waits for a fall."""

NOTHING = Share(0, 0)
ONE_WAY, LONG, SHORT = 0, 1, 2
"""Indexes of positions: Bybit's positionIdx."""

NEVER_FALLS = -1
NEVER_RISES = 1 << 62


def book_key(symbol: str, index: int) -> str:
    """Where an account keeps a position: under its symbol, in hedge mode under symbol and index."""
    return f"{symbol}#{index}" if index else symbol


def parts_of(key: str) -> tuple[str, int]:
    """(symbol, index) of a key."""
    symbol, _, index = key.partition("#")
    return symbol, int(index or ONE_WAY)


@dataclass(slots=True)
class Book:
    """Everything an account has on one symbol, in hedge mode on one side of it."""

    instrument: Instrument
    index: int = ONE_WAY
    position: Position = field(default_factory=Position)
    stop_ticks: int | None = None
    target_ticks: int | None = None
    stop_by: TriggerBy = TriggerBy.LAST
    target_by: TriggerBy = TriggerBy.LAST
    trailing: Trailing | None = None
    leverage_ppm: int = DEFAULT_LEVERAGE_PPM
    added_margin: int = 0
    """Money units behind the isolated position beyond the margin of its leverage."""
    auto_margin: bool = False
    """Whether margin is added from the balance before a liquidation."""
    opened_ms: int = 0
    """When the position left zero; 0 if it never did."""
    updated_ms: int = 0
    total_realised: int = 0
    """Money units gained by closing minus fees and funding, over all positions."""
    orders: dict[int, StandingOrder] = field(default_factory=dict)
    """Open orders by number, in order of arrival: resting ones and conditional ones."""
    protection_orders: dict[str, StandingOrder] = field(default_factory=dict)
    """Stop, target and trailing stop as orders, by ``stop_order_type``, if anybody shows them."""
    walk: Walk | None = None
    taken: Share = NOTHING
    """What was taken of the latest candle that anything was taken of."""
    margins: dict[int, tuple[StandingOrder, int]] = field(default_factory=dict)
    """Margin of each open order as last computed; empty it when position or leverage changes."""
    marked: bool = False
    """Whether mark and index price move by themselves, so that a last price doesn't set off what looks at them."""
    is_cross: bool = False
    """Whether the whole account stands behind the position."""
    cross_ticks: int | None = None
    """Where the account is taken over with cross margin, as last computed; see ``cross.refresh``."""
    _bounds: tuple[int, int] | None = None

    @property
    def key(self) -> str:
        """Where the account keeps it."""
        return book_key(self.instrument.symbol, self.index)

    @property
    def is_idle(self) -> bool:
        """Whether no price can change anything here."""
        return not self.orders and self.position.lots == 0

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was ever done here: not worth a record."""
        untouched = self.is_idle and not self.updated_ms and self.walk is None
        return untouched and self.leverage_ppm == DEFAULT_LEVERAGE_PPM and not self.auto_margin

    def touch(self) -> None:
        """Forget the cached trigger bounds; call after every change."""
        self._bounds = None

    def liquidation(self) -> int | None:
        """Price at which the position is taken over, ticks; None when flat."""
        if self.is_cross:
            return self.cross_ticks
        return liquidation_ticks(self.position, self.leverage_ppm, self.instrument, added=self.added_margin)

    def looks_at_last(self, by: TriggerBy) -> bool:
        """Whether what looks at that price goes off by the last price."""
        return by is TriggerBy.LAST or not self.marked

    def was_marked_at(self, ticks: int) -> bool:
        """Whether the mark price of the candle being walked can have been there."""
        return self.walk is None or self.walk.mark is None or self.walk.mark.holds(ticks)

    def bounds(self) -> tuple[int, int]:
        """(falls, rises): nothing happens while falls < price < rises."""
        if self._bounds is None:
            self._bounds = self._compute_bounds()
        return self._bounds

    def _compute_bounds(self) -> tuple[int, int]:
        falls, rises = self._position_bounds() if self.position.lots else (NEVER_FALLS, NEVER_RISES)
        for order in self.orders.values():
            if order.status is Status.UNTRIGGERED:
                if not self.looks_at_last(order.trigger_by):
                    continue
                level = order.trigger_ticks
                assert level is not None
                is_below = order.trigger_direction != RISES
            else:
                assert order.ticks is not None
                is_below = order.side is Side.BUY
                level = order.ticks - 1 if is_below else order.ticks + 1
            if is_below:
                falls = max(level, falls)
            else:
                rises = min(level, rises)
        return falls, rises

    def _position_bounds(self) -> tuple[int, int]:
        """Where a price meets the protection or the liquidation of the position."""
        long = self.position.lots > 0
        falls, rises = NEVER_FALLS, NEVER_RISES
        liquidation = None if self.marked else self.liquidation()
        stop = self.stop_ticks if self.looks_at_last(self.stop_by) else None
        target = self.target_ticks if self.looks_at_last(self.target_by) else None
        if liquidation is not None:
            falls, rises = (liquidation, rises) if long else (falls, liquidation)
        below, above = (stop, target) if long else (target, stop)
        if below is not None and below > falls:
            falls = below
        if above is not None and above < rises:
            rises = above
        if self.trailing is not None:
            falls, rises = self._trailing_bounds(falls, rises)
        return falls, rises

    def _trailing_bounds(self, falls: int, rises: int) -> tuple[int, int]:
        assert self.trailing is not None
        long = self.position.lots > 0
        closes, moves = self.trailing.level(long=long), self.trailing.moves_at(long=long)
        below, above = (closes, moves) if long else (moves, closes)
        return (
            falls if below is None else max(falls, below),
            rises if above is None else min(rises, above),
        )

    def take(self, share: Share, lots: int) -> None:
        """Count lots as taken of a candle."""
        before = self.taken.lots if self.taken.candle_ms == share.candle_ms else 0
        self.taken = Share(share.candle_ms, before + lots)

    def room(self, share: Share) -> int:
        """Lots of a share that are not taken yet."""
        return share.lots - self.taken.lots if self.taken.candle_ms == share.candle_ms else share.lots

    def clear_protection(self) -> None:
        """Forget stop, target and trailing stop: the position they belong to is gone."""
        self.stop_ticks = self.target_ticks = self.trailing = None
        self.stop_by = self.target_by = TriggerBy.LAST

    def as_record(self) -> dict[str, Any]:
        """Plain values for a snapshot."""
        return {
            "position": asdict(self.position),
            "stop_ticks": self.stop_ticks,
            "target_ticks": self.target_ticks,
            "stop_by": self.stop_by,
            "target_by": self.target_by,
            "trailing": None if self.trailing is None else asdict(self.trailing),
            "leverage_ppm": self.leverage_ppm,
            "added_margin": self.added_margin,
            "auto_margin": self.auto_margin,
            "opened_ms": self.opened_ms,
            "updated_ms": self.updated_ms,
            "total_realised": self.total_realised,
            "orders": [order.as_record() for order in self.orders.values()],
            "protection_orders": [order.as_record() for order in self.protection_orders.values()],
            "walk": None if self.walk is None else self.walk.as_record(),
            "taken": list(self.taken),
        }

    @classmethod
    def from_record(
        cls,
        record: dict[str, Any],
        instrument: Instrument,
        *,
        index: int = ONE_WAY,
        marked: bool = False,
        is_cross: bool = False,
    ) -> Self:
        """The book written by ``as_record``."""
        orders = [StandingOrder.from_record(r) for r in record["orders"]]
        shown = [StandingOrder.from_record(r) for r in record.get("protection_orders", [])]
        trailing = record.get("trailing")
        return cls(
            instrument,
            index=index,
            position=Position(**record["position"]),
            stop_ticks=record["stop_ticks"],
            target_ticks=record.get("target_ticks"),
            stop_by=TriggerBy(record.get("stop_by", TriggerBy.LAST)),
            target_by=TriggerBy(record.get("target_by", TriggerBy.LAST)),
            trailing=Trailing(**trailing) if trailing else None,
            leverage_ppm=record["leverage_ppm"],
            added_margin=record.get("added_margin", 0),
            auto_margin=record.get("auto_margin", False),
            opened_ms=record["opened_ms"],
            updated_ms=record["updated_ms"],
            total_realised=record["total_realised"],
            orders={order.number: order for order in orders},
            protection_orders={order.stop_order_type: order for order in shown},
            walk=None if record["walk"] is None else Walk.from_record(record["walk"]),
            marked=marked,
            is_cross=is_cross,
            taken=Share(*record.get("taken", NOTHING)),
        )

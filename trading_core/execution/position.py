"""Positions: the netting of executions, in integers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.money import mul_div_floor


@dataclass(frozen=True, slots=True)
class Position:
    """Net holding of one symbol on one account."""

    lots: int = 0
    """Positive long, negative short."""
    cost: int = 0
    """Σ ticks·lots of what is held, never negative; average price = cost / |lots|."""
    realised: int = 0
    """Money units gained by closing, before fees and funding; since the position was opened."""
    fees: int = 0
    """Money units paid since the position was opened."""

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held."""
        return self.lots == 0

    @property
    def side(self) -> Side | None:
        """Buy for long, Sell for short, None when flat."""
        return None if not self.lots else Side.of(self.lots)

    def unrealised(self, ticks: int, instrument: Instrument) -> int:
        """Money gained if closed at that price, before fees, rounded down."""
        direction = 1 if self.lots > 0 else -1
        return instrument.notional_floor(direction * (ticks * abs(self.lots) - self.cost))


def apply(
    position: Position, *, side: Side, ticks: int, lots: int, fee: int, instrument: Instrument
) -> Position:
    """Return the position after an execution.

    Adding raises the cost by ticks·lots; closing takes a pro rata share of the cost (rounded down
    on what leaves) and realises the rest; trading through zero closes first and opens the other
    way with what is left. A position that starts from flat forgets the sums of the one before.
    """
    if position.is_flat:
        return Position(lots=side.sign * lots, cost=ticks * lots, realised=0, fees=fee)
    held = abs(position.lots)
    if side is position.side:
        return replace(
            position,
            lots=position.lots + side.sign * lots,
            cost=position.cost + ticks * lots,
            fees=position.fees + fee,
        )
    closed = min(held, lots)
    share = position.cost if closed == held else mul_div_floor(position.cost, closed, held)
    direction = 1 if position.lots > 0 else -1
    gained = instrument.notional_floor(direction * (ticks * closed - share))
    rest = replace(
        position,
        lots=position.lots + side.sign * closed,
        cost=position.cost - share,
        realised=position.realised + gained,
        fees=position.fees + fee,
    )
    if lots == closed:
        return rest
    return Position(lots=side.sign * (lots - closed), cost=ticks * (lots - closed))

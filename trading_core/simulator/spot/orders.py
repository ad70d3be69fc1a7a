"""Spot orders and their executions: those of a contract, with coins instead of a position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trading_core.simulator.events import Executed
from trading_core.simulator.orders import StandingOrder


@dataclass(frozen=True, slots=True)
class SpotOrder(StandingOrder):
    """A spot order as it stands after the latest event."""

    amount: int = 0
    """Money units of the quote coin a market order is for; 0 if it is for a quantity."""
    in_quote: bool = False
    """Whether a market order was given as an amount of the quote coin."""

    def as_record(self) -> dict[str, Any]:
        """Plain values that tell of themselves that the order is a spot order."""
        return {**super(SpotOrder, self).as_record(), "category": "spot"}


@dataclass(frozen=True, slots=True)
class SpotExecuted(Executed):
    """A match of a spot order; ``fee`` is in 10⁻⁸ of ``fee_coin``, which is the coin that was bought."""

    fee_coin: str = ""
    base_left: int = 0
    """10⁻⁸ base coins held afterwards."""


def order_from_record(record: dict[str, Any]) -> StandingOrder:
    """The order of a record, spot or not."""
    kind = SpotOrder if record.get("category") == "spot" else StandingOrder
    return kind.from_record(record)

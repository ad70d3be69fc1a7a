"""Executions: one match each, the only source of positions."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.execution.order import Role, Side


@dataclass(frozen=True, slots=True)
class Execution:
    """One match as the venue reported it, in our integers."""

    exec_id: str
    link: str
    """Client order id; empty for the venue's own orders (stop, liquidation)."""
    venue_order_id: str
    symbol: str
    side: Side
    ticks: int
    lots: int
    fee: int
    """Money units, positive = paid."""
    is_maker: bool
    role: Role
    time_ms: int
    """Market clock."""
    sequence: int
    """Order of events on the account as the venue numbers them."""

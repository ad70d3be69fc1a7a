"""Trades: round trips from flat to flat, made of executions alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trading_core.execution.order import Role
from trading_core.performance.ledger import ExecutionRecord


@dataclass(frozen=True, slots=True)
class Trade:
    """One closed round trip. Money units, ticks, lots, milliseconds."""

    symbol: str
    number: int
    direction: int
    opened_ms: int
    closed_ms: int
    lots: int
    """Most ever held."""
    entry_tick_lots: int
    """Σ ticks·lots of what opened; over ``entry_lots`` the average entry price."""
    entry_lots: int
    exit_tick_lots: int
    exit_lots: int
    legs: int
    """Averaging legs that were filled, at least in part."""
    gained: int
    """Before fees."""
    fees: int
    reason: str
    """``ExitReason`` of the last execution."""

    @property
    def net(self) -> int:
        """Profit after fees."""
        return self.gained - self.fees


@dataclass(slots=True)
class _Trip:
    first: ExecutionRecord
    held: int = 0
    most: int = 0
    entry_tick_lots: int = 0
    entry_lots: int = 0
    exit_tick_lots: int = 0
    exit_lots: int = 0
    gained: int = 0
    fees: int = 0

    def add(self, execution: ExecutionRecord) -> None:
        opens = execution.side is self.first.side
        worth = execution.ticks * execution.lots
        if opens:
            self.entry_tick_lots += worth
            self.entry_lots += execution.lots
        else:
            self.exit_tick_lots += worth
            self.exit_lots += execution.lots
        self.held += execution.lots if opens else -execution.lots
        self.most = max(self.most, self.held)
        self.gained += execution.gained
        self.fees += execution.fee


def trades_of(executions: Iterable[ExecutionRecord]) -> list[Trade]:
    """The closed round trips in order of closing; a position still open is left out."""
    trips: dict[str, _Trip] = {}
    legs: dict[str, set[int]] = {}
    trades = []
    for execution in executions:
        symbol = execution.symbol
        trip = trips.setdefault(symbol, _Trip(execution))
        if execution.role is Role.AVERAGE:
            legs.setdefault(symbol, set()).add(execution.leg)
        trip.add(execution)
        if trip.held == 0:
            trades.append(_trade(trip, execution, len(legs.pop(symbol, ()))))
            del trips[symbol]
    return trades


def _trade(trip: _Trip, last: ExecutionRecord, legs: int) -> Trade:
    return Trade(
        symbol=last.symbol,
        number=last.trade,
        direction=trip.first.side.sign,
        opened_ms=trip.first.time_ms,
        closed_ms=last.time_ms,
        lots=trip.most,
        entry_tick_lots=trip.entry_tick_lots,
        entry_lots=trip.entry_lots,
        exit_tick_lots=trip.exit_tick_lots,
        exit_lots=trip.exit_lots,
        legs=legs,
        gained=trip.gained,
        fees=trip.fees,
        reason=last.reason,
    )

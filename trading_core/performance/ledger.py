"""The record of a run: decisions, orders and executions as both drivers write them down.

A backtest fills these from memory, the live path from its rows, so the two can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from trading_core.execution.intent import ExitReason
from trading_core.execution.order import Role, Side


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One outcome."""

    symbol: str
    close_ms: int
    code: str
    leaves: str = ""
    """Truth of the conditions, packed, in hex."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """As ``OutcomeRecord.details``."""


@runtime_checkable
class Tallied(Protocol):
    """Decisions kept as columns, which tell these without making a record of each."""

    def counts(self) -> Counter[str]:
        """How many closes came to what, by outcome code."""

    def of_code(self, code: str) -> Sequence[DecisionRecord]:
        """The outcomes of one code, rising in time."""

    def leaves_of(self, codes: frozenset[str]) -> Counter[str]:
        """How often each packed answer of the conditions stood behind outcomes of these codes."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order as it ended, or stands."""

    symbol: str
    trade: int
    role: Role
    leg: int
    revision: int
    side: Side
    ticks: int | None
    lots: int
    filled: int
    reduce_only: bool
    state: str
    """``OrderState``, or ``not_sent`` for what the end of the data left unsent."""
    decided_ms: int
    reason: str = ""
    stop_ticks: int | None = None
    """Stop attached when it was placed, where it is known."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One execution with the order it belongs to."""

    symbol: str
    time_ms: int
    sequence: int
    trade: int
    role: Role
    """STOP for the protective stop and for liquidations."""
    leg: int
    side: Side
    ticks: int
    lots: int
    fee: int
    """Money units, positive = paid."""
    gained: int
    """Money units realised by closing, before the fee."""
    is_maker: bool
    reason: str = ""
    """Of an execution that closes: an ``ExitReason``."""
    market_ticks: int = 0
    """Last price when it happened, 0 where nobody knows: what a taker paid beyond it is slippage."""


@dataclass(frozen=True, slots=True)
class FundingRecord:
    """One funding payment of a position."""

    symbol: str
    time_ms: int
    sequence: int
    """Among the account's executions: it belongs to the trade open there."""
    lots: int
    """Held: positive long, negative short."""
    ticks: int
    """Mark price it was reckoned at."""
    rate_e8: int | None
    """Of the value, 10⁻⁸; longs pay a positive one. None: the books don't tell."""
    paid: int
    """Money units, negative = received."""


@dataclass(frozen=True, slots=True)
class EquityRecord:
    """Account at a close, money units."""

    close_ms: int
    wallet: int
    unrealised: int

    @property
    def equity(self) -> int:
        """Wallet and unrealised profit."""
        return self.wallet + self.unrealised


def closing_reason(
    role: Role, exit_reason: str, *, liquidated: bool, tightened_by: str = "", leg: int = 0
) -> str:
    """Why an execution closed: by its role, our own exits by what the plan decided, a stop by what moved it.

    An exit with a ``leg`` is what a person took from a trade that goes on.
    """
    if liquidated:
        return ExitReason.LIQUIDATION.value
    if role is Role.TAKE_PROFIT:
        return ExitReason.TAKE_PROFIT.value
    if role is Role.STOP:
        return tightened_by or ExitReason.STOP.value
    if role is Role.EXIT and leg:
        return ExitReason.MANUAL.value
    return exit_reason or ExitReason.EXTERNAL.value

"""Executions and equity as columns: a year of minutes is arrays, and becomes records only where one is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from trading_core.execution.order import Role, Side
from trading_core.performance.ledger import EquityRecord, ExecutionRecord

Integers = npt.NDArray[np.int64]

ROLES = tuple(Role)
"""A role in a column is its place here."""

_STOP = ROLES.index(Role.STOP)

_OF_EXECUTION = ("time_ms", "sequence", "trade", "leg", "ticks", "lots", "fee", "gained", "market_ticks")


@dataclass(frozen=True, slots=True, eq=False)
class Executions(Sequence[ExecutionRecord]):
    """Executions in the order they happened; each array has one row per execution, as in the record."""

    symbols: tuple[str, ...]
    reasons: tuple[str, ...]
    symbol: Integers
    """Place in ``symbols``."""
    time_ms: Integers
    sequence: Integers
    trade: Integers
    role: Integers
    """Place in ``ROLES``."""
    leg: Integers
    sign: Integers
    """+1 for a buy, -1 for a sell."""
    ticks: Integers
    lots: Integers
    fee: Integers
    gained: Integers
    is_maker: npt.NDArray[np.bool_]
    reason: Integers
    """Place in ``reasons``."""
    market_ticks: Integers

    @classmethod
    def of(cls, records: Sequence[ExecutionRecord]) -> Self:
        """The columns of records; of columns, themselves."""
        if isinstance(records, cls):
            return records
        symbols, symbol = _coded(r.symbol for r in records)
        reasons, reason = _coded(r.reason for r in records)
        whole = {name: _column(getattr(r, name) for r in records) for name in _OF_EXECUTION}
        return cls(
            symbols=symbols,
            reasons=reasons,
            symbol=symbol,
            role=_column(ROLES.index(r.role) for r in records),
            sign=_column(r.side.sign for r in records),
            is_maker=np.array([r.is_maker for r in records], dtype=np.bool_),
            reason=reason,
            **whole,
        )

    @property
    def at_open(self) -> npt.NDArray[np.bool_]:
        """Whether it was filled as a minute opened, not inside the one that ended then: a market order of ours.

        Both carry the time of the boundary. A resting order that took at once counts as one too.
        """
        ours: npt.NDArray[np.bool_] = ~self.is_maker & (self.role != _STOP)
        return ours

    def __len__(self) -> int:
        """How many there are."""
        return len(self.time_ms)

    @overload
    def __getitem__(self, index: int) -> ExecutionRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[ExecutionRecord]: ...
    def __getitem__(self, index: int | slice) -> ExecutionRecord | list[ExecutionRecord]:
        """One record, or those of a slice."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        values: dict[str, Any] = {name: int(getattr(self, name)[index]) for name in _OF_EXECUTION}
        return ExecutionRecord(
            symbol=self.symbols[self.symbol[index]],
            role=ROLES[self.role[index]],
            side=Side.of(int(self.sign[index])),
            is_maker=bool(self.is_maker[index]),
            reason=self.reasons[self.reason[index]],
            **values,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Equity(Sequence[EquityRecord]):
    """An account at its closes; each array has one row per close."""

    close_ms: Integers
    """Rising."""
    wallet: Integers
    """Money units."""
    unrealised: Integers
    """Money units."""

    @classmethod
    def of(cls, records: Sequence[EquityRecord]) -> Self:
        """The columns of records; of columns, themselves."""
        if isinstance(records, cls):
            return records
        return cls(
            _column(r.close_ms for r in records),
            _column(r.wallet for r in records),
            _column(r.unrealised for r in records),
        )

    def __len__(self) -> int:
        """How many closes there are."""
        return len(self.close_ms)

    @overload
    def __getitem__(self, index: int) -> EquityRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Equity: ...
    def __getitem__(self, index: int | slice) -> EquityRecord | Equity:
        """One record, or the columns of a slice."""
        if isinstance(index, slice):
            return Equity(self.close_ms[index], self.wallet[index], self.unrealised[index])
        return EquityRecord(int(self.close_ms[index]), int(self.wallet[index]), int(self.unrealised[index]))


def _column(values: Iterable[int]) -> Integers:
    return np.fromiter(values, dtype=np.int64)


def _coded(values: Iterable[str]) -> tuple[tuple[str, ...], Integers]:
    """The distinct values in order of appearance, and the place of each value among them."""
    places: dict[str, int] = {}
    codes = _column(places.setdefault(value, len(places)) for value in values)
    return tuple(places), codes

"""Trades: round trips from flat to flat, made of executions and funding alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self, overload

import numpy as np

from trading_core.execution.order import Role
from trading_core.performance.columns import ROLES, Executions, Integers
from trading_core.performance.ledger import ExecutionRecord, FundingRecord

_AVERAGE = ROLES.index(Role.AVERAGE)


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip. Money units, ticks, lots, milliseconds."""

    symbol: str
    number: int
    direction: int
    opened_ms: int
    closed_ms: int
    """Of one still open: its last execution."""
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
    """Before fees and funding."""
    fees: int
    funding: int
    """Paid; negative = received."""
    reason: str
    """``ExitReason`` of the last execution."""

    @property
    def net(self) -> int:
        """Profit after fees and funding."""
        return self.gained - self.fees - self.funding


@dataclass(frozen=True, slots=True, eq=False)
class Trades(Sequence[Trade]):
    """Round trips as columns, one row each, as in the record."""

    executions: Executions
    order: Integers
    """Executions sorted by symbol: those of trade i are ``order[first[i]:stop[i]]``."""
    first: Integers
    stop: Integers
    symbol: Integers
    """Place in ``executions.symbols``."""
    number: Integers
    direction: Integers
    opened_ms: Integers
    closed_ms: Integers
    lots: Integers
    entry_tick_lots: Integers
    entry_lots: Integers
    exit_tick_lots: Integers
    exit_lots: Integers
    legs: Integers
    gained: Integers
    fees: Integers
    funding: Integers
    reason: Integers
    """Place in ``executions.reasons``."""

    @property
    def net(self) -> Integers:
        """Profit after fees and funding."""
        return self.gained - self.fees - self.funding

    def __len__(self) -> int:
        """How many there are."""
        return len(self.first)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> list[Trade]: ...
    def __getitem__(self, index: int | slice) -> Trade | list[Trade]:
        """One record, or those of a slice."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        values = {name: int(getattr(self, name)[index]) for name in _NUMBERS}
        symbol = self.executions.symbols[self.symbol[index]]
        return Trade(symbol=symbol, reason=self.executions.reasons[self.reason[index]], **values)

    def only(self, rows: Integers) -> Self:
        """Some of them, in that order."""
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self)[2:]}
        return type(self)(self.executions, self.order, **columns)


_NUMBERS = tuple(f.name for f in fields(Trade) if f.name not in ("symbol", "reason"))


def trades_of(executions: Sequence[ExecutionRecord], fundings: Sequence[FundingRecord] = ()) -> Trades:
    """The closed round trips in order of closing; a position still open is left out."""
    return split_trades(executions, fundings)[0]


def split_trades(
    executions: Sequence[ExecutionRecord], fundings: Sequence[FundingRecord] = ()
) -> tuple[Trades, Trades]:
    """The round trips that ended, in order of closing, and those still open."""
    columns = Executions.of(executions)
    order = np.argsort(columns.symbol, kind="stable")
    held = _held(columns, order)
    first, stop, closed = _trips(columns.symbol[order], held)
    found = _columns(columns, order, first, stop, held, fundings)
    ended = np.flatnonzero(closed)
    ended = ended[np.argsort(order[stop[ended] - 1])]
    return found.only(ended), found.only(np.flatnonzero(~closed))


def _held(executions: Executions, order: Integers) -> Integers:
    """Lots held after each execution, symbol by symbol."""
    total = np.cumsum((executions.sign * executions.lots)[order])
    codes = executions.symbol[order]
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    before = np.where(begins > 0, total[begins - 1], 0)
    held: Integers = total - np.repeat(before, np.diff(begins, append=len(codes)))
    return held


def _trips(codes: Integers, held: Integers) -> tuple[Integers, Integers, Integers]:
    """Where trips begin and stop in sorted executions, and whether they ended flat."""
    if not len(codes):
        none = np.empty(0, dtype=np.int64)
        return none, none, none.astype(np.bool_)
    last = held == 0
    last[:-1] |= codes[1:] != codes[:-1]
    last[-1] = True
    stop = np.flatnonzero(last) + 1
    first = np.concatenate(([0], stop[:-1]))
    return first, stop, held[stop - 1] == 0


def _columns(
    executions: Executions,
    order: Integers,
    first: Integers,
    stop: Integers,
    held: Integers,
    fundings: Sequence[FundingRecord],
) -> Trades:
    opener, closer = order[first], order[stop - 1]
    trip = np.repeat(np.arange(len(first)), stop - first)
    direction, lots = executions.sign[opener], executions.lots[order]
    opens = executions.sign[order] == direction[trip]
    worth = executions.ticks[order] * lots

    def total(values: Integers) -> Integers:
        return np.add.reduceat(values, first) if len(first) else values[:0]

    return Trades(
        executions=executions,
        order=order,
        first=first,
        stop=stop,
        symbol=executions.symbol[opener],
        number=executions.trade[closer],
        direction=direction,
        opened_ms=executions.time_ms[opener],
        closed_ms=executions.time_ms[closer],
        lots=np.maximum.reduceat(np.abs(held), first) if len(first) else held[:0],
        entry_tick_lots=total(np.where(opens, worth, 0)),
        entry_lots=total(np.where(opens, lots, 0)),
        exit_tick_lots=total(np.where(opens, 0, worth)),
        exit_lots=total(np.where(opens, 0, lots)),
        legs=_legs(executions, order, trip, len(first)),
        gained=total(executions.gained[order]),
        fees=total(executions.fee[order]),
        funding=_funding(executions, opener, closer, held[stop - 1] == 0, fundings),
        reason=executions.reason[closer],
    )


def _legs(executions: Executions, order: Integers, trip: Integers, count: int) -> Integers:
    """How many different averaging legs each trip filled."""
    rows = np.flatnonzero(executions.role[order] == _AVERAGE)
    legs = executions.leg[order][rows]
    pairs = np.unique(np.stack((trip[rows], legs)), axis=1)
    return np.bincount(pairs[0], minlength=count).astype(np.int64)


def _funding(
    executions: Executions,
    opener: Integers,
    closer: Integers,
    closed: Integers,
    fundings: Sequence[FundingRecord],
) -> Integers:
    """What each trip paid: a payment belongs to the trip its place among the executions lies in."""
    paid = np.zeros(len(opener), dtype=np.int64)
    names = executions.symbols
    for symbol in {funding.symbol for funding in fundings} & set(names):
        rows = np.flatnonzero(executions.symbol[opener] == names.index(symbol))
        ours = [funding for funding in fundings if funding.symbol == symbol]
        at = np.array([funding.sequence for funding in ours], dtype=np.int64)
        place = np.searchsorted(executions.sequence[opener[rows]], at) - 1
        row = rows[np.maximum(place, 0)]
        open_then = (place >= 0) & (~closed[row] | (at < executions.sequence[closer[row]]))
        money = np.array([funding.paid for funding in ours], dtype=np.int64)
        np.add.at(paid, row[open_then], money[open_then])
    return paid

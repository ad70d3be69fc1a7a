"""What a backtest remembers for the risk ladder: equity of day and peak, locks, trades that are over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trading_core.backtest.journal import Journal
from trading_core.engine.document import BotDocument
from trading_core.engine.laddered import laddered
from trading_core.engine.snapshot import Snapshot
from trading_core.market.timeframe import MINUTE_MS
from trading_core.performance.ledger import ExecutionRecord, FundingRecord
from trading_core.risk.guards import Ended
from trading_core.risk.levels import Level, Limits, Where
from trading_core.risk.locks import Lock
from trading_core.risk.tiers import Mark, advance

ZONE = "UTC"


@dataclass(slots=True)
class _Trip:
    lots: int = 0
    net: int = 0


@dataclass(slots=True)
class RiskBook:
    """The ladder of one run: the bot's own rung, and those above it that were given."""

    document: BotDocument
    above: Mapping[Where, Limits] = field(default_factory=dict)
    zone: str = ZONE
    mark: Mark | None = None
    locks: list[Lock] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    _trips: dict[tuple[str, int], _Trip] = field(default_factory=dict)
    _executions: int = 0
    _fundings: int = 0

    @property
    def watches(self) -> bool:
        """Whether every close must be decided: equity may lock something, or a lock may end."""
        limits = [self.document.limits, *self.above.values()]
        return bool(self.locks) or any(one.watches_equity for one in limits)

    def guarded(self, snapshot: Snapshot, journal: Journal) -> Snapshot:
        """The snapshot with ladder, locks and what the guards look back on."""
        self.mark = advance(self.mark, snapshot.equity, snapshot.close_ms, self.zone)
        guards = self.document.guards
        if guards.asks_results:
            self._read_trades(journal)
            snapshot = replace(snapshot, trades=tuple(self.ended))
        if guards.orders_per_minute is not None:
            since = snapshot.close_ms - MINUTE_MS
            lately = sum(order.decided_ms > since for order in journal.orders[-10_000:])
            snapshot = replace(snapshot, orders_lately=lately)
        snapshot, fresh = laddered(snapshot, self._levels(), self.locks, bot="", zone=self.zone)
        self.locks += fresh
        return snapshot

    def _levels(self) -> list[Level]:
        mark = self.mark
        assert mark is not None
        rungs = {Where.BOT: self.document.limits, **self.above}
        return [
            Level(
                where,
                limits,
                mark.equity,
                mark.day_start,
                mark.peak,
                day_ms=mark.day_ms,
                peak_ms=mark.peak_ms,
            )
            for where, limits in rungs.items()
        ]

    def _read_trades(self, journal: Journal) -> None:
        """Take in what was executed and settled since; at one time funding comes after the fills."""
        executions = journal.executions[self._executions :]
        fundings = journal.fundings[self._fundings :]
        self._executions, self._fundings = len(journal.executions), len(journal.fundings)
        told: list[ExecutionRecord | FundingRecord] = [*executions, *fundings]
        for one in sorted(told, key=lambda record: record.time_ms):
            if isinstance(one, ExecutionRecord):
                self._add(one)
            else:
                self._fund(one)

    def _fund(self, funding: FundingRecord) -> None:
        for (symbol, _), trip in self._trips.items():
            if symbol == funding.symbol:
                trip.net -= funding.paid

    def _add(self, execution: ExecutionRecord) -> None:
        key = (execution.symbol, execution.trade)
        trip = self._trips.setdefault(key, _Trip())
        trip.lots += execution.side.sign * execution.lots
        trip.net += execution.gained - execution.fee
        if not trip.lots:
            del self._trips[key]
            self.ended.append(Ended(execution.symbol, execution.time_ms, trip.net, execution.reason))

"""Tags of trades: what was true when a trade was entered, as its decision wrote it down."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence

from trading_core.performance.ledger import DecisionRecord, Tallied
from trading_core.performance.trades import Trade

ENTERED = "entered"
"""``OutcomeCode`` of the decision behind a trade."""


class EntryTags:
    """The tags of the entries of one run; decisions rise in time."""

    def __init__(self, decisions: Iterable[DecisionRecord]) -> None:
        self._times: dict[str, list[int]] = defaultdict(list)
        self._tags: dict[str, list[Sequence[str]]] = defaultdict(list)
        for decision in decisions.of_code(ENTERED) if isinstance(decisions, Tallied) else decisions:
            if decision.code == ENTERED:
                self._times[decision.symbol].append(decision.close_ms)
                self._tags[decision.symbol].append(decision.details.get("tags", ()))

    def of(self, trade: Trade) -> Sequence[str]:
        """The tags of the last entry decided before the trade's position opened."""
        place = bisect_right(self._times[trade.symbol], trade.opened_ms)
        return self._tags[trade.symbol][place - 1] if place else ()

"""Metrics of a run: each a value, or null with the reason there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_core.money import amount, plain
from trading_core.performance.ledger import DecisionRecord, EquityRecord
from trading_core.performance.trades import Trade

NO_TRADES = "no closed trade"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure, or the reason it is missing."""

    value: str | int | None
    reason: str = ""

    def as_data(self) -> Any:
        """The value, or ``{"value": null, "reason": ...}``."""
        return self.value if self.value is not None else {"value": None, "reason": self.reason}


def metrics_of(
    trades: Sequence[Trade], equity: Sequence[EquityRecord], *, start: int, wallet: int, fees: int
) -> dict[str, Metric]:
    """Return the figures of a run that began with ``start`` and ended with ``wallet`` money units.

    ``fees`` are those of all executions, also of a trade still open at the end.
    """
    wins = [t.net for t in trades if t.net > 0]
    losses = [-t.net for t in trades if t.net <= 0]
    final = equity[-1].equity if equity else wallet
    fall, share = max_drawdown([start, *(point.equity for point in equity)])
    return {
        "trades": Metric(len(trades)),
        "net_profit": Metric(_money(wallet - start)),
        "net_profit_pct": Metric(_ratio((wallet - start) * 100, start)),
        "final_equity": Metric(_money(final)),
        "fees": Metric(_money(fees)),
        "wins": Metric(len(wins)),
        "losses": Metric(len(losses)),
        "win_rate_pct": _share(len(wins) * 100, len(trades), NO_TRADES),
        "profit_factor": _profit_factor(wins, losses),
        "expectancy": Metric(_money(sum(t.net for t in trades) // len(trades)))
        if trades
        else _none(NO_TRADES),
        "max_drawdown": Metric(_money(fall)),
        "max_drawdown_pct": Metric(share),
        "legs_filled": Metric(sum(t.legs for t in trades)),
        "average_minutes": _share(
            sum(t.closed_ms - t.opened_ms for t in trades), 60_000 * len(trades), NO_TRADES
        ),
    }


def exit_reasons(trades: Sequence[Trade]) -> dict[str, int]:
    """How many trades ended for which reason, by name."""
    return dict(sorted(Counter(trade.reason for trade in trades).items()))


def outcome_counts(decisions: Sequence[DecisionRecord]) -> dict[str, int]:
    """How many closes came to what, by outcome code."""
    return dict(sorted(Counter(decision.code for decision in decisions).items()))


def max_drawdown(equity: Sequence[int]) -> tuple[int, str]:
    """The deepest fall of equity from a peak: money units, and percent of that peak."""
    peak, worst, at = 0, 0, 1
    for value in equity:
        peak = max(peak, value)
        if (peak - value) * at > worst * peak:
            worst, at = peak - value, peak
    return worst, _ratio(worst * 100, at)


def _profit_factor(wins: Sequence[int], losses: Sequence[int]) -> Metric:
    """Sum of gains over sum of losses."""
    if not wins and not losses:
        return _none(NO_TRADES)
    return _share(sum(wins), sum(losses), "no losing trade")


def _share(part: int, whole: int, reason: str) -> Metric:
    return Metric(_ratio(part, whole)) if whole else _none(reason)


def _none(reason: str) -> Metric:
    return Metric(None, reason)


def _money(units: int) -> str:
    return plain(amount(units))


def _ratio(part: int, whole: int) -> str:
    """part/whole with four decimals, rounded half even."""
    return plain((Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")))

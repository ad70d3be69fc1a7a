"""The honesty badge: what a report's figures are worth, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from trading_core.money import plain
from trading_core.performance.metric import Metric
from trading_core.performance.significance import GRADES, grade_of, margin_points

CERTAIN_PCT = Decimal(95)
FEES_PCT = Decimal(30)
AMBIGUOUS_PCT = Decimal(5)


class _Check(NamedTuple):
    name: str
    needs: tuple[str, ...]
    """Metrics it looks at."""
    holds: Callable[..., bool]
    says: str
    """The metrics in the order of ``needs``."""


_CHECKS = (
    _Check(
        "interval",
        ("expectancy_low", "expectancy_high"),
        lambda low, _: low > 0,
        "Drawn anew from the trades there are, the mean trade makes between {0} and {1} USDT in 90 % of the draws. "
        "It holds if the whole interval lies above 0.",
    ),
    _Check(
        "probabilistic_sharpe",
        ("probabilistic_sharpe_pct",),
        lambda chance: chance >= CERTAIN_PCT,
        "Given length, skew and fat tails of its days, the chance that the true Sharpe ratio is above 0 is "
        "{0} %. It holds from 95 % on.",
    ),
    _Check(
        "random_entries",
        ("random_beaten_pct", "random_net"),
        lambda beaten, _: beaten >= CERTAIN_PCT,
        "The run beats {0} % of runs that entered at random with the same sides, sizes, holding times and "
        "costs; those made {1} USDT on average. It holds from 95 % on.",
    ),
    _Check(
        "fees",
        ("fees_of_gross_profit_pct",),
        lambda share: share <= FEES_PCT,
        "Fees take {0} % of the gross profit of winning trades. It holds up to 30 %: beyond, a slightly worse "
        "fill turns the result.",
    ),
    _Check(
        "ambiguous_candles",
        ("ambiguous_pct",),
        lambda share: share <= AMBIGUOUS_PCT,
        "In {0} % of the minutes that reached an order or a stop, both sides were within reach, so that the "
        "order of events inside the minute decided; the worse one was taken. It holds up to 5 %.",
    ),
)


def badge_of(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """Return the grade by number of trades and each check: whether it holds (None: can't be told), and why."""
    count = int(metrics["trades"].value or 0)
    return {
        "grade": grade_of(count),
        "trades": count,
        "says": _of_grade(count),
        "checks": [_told(check, [metrics[name] for name in check.needs]) for check in _CHECKS],
    }


def _of_grade(count: int) -> str:
    if not count:
        return "Without a closed trade there is nothing to judge."
    best, wanted = GRADES[0]
    known = f"A win rate seen over {count} trades may be off by {margin_points(count):.1f} points at 95 % confidence"
    return f"{known}." if count >= wanted else f"{known}; {wanted} trades, ±5 points, are a grade {best}."


def _told(check: _Check, values: list[Metric]) -> dict[str, Any]:
    reason = next((value.reason for value in values if value.value is None), None)
    if reason is not None:
        return {"name": check.name, "holds": None, "says": f"Can't be told: {reason}."}
    told = [Decimal(str(value.value)) for value in values]
    rounded = [plain(round(number, 2)) for number in told]
    return {"name": check.name, "holds": check.holds(*told), "says": check.says.format(*rounded)}

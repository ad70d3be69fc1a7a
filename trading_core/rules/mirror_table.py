"""What becomes of an indicator's output when a chart is turned upside down.

======== ============================================================== =============================
kind     the output in the mirror                                       examples
======== ============================================================== =============================
LEVEL    a line on the price: above becomes below                       ema; the upper band, as lower
CENTRED  as far on the other side of its centre                         rsi (50), macd (0)
FREE     as it is: it knows no direction, or its partner has one too    atr, adx; plus_di, as minus_di
======== ============================================================== =============================

An indicator that is not in the table is judged by its chart: a line on the price is a level, what has a
fixed range is centred in it, what has guide lines around 0 is centred there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator, Pane


class Kind(Enum):
    """How an output behaves in the mirror."""

    LEVEL = auto()
    CENTRED = auto()
    FREE = auto()


@dataclass(frozen=True, slots=True)
class Reflection:
    """An output's kind, its centre, and what takes its place: another output or indicator."""

    kind: Kind
    centre: float = 0.0
    partner: str | None = None
    indicator: str | None = None


FREE = Reflection(Kind.FREE)
LEVEL = Reflection(Kind.LEVEL)
CENTRED = Reflection(Kind.CENTRED)


def swapped(kind: Kind, *pairs: tuple[str, str]) -> dict[str, Reflection]:
    """Outputs that take each other's place."""
    both = [*pairs, *((other, one) for one, other in pairs)]
    return {one: Reflection(kind, partner=other) for one, other in both}


_FREE = (
    "adxr", "atr", "atr_pct", "average_range", "bandwidth_percentile", "chaikin_volatility", "choppiness", "dx",
    "efficiency_ratio", "historical_volatility", "mass_index", "r_squared", "relative_volume", "stddev",
    "true_range", "variance", "volume_sma",
)  # fmt: skip
"""Indicators with one output that knows no direction."""

_TABLE: dict[str, dict[str, Reflection]] = {
    **{name: {"value": FREE} for name in _FREE},
    "adx": {"adx": FREE, **swapped(Kind.FREE, ("plus_di", "minus_di"))},
    "aroon": swapped(Kind.FREE, ("up", "down")),
    "bollinger": {
        **swapped(Kind.LEVEL, ("upper", "lower")),
        "middle": LEVEL,
        "percent_b": Reflection(Kind.CENTRED, 0.5),
        "width": FREE,
    },
    "candle": {"body": FREE, **swapped(Kind.FREE, ("upper_wick", "lower_wick"))},
    "chandelier": swapped(Kind.LEVEL, ("long", "short")),
    "elder_ray": swapped(Kind.CENTRED, ("bull", "bear")),
    "heikin_ashi": {"open": LEVEL, "close": LEVEL, **swapped(Kind.LEVEL, ("high", "low"))},
    "highest": {"value": Reflection(Kind.LEVEL, indicator="lowest")},
    "lowest": {"value": Reflection(Kind.LEVEL, indicator="highest")},
    "pivots": {"pivot": LEVEL, **swapped(Kind.LEVEL, ("r1", "s1"), ("r2", "s2"))},
    "pvo": {"pvo": FREE, "signal": FREE, "histogram": FREE},
    "regime": {"state": CENTRED, "trend": CENTRED, "volatility": FREE},
    "supertrend": {"line": LEVEL, "direction": CENTRED},
    "ulcer_index": {},
    "vortex": swapped(Kind.FREE, ("plus", "minus")),
}
TABLE: Mapping[str, Mapping[str, Reflection]] = MappingProxyType(_TABLE)
"""By indicator and output, where the chart does not tell; one without outputs here has no mirror."""


def reflection(indicator: str, output: str) -> Reflection | None:
    """Return how an output behaves in the mirror; None if nothing tells."""
    known = TABLE.get(indicator)
    return by_chart(CATALOG[indicator], output) if known is None else known.get(output)


def by_chart(indicator: Indicator, output: str) -> Reflection | None:
    """What the chart hints tell; None if they don't."""
    chart = indicator.chart
    if chart.pane is Pane.PRICE:
        other = {"upper": "lower", "lower": "upper"}.get(output)
        return Reflection(Kind.LEVEL, partner=other if other in indicator.outputs else None)
    if chart.low is not None and chart.high is not None:
        return Reflection(Kind.CENTRED, (chart.low + chart.high) / 2)
    if chart.guides and sorted(chart.guides) == sorted(-guide for guide in chart.guides):
        return CENTRED
    return None

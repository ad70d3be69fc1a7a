"""Days and hours of a run: the best, the worst, and how many came to what. UTC, by equity."""

from __future__ import annotations

import numpy as np

from trading_core.performance.columns import Integers
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.metric import Metric, missing, money
from trading_core.performance.places import places_after

_HOUR_MS = 3_600_000


def calendar_figures(curve: Curve) -> dict[str, Metric]:
    """Return best and worst day and hour with when they began, and the number of days won, even and lost."""
    days, gains = _gains(curve, DAY_MS)
    return {
        **_extremes("day", days, gains),
        **_extremes("hour", *_gains(curve, _HOUR_MS)),
        "days_won": Metric(int((gains > 0).sum())),
        "days_even": Metric(int((gains == 0).sum())),
        "days_lost": Metric(int((gains < 0).sum())),
    }


def _gains(curve: Curve, length: int) -> tuple[Integers, Integers]:
    """When each stretch of a run begins, and what equity gained in it; the first and the last may be short."""
    start, end = int(curve.times[0]), int(curve.times[-1])
    if start == end:
        return curve.times[:0], curve.values[:0]
    bounds = np.arange((start // length + 1) * length, end, length)
    ends = np.concatenate(([start], bounds, [end]))
    stands = curve.values[places_after(curve.times, ends) - 1]
    return ends[:-1], np.diff(stands)


def _extremes(name: str, begins: Integers, gains: Integers) -> dict[str, Metric]:
    if not len(gains):
        none = missing(f"no {name}")
        return dict.fromkeys((f"best_{name}", f"best_{name}_at", f"worst_{name}", f"worst_{name}_at"), none)
    best, worst = int(gains.argmax()), int(gains.argmin())
    return {
        f"best_{name}": money(int(gains[best])),
        f"best_{name}_at": _when(int(begins[best])),
        f"worst_{name}": money(int(gains[worst])),
        f"worst_{name}_at": _when(int(begins[worst])),
    }


def _when(time_ms: int) -> Metric:
    return Metric(f"{np.datetime64(time_ms, 'ms').astype('datetime64[m]')}Z")

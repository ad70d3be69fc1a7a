"""Risk tiers: how the value of a position bounds its leverage and sets its maintenance margin."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from trading_core.money import PPM, mul_div_ceil

WITHOUT_END = 10**25
"""Limit of a tier that holds for any value, money units."""
_LAST_INITIAL_PPM = 500_000
_LEVERAGE_STEP_PPM = 10_000


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One row of Bybit's risk limits."""

    number: int
    """The venue's id of the tier."""
    limit: int
    """Highest position value, money units."""
    initial_ppm: int
    """Lowest initial margin rate, as the venue rounds it."""
    maintenance_ppm: int
    deduction: int
    """Money units taken off value x rate, so that the margin does not jump between tiers."""
    leverage_ppm: int
    """Highest leverage, parts per million: 2x = 2 000 000."""


Tiers = tuple[RiskTier, ...]
"""From the lowest limit to the highest; never empty."""


def tier_of(tiers: Tiers, value: int) -> RiskTier:
    """The tier of a position worth that many money units; the last one beyond all limits."""
    at = bisect_left(tiers, value, key=lambda tier: tier.limit)
    return tiers[min(at, len(tiers) - 1)]


def maintenance_of(tiers: Tiers, value: int) -> int:
    """Maintenance margin of a position value, both money units, rounded up."""
    tier = tier_of(tiers, value)
    return max(0, mul_div_ceil(value, tier.maintenance_ppm, PPM) - tier.deduction)


def limit_at(tiers: Tiers, leverage_ppm: int) -> int:
    """The highest position value at that leverage, money units; 0 if no tier allows it."""
    return max((tier.limit for tier in tiers if tier.leverage_ppm >= leverage_ppm), default=0)


def single_tier(maintenance_ppm: int, max_leverage: Decimal) -> Tiers:
    """The only tier of a contract whose risk limits nobody told."""
    leverage_ppm = int(max_leverage * PPM)
    initial_ppm = PPM * PPM // leverage_ppm
    return (RiskTier(1, WITHOUT_END, initial_ppm, maintenance_ppm, 0, leverage_ppm),)


def with_deductions(rows: Iterable[tuple[int, int, int]]) -> Tiers:
    """Tiers of (limit, initial rate, maintenance rate), numbered from 1.

    Deduction: that of the tier below and its limit times the step of the rate, as in Bybit's tables;
    leverage: the inverse of the initial rate, cut to two decimals.
    """
    tiers: list[RiskTier] = []
    for number, (limit, initial_ppm, maintenance_ppm) in enumerate(rows, start=1):
        below = tiers[-1] if tiers else None
        step = 0 if below is None else below.limit * (maintenance_ppm - below.maintenance_ppm) // PPM
        deduction = step + (0 if below is None else below.deduction)
        leverage_ppm = PPM * PPM // initial_ppm // _LEVERAGE_STEP_PPM * _LEVERAGE_STEP_PPM
        tiers.append(RiskTier(number, limit, initial_ppm, maintenance_ppm, deduction, leverage_ppm))
    return tuple(tiers)


def plausible_tiers(limit: int, maintenance_ppm: int, max_leverage: Decimal) -> Tiers:
    """Made-up tiers in the shape of recorded ones, down to twofold leverage.

    Each initial rate is a quarter above the one below, each step of the limit as long as the first.
    """
    initial_ppm, leverage_ppm = _rounded(int(PPM / max_leverage)), int(max_leverage * PPM)
    rows = [(limit, initial_ppm, maintenance_ppm)]
    while rows[-1][1] < _LAST_INITIAL_PPM:
        top, initial, maintenance = rows[-1]
        initial = min(_LAST_INITIAL_PPM, _rounded(initial * 5 // 4))
        rows.append((top + limit, initial, max(maintenance, initial // 2)))
    first, *others = with_deductions(rows)
    lowest = RiskTier(1, first.limit, first.initial_ppm, first.maintenance_ppm, 0, leverage_ppm)
    return (lowest, *others)


def _rounded(rate_ppm: int) -> int:
    """A rate with four decimals, as venues print it."""
    return rate_ppm // 100 * 100

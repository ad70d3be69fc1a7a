"""Ratios against slow, plain arithmetic over the same days, and against values worked out by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.daily import daily
from trading_core.performance.ledger import EquityRecord
from trading_core.performance.ratios import (
    cagr,
    omega,
    probabilistic_sharpe,
    ratios_of,
    sharpe,
    sortino,
    tail_loss,
    ulcer,
)

U = 10**8


def returns(count: int, *, seed: int = 3, drift: float = 0.002) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(drift, 0.02) for _ in range(count)]


def close(found: str | int | None, expected: float) -> bool:
    return found is not None and abs(float(found) - expected) <= 5.1e-7


def test_days_end_at_midnight_utc_and_the_first_and_last_may_be_short() -> None:
    noon = DAY_MS // 2
    points = [(noon + 1, 101), (DAY_MS, 102), (DAY_MS + 5, 90), (3 * DAY_MS, 95), (3 * DAY_MS + 7, 97)]
    records = [EquityRecord(at, value * U, 0) for at, value in points]

    days = daily(Curve.of(records, start=100 * U, start_ms=noon))

    assert (days.equity / U).tolist() == [100, 102, 90, 95, 97]
    assert days.returns.tolist() == pytest.approx([0.02, 90 / 102 - 1, 95 / 90 - 1, 97 / 95 - 1])
    assert days.days == (2.5 * DAY_MS + 7) / DAY_MS


def test_ratios_equal_plain_arithmetic() -> None:
    told = returns(200)
    days = np.array(told)
    mean = sum(told) / len(told)
    spread = math.sqrt(sum((r - mean) ** 2 for r in told) / (len(told) - 1))
    down = math.sqrt(sum(min(r, 0.0) ** 2 for r in told) / len(told))

    assert close(sharpe(days).value, mean / spread * math.sqrt(365))
    assert close(sortino(days).value, mean / down * math.sqrt(365))
    assert close(omega(days).value, sum(r for r in told if r > 0) / -sum(r for r in told if r < 0))
    assert close(tail_loss(days).value, 100 * sum(sorted(told)[:10]) / 10)


def test_the_probability_is_that_of_the_paper() -> None:
    assert probabilistic_sharpe(np.array([0.01, -0.01] * 50)).value == "50"
    told = [*returns(100, drift=0.001), 0.15, -0.2]
    count, mean = len(told), sum(told) / len(told)
    second, third, fourth = (sum((r - mean) ** power for r in told) / count for power in (2, 3, 4))
    ratio = mean / math.sqrt(second * count / (count - 1))
    skew, kurtosis = third / second**1.5, fourth / second**2
    assert kurtosis > 8  # and a normal distribution has 3
    wide = math.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    sigma = ratio * math.sqrt(count - 1) / wide

    assert close(probabilistic_sharpe(np.array(told)).value, 50 * (1 + math.erf(sigma / math.sqrt(2))))


def test_growth_is_told_from_ninety_days_on() -> None:
    def run(days: int) -> Curve:
        return Curve.of([EquityRecord(days * DAY_MS, 121 * U, 0)], start=100 * U, start_ms=0)

    assert cagr(daily(run(89))) is None
    assert cagr(daily(run(730))) == pytest.approx(0.1)
    assert ratios_of(daily(run(730)), deepest=0.05)["calmar"].value == "2"
    assert ratios_of(daily(run(730)), deepest=0.0)["calmar"].reason == "no drawdown"
    lost = Curve.of([EquityRecord(365 * DAY_MS, 0, 0)], start=100 * U, start_ms=0)
    assert cagr(daily(lost)) == -1.0


def test_ulcer_of_a_fall_by_hand() -> None:
    # Peaks 100, 100, 100, 110: falls 10 %, 20 %, none.
    assert close(ulcer(np.array([100.0, 90.0, 80.0, 110.0])).value, 100 * math.sqrt((0.01 + 0.04) / 2))


def test_a_still_account_has_no_ratio() -> None:
    still = np.zeros(60)
    assert sharpe(still).reason == "equity never moved"
    assert sortino(still).reason == "no day with a loss"
    assert omega(still).reason == "no day with a loss"
    assert probabilistic_sharpe(still).reason == "equity never moved"

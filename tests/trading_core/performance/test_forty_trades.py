"""Forty trades, ten rounds of four, and every figure of theirs worked out by hand.

One lot, one tick and one coin are the same size; fees are half a coin an execution. A day has one round:

====  =====  ============================  ======  ====  =====  ====  =======================  ======
      side   executions                    gained  fees  net    held  planned loss (R)         net/R
====  =====  ============================  ======  ====  =====  ====  =======================  ======
A     long   100 → 110                     10      1     +9     10    100 - 95 = 5             +1.8
B     short  100 → 105                     -5      1     -6     20    104 - 100 = 4            -1.5
C     long   100, leg at 90 → 97 twice     4       1.5   +2.5   30    100 - 80 = 20            +0.125
D     long   100 → 101                     1       1     0      5     100 - 98 = 2             0
====  =====  ============================  ======  ====  =====  ====  =======================  ======

A round: gained 10, fees 4.5, net 5.5. Ten of them: 100, 45, 55.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.trading_core.performance.ledgers import execution, told, track
from trading_core.execution.order import Role, Side
from trading_core.performance.curve import DAY_MS
from trading_core.performance.ledger import ExecutionRecord
from trading_core.performance.report import Report, report_of
from trading_core.performance.track import TrackRecord

ROUNDS = 10
HOUR = 60
BUY, SELL = Side.BUY, Side.SELL


def one_round(day: int) -> list[ExecutionRecord]:
    """The trades of a day: at 00:00, 06:00, 12:00 and 18:00."""
    start, trade = day * 24 * HOUR, 4 * day
    told: list[dict[str, Any]] = [{"fee": 0.5, "trade": trade + place} for place in range(1, 5)]
    a, b, c, d = told
    return [
        execution(start, Role.ENTRY, BUY, 100, 1, **a),
        execution(start + 10, Role.TAKE_PROFIT, SELL, 110, 1, gained=10, reason="take_profit", **a),
        execution(start + 6 * HOUR, Role.ENTRY, SELL, 100, 1, **b),
        execution(start + 6 * HOUR + 20, Role.STOP, BUY, 105, 1, gained=-5, reason="stop", **b),
        execution(start + 12 * HOUR, Role.ENTRY, BUY, 100, 1, **c),
        execution(start + 12 * HOUR + 15, Role.AVERAGE, BUY, 90, 1, leg=1, **c),
        execution(start + 12 * HOUR + 30, Role.TAKE_PROFIT, SELL, 97, 2, gained=4, reason="take_profit", **c),
        execution(start + 18 * HOUR, Role.ENTRY, BUY, 100, 1, **d),
        execution(start + 18 * HOUR + 5, Role.EXIT, SELL, 101, 1, gained=1, reason="rule", **d),
    ]


def forty_trades() -> TrackRecord:
    """Equity is told four times a day, as each trade has been closed."""
    ledger = [each for day in range(ROUNDS) for each in one_round(day)]
    equity, balance = [1_000.0], 1_000.0
    for net in (9.0, -6.0, 2.5, 0.0) * ROUNDS:
        balance += net
        equity.append(balance)
    stops = {
        ("ETHUSDT", 4 * day + place): stop
        for day in range(ROUNDS)
        for place, stop in enumerate((95, 104, 80, 98), start=1)
    }
    return track(ledger, equity, step_ms=DAY_MS // 4, stops=stops)


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(forty_trades())


def test_result(report: Report) -> None:
    expected = {
        "net_profit": "55", "net_profit_pct": "5.5", "final_equity": "1055", "total_return_pct": "5.5",
        "fees": "45", "funding": "0",
        "fees_of_gross_profit_pct": "30",  # 45 / (10 · (10 + 4 + 1))
        "funding_of_gross_profit_pct": "0",
    }  # fmt: skip
    found = told(report.metrics)
    assert {name: found[name] for name in expected} == expected


def test_trades(report: Report) -> None:
    expected = {
        "trades": 40, "wins": 20, "losses": 10, "draws": 10, "win_rate_pct": "50",
        "profit_factor": "1.9167",  # (90 + 25) / 60
        "expectancy": "1.375",  # 55 / 40
        "expectancy_pct": "0.1375",
        "average_win": "5.75",  # 115 / 20
        "average_loss": "-6",
        "expectancy_ratio": "-0.020833",  # (1 + 5.75 / 6) · 0.5 - 1 = -1 / 48
        "best_trade": "9", "worst_trade": "-6",
        "longest_winning_streak": 1,  # a draw lies between C and the next A
        "longest_losing_streak": 1,
        "trades_per_day": "4", "legs_filled": 10,
        "average_minutes": "16.25",  # (10 + 20 + 30 + 5) / 4
        "median_minutes": "15", "longest_minutes": "30",
        "winning_average_minutes": "20", "winning_median_minutes": "20", "winning_longest_minutes": "30",
        "losing_average_minutes": "20", "losing_median_minutes": "20", "losing_longest_minutes": "20",
    }  # fmt: skip
    found = told(report.metrics)
    assert {name: found[name] for name in expected} == expected
    assert report.badge["grade"] == "F"  # fewer than 107


def test_units_of_risk(report: Report) -> None:
    # Mean R = (1.8 - 1.5 + 0.125 + 0) / 4. Squares of what each is off: 1.69375², 1.60625², 0.01875², 0.10625².
    mean = 0.425 / 4
    squares = 1.69375**2 + 1.60625**2 + 0.01875**2 + 0.10625**2
    deviation = math.sqrt(10 * squares / 39)
    assert report.metrics["expectancy_r"].exact == pytest.approx(mean, abs=1e-12)
    assert report.metrics["sqn"].exact == pytest.approx(math.sqrt(40) * mean / deviation, abs=1e-12)


def test_drawdowns(report: Report) -> None:
    # Equity falls by 6 after each A, and C brings back 2.5: a new peak comes with the A of the next day,
    # 9 higher than where it stood, 5.5 above the peak before. The first fall is the deepest share of its peak.
    found = told(report.metrics)
    assert len(report.falls) == ROUNDS
    assert (found["max_drawdown"], found["max_drawdown_money"]) == ("6", "6")
    assert found["max_drawdown_pct"] == "0.5946"  # 6 / 1009
    assert found["realised_drawdown"] == "6"
    assert found["recovery_days"] == "0.75"  # from B to the next A: three steps of four
    assert found["longest_underwater_days"] == "1"
    assert found["open_drawdown_pct"] == "0.3307"  # (6 - 2.5) / (1000 + 9 · 5.5 + 9)
    assert found["recovery_factor"] == "9.1667"  # 55 / 6
    first = report.falls[0]
    assert (first.peak_ms, first.trough_ms, first.recovered_ms) == (DAY_MS // 4, DAY_MS // 2, 5 * DAY_MS // 4)


def test_days(report: Report) -> None:
    found = told(report.metrics)
    # What is told at midnight belongs to the day that ends there: every day has A, B, C and D.
    assert (found["days_won"], found["days_even"], found["days_lost"]) == (10, 0, 0)
    assert (found["best_day"], found["worst_day"]) == ("5.5", "5.5")
    # A is told at 06:00, so it lies in the hour that ends there.
    assert (found["best_hour"], found["best_hour_at"]) == ("9", "1970-01-01T05:00Z")
    assert (found["worst_hour"], found["worst_hour_at"]) == ("-6", "1970-01-01T11:00Z")


def test_ratios_of_days(report: Report) -> None:
    # Day d returns 5.5 / (1000 + 5.5 · d).
    returns = [5.5 / (1_000 + 5.5 * day) for day in range(ROUNDS)]
    assert report.metrics["sharpe"].reason == "fewer than 30 days"
    assert report.metrics["sortino"].reason == report.metrics["omega"].reason == "no day with a loss"
    # Half a day of ten is none, so it is the worst of all: the last.
    assert report.metrics["cvar_pct"].exact == pytest.approx(100 * returns[-1], abs=1e-12)
    assert report.metrics["ulcer_pct"].value == "0"


def test_time_in_the_market(report: Report) -> None:
    # 10 + 20 + 30 + 5 minutes of a day of 1440.
    assert report.metrics["exposure_time_pct"].exact == pytest.approx(100 * 65 / 1_440, abs=1e-12)


def test_parts_add_up(report: Report) -> None:
    parts = report.breakdown
    assert {name: (part["trades"], part["net"]) for name, part in parts["exit_reason"].items()} == {
        "rule": (10, "0"), "stop": (10, "-60"), "take_profit": (20, "115"),
    }  # fmt: skip
    assert {name: part["net"] for name, part in parts["hour"].items()} == {
        "00": "90", "06": "-60", "12": "25", "18": "0",
    }  # fmt: skip
    assert {name: part["trades"] for name, part in parts["legs"].items()} == {"0": 30, "1": 10}
    assert list(parts["weekday"]) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert parts["month"]["1970-01"]["fees"] == "45"
    assert len(parts["day"]) == 10


def test_a_trade_without_a_planned_stop_leaves_no_figure_in_r() -> None:
    record = forty_trades()
    stops = {key: stop for key, stop in record.stops.items() if key[1] != 7}

    metrics = report_of(replace(record, stops=stops)).metrics

    assert metrics["sqn"].reason == metrics["expectancy_r"].reason
    assert metrics["sqn"].value is None

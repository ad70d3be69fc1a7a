from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from tests.trading_core.performance.ledgers import U, execution, funding, told, track
from trading_core.execution.order import Role, Side
from trading_core.performance.breakdown import breakdown
from trading_core.performance.columns import Executions
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.drawdowns import deepest, drawdowns
from trading_core.performance.ledger import EquityRecord, closing_reason
from trading_core.performance.metric import number
from trading_core.performance.metrics import exit_reasons, max_drawdown, percent
from trading_core.performance.report import report_of
from trading_core.performance.trades import split_trades, trades_of

WON = [
    execution(1, Role.ENTRY, Side.BUY, 100, 2),
    execution(2, Role.AVERAGE, Side.BUY, 90, 2, leg=1),
    execution(5, Role.TAKE_PROFIT, Side.SELL, 105, 4, gained=40, reason="take_profit"),
]
LOST = [
    execution(6, Role.ENTRY, Side.SELL, 100, 1),
    execution(7, Role.STOP, Side.BUY, 110, 1, gained=-10, reason="stop"),
]
OPEN = [execution(9, Role.ENTRY, Side.BUY, 100, 1)]


def test_trades_are_round_trips_and_leave_an_open_one_out() -> None:
    won, lost = trades_of([*WON, *LOST, *OPEN])

    assert (won.direction, won.lots, won.legs, won.gained, won.fees, won.net) == (
        1,
        4,
        1,
        40 * U,
        3 * U,
        37 * U,
    )
    assert (won.entry_tick_lots, won.entry_lots, won.exit_tick_lots) == (380, 4, 420)
    assert (lost.direction, lost.net, lost.reason) == (-1, -12 * U, "stop")


def curve(*equity: int) -> Curve:
    """One point each day, the first of them the start."""
    records = [EquityRecord(i * DAY_MS, 0, value * U) for i, value in enumerate(equity)]
    return Curve.of(records[1:], start=equity[0] * U, start_ms=0)


def test_metrics_of_a_ledger_counted_by_hand() -> None:
    report = report_of(track([*WON, *LOST], (1_000, 1_037, 1_010, 1_025)))

    found = told(report.metrics)
    expected = {
        "net_profit": "25", "net_profit_pct": "2.5", "final_equity": "1025", "total_return_pct": "2.5",
        "fees": "5", "fees_of_gross_profit_pct": "12.5",
        "trades": 2, "wins": 1, "losses": 1, "draws": 0, "win_rate_pct": "50", "profit_factor": "3.0833",
        "expectancy": "12.5", "expectancy_pct": "1.25", "average_win": "37", "average_loss": "-12",
        "best_trade": "37", "worst_trade": "-12", "longest_winning_streak": 1, "longest_losing_streak": 1,
        "expectancy_ratio": "1.041667",  # (1 + 37/12) / 2 - 1
        "trades_per_day": "0.666667", "legs_filled": 1,
        "average_minutes": "2.5", "median_minutes": "2.5", "longest_minutes": "4",
        "winning_median_minutes": "4", "losing_average_minutes": "1",
        "max_drawdown": "27", "max_drawdown_pct": "2.6037", "max_drawdown_money": "27",
        "open_drawdown_pct": "1.1572", "longest_underwater_days": "2", "recovery_factor": "0.9259",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert exit_reasons(report.trades) == {"stop": 1, "take_profit": 1}


def test_metrics_without_trades_are_null_with_a_reason() -> None:
    found = report_of(track()).metrics

    assert found["profit_factor"].as_data() == {"value": None, "reason": "no closed trade"}
    assert found["win_rate_pct"].value is None
    assert found["net_profit"].value == "0"
    assert found["sharpe"].as_data() == {"value": None, "reason": "fewer than 30 days"}
    assert found["calmar"].reason == found["cagr_pct"].reason == "shorter than 90 days"
    winning = report_of(track(WON, (1_000, 1_037))).metrics
    assert winning["profit_factor"].as_data() == {"value": None, "reason": "no losing trade"}
    assert winning["recovery_factor"].reason == "no drawdown"


def test_no_figure_is_a_number_that_stands_for_none() -> None:
    for record in (
        track(),
        track((), [1_000] * 120),
        track(LOST, (1_000, 500, 0, 0)),
        track(OPEN, (1_000, 990), step_ms=60_000),
    ):
        for name, metric in report_of(record).metrics.items():
            assert (metric.value is None) == bool(metric.reason), name
            assert metric.value not in ("NaN", "Infinity", "-Infinity"), name


def test_a_break_even_trade_is_a_draw_and_ends_a_streak() -> None:
    even = [
        execution(20, Role.ENTRY, Side.BUY, 100, 1),
        execution(21, Role.EXIT, Side.SELL, 102, 1, gained=2, reason="rule"),
    ]
    found = report_of(track([*LOST, *even, *LOST, *LOST], (1_000, 964))).metrics

    assert [found[n].value for n in ("wins", "losses", "draws", "longest_losing_streak")] == [0, 3, 1, 2]
    assert found["win_rate_pct"].value == "0"
    assert found["expectancy_ratio"].value == "-1"


def test_trades_are_parted_by_when_they_closed_and_why() -> None:
    late = [replace(each, time_ms=1_704_063_600_000) for each in WON]  # 2023-12-31 23:00 UTC, a Sunday
    trades = trades_of([*LOST, *late])

    found = breakdown(trades)

    assert found["month"]["2023-12"]["net"] == "37"
    assert list(found["weekday"]) == ["Thu", "Sun"]
    assert list(found["week"]) == ["1969-12-29", "2023-12-25"]  # named by their Mondays
    assert list(found["day"]) == ["1970-01-01", "2023-12-31"]
    assert found["hour"]["23"]["wins"] == 1
    assert found["exit_reason"]["stop"] == {
        "trades": 1, "wins": 0, "win_rate_pct": "0", "net": "-12", "fees": "2", "funding": "0",
    }  # fmt: skip
    assert found["legs"]["1"]["trades"] == 1
    there = breakdown(trades, zone=ZoneInfo("Asia/Tokyo"))
    assert list(there["month"]) == ["1970-01", "2024-01"]
    assert list(there["weekday"]) == ["Mon", "Thu"]


def test_funding_belongs_to_the_trade_it_was_paid_in() -> None:
    payments = [funding(0, 50), funding(3, 2), funding(4, -1), funding(6, 50), funding(9, 7), funding(10, 3)]
    ledger = [*WON, *[replace(each, sequence=each.sequence + 1) for each in LOST], *OPEN]

    closed, still = split_trades(ledger, payments)

    assert [trade.funding // U for trade in closed] == [1, 0]
    assert [trade.net // U for trade in closed] == [36, -12]
    assert [trade.funding // U for trade in still] == [3]
    assert still[0].exit_lots == 0


def test_columns_are_the_records_again() -> None:
    ledger = [*WON, *LOST, *OPEN]

    assert list(Executions.of(ledger)) == ledger
    assert Executions.of(ledger)[-2:] == ledger[-2:]


def test_a_ratio_beyond_reason_is_none() -> None:
    assert number(1e13).reason == number(float("nan")).reason == "too large to mean anything"
    assert number(-np.inf).value is None


def test_drawdowns_have_a_peak_a_trough_and_a_recovery() -> None:
    falls = drawdowns(curve(100, 90, 80, 100, 120, 119, 121, 60))

    assert [(f.peak_ms // DAY_MS, f.trough_ms // DAY_MS, f.end_ms // DAY_MS) for f in falls] == [
        (0, 2, 3), (4, 5, 6), (6, 7, 7),
    ]  # fmt: skip
    assert [f.recovered_ms is None for f in falls] == [False, False, True]
    assert [percent(f) for f in deepest(falls)] == ["50.4132", "20", "0.8333"]


def test_drawdown_is_the_deepest_share_of_a_peak() -> None:
    assert max_drawdown([100, 90, 200, 185]) == (10, "10")
    assert max_drawdown([100, 110, 120]) == (0, "0")


def test_closing_reason_prefers_what_the_market_did() -> None:
    assert closing_reason(Role.STOP, "rule", liquidated=False) == "stop"
    assert closing_reason(Role.EXIT, "rule", liquidated=False) == "rule"
    assert closing_reason(Role.STOP, "", liquidated=True) == "liquidation"
    assert closing_reason(Role.EXIT, "", liquidated=False) == "external"

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from trading_core.execution.order import Role, Side
from trading_core.performance.breakdown import breakdown
from trading_core.performance.curve import DAY_MS, Curve
from trading_core.performance.drawdowns import deepest, drawdowns
from trading_core.performance.ledger import EquityRecord, ExecutionRecord, closing_reason
from trading_core.performance.metric import Metric
from trading_core.performance.metrics import exit_reasons, max_drawdown, metrics_of, percent
from trading_core.performance.trades import Trade, trades_of

U = 10**8


def execution(
    time: int,
    role: Role,
    side: Side,
    ticks: int,
    lots: int,
    *,
    gained: int = 0,
    leg: int = 0,
    reason: str = "",
) -> ExecutionRecord:
    return ExecutionRecord(
        "ETHUSDT",
        time * 60_000,
        time,
        1,
        role,
        leg,
        side,
        ticks,
        lots,
        U,
        gained * U,
        is_maker=False,
        reason=reason,
    )


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


def curve(*equity: int, step_ms: int = 86_400_000) -> Curve:
    """One point each step from time 0 on, the first of them the start."""
    records = [EquityRecord(i * step_ms, 0, value * U) for i, value in enumerate(equity)]
    return Curve.of(records[1:], start=equity[0] * U, start_ms=0)


def metrics(trades: list[Trade], over: Curve, *, wallet: int, fees: int = 0) -> dict[str, Metric]:
    return metrics_of(trades, over, drawdowns(over), wallet=wallet * U, fees=fees * U)


def test_metrics_of_a_ledger_counted_by_hand() -> None:
    trades = trades_of([*WON, *LOST])

    found = metrics(trades, curve(1_000, 1_037, 1_010, 1_025), wallet=1_025, fees=5)

    told = {name: metric.value for name, metric in found.items()}
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
        "open_drawdown_pct": "2.6037", "longest_underwater_days": "2", "recovery_factor": "0.9259",
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    assert exit_reasons(trades) == {"stop": 1, "take_profit": 1}


def test_metrics_without_trades_are_null_with_a_reason() -> None:
    found = metrics([], curve(1_000), wallet=1_000)

    assert found["profit_factor"].as_data() == {"value": None, "reason": "no closed trade"}
    assert found["win_rate_pct"].value is None
    assert found["net_profit"].value == "0"
    assert found["sharpe"].as_data() == {"value": None, "reason": "fewer than 30 days"}
    assert found["calmar"].reason == found["cagr_pct"].reason == "shorter than 90 days"
    winning = metrics(trades_of(WON), curve(1_000, 1_037), wallet=1_037)
    assert winning["profit_factor"].as_data() == {"value": None, "reason": "no losing trade"}
    assert winning["recovery_factor"].reason == "no drawdown"


def test_no_figure_is_a_number_that_stands_for_none() -> None:
    for found in (
        metrics([], curve(1_000), wallet=1_000),
        metrics([], curve(*[1_000] * 120), wallet=1_000),
        metrics(trades_of(LOST), curve(1_000, 500, 0, 0), wallet=0),
    ):
        for name, metric in found.items():
            assert (metric.value is None) == bool(metric.reason), name
            assert metric.value not in ("NaN", "Infinity", "-Infinity"), name


def test_a_break_even_trade_is_a_draw_and_ends_a_streak() -> None:
    even = [
        execution(20, Role.ENTRY, Side.BUY, 100, 1),
        execution(21, Role.EXIT, Side.SELL, 102, 1, gained=2, reason="rule"),
    ]
    trades = trades_of([*LOST, *even, *LOST, *LOST])

    found = metrics(trades, curve(1_000, 964), wallet=964)

    assert [found[n].value for n in ("wins", "losses", "draws", "longest_losing_streak")] == [0, 3, 1, 2]
    assert found["win_rate_pct"].value == "0"
    assert found["expectancy_ratio"].value == "-1"


def test_trades_are_parted_by_when_they_closed_and_why() -> None:
    late = replace(trades_of(WON)[0], closed_ms=1_704_063_600_000)  # 2023-12-31 23:00 UTC, a Sunday
    found = breakdown([late, *trades_of(LOST)])

    assert found["month"]["2023-12"]["net"] == "37"
    assert list(found["weekday"]) == ["Thu", "Sun"]
    assert found["hour"]["23"]["wins"] == 1
    assert found["exit_reason"]["stop"] == {
        "trades": 1, "wins": 0, "win_rate_pct": "0", "net": "-12", "fees": "2",
    }  # fmt: skip
    assert found["legs"]["1"]["trades"] == 1
    there = breakdown([late], zone=ZoneInfo("Asia/Tokyo"))
    assert list(there["month"]) == ["2024-01"]


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

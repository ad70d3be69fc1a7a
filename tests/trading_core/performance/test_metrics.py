from __future__ import annotations

from trading_core.execution.order import Role, Side
from trading_core.performance.ledger import EquityRecord, ExecutionRecord, closing_reason
from trading_core.performance.metrics import exit_reasons, max_drawdown, metrics_of
from trading_core.performance.trades import trades_of

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


def test_metrics_of_a_ledger_counted_by_hand() -> None:
    trades = trades_of([*WON, *LOST])
    equity = [EquityRecord(i, 0, value * U) for i, value in enumerate([1_000, 1_037, 1_010, 1_025])]

    found = metrics_of(trades, equity, start=1_000 * U, wallet=1_025 * U, fees=5 * U)

    assert found["net_profit"].value == "25"
    assert found["net_profit_pct"].value == "2.5"
    assert found["win_rate_pct"].value == "50"
    assert found["profit_factor"].value == "3.0833"
    assert found["expectancy"].value == "12.5"
    assert found["max_drawdown"].value == "27"
    assert found["max_drawdown_pct"].value == "2.6037"
    assert found["average_minutes"].value == "2.5"
    assert exit_reasons(trades) == {"stop": 1, "take_profit": 1}


def test_metrics_without_trades_are_null_with_a_reason() -> None:
    found = metrics_of([], [], start=1_000 * U, wallet=1_000 * U, fees=0)

    assert found["profit_factor"].as_data() == {"value": None, "reason": "no closed trade"}
    assert found["win_rate_pct"].value is None
    assert found["net_profit"].value == "0"
    winning = metrics_of(trades_of(WON), [], start=1_000 * U, wallet=1_037 * U, fees=0)
    assert winning["profit_factor"].as_data() == {"value": None, "reason": "no losing trade"}


def test_drawdown_is_the_deepest_share_of_a_peak() -> None:
    assert max_drawdown([100, 90, 200, 185]) == (10, "10")
    assert max_drawdown([100, 110, 120]) == (0, "0")


def test_closing_reason_prefers_what_the_market_did() -> None:
    assert closing_reason(Role.STOP, "rule", liquidated=False) == "stop"
    assert closing_reason(Role.EXIT, "rule", liquidated=False) == "rule"
    assert closing_reason(Role.STOP, "", liquidated=True) == "liquidation"
    assert closing_reason(Role.EXIT, "", liquidated=False) == "external"

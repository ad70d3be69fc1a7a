"""The ladder in a backtest: losses lock until the day ends, guards look back on the run's own trades."""

from __future__ import annotations

from itertools import takewhile

from tests.trading_core.backtest.test_run import plan, play, priced
from trading_core.backtest.result import Played
from trading_core.market.timeframe import MINUTE_MS, Timeframe
from trading_core.performance.trades import trades_of

DAY = Timeframe.D1.ms
SIGNALLED = {"entered", "locked", "losing_streak"}


def signalled(played: Played) -> dict[int, str]:
    """The outcomes of closes at which the rules asked for an entry while flat."""
    return {d.close_ms: d.code for d in played.decisions if d.code in SIGNALLED}


def test_a_days_loss_keeps_from_entries_until_the_next_day() -> None:
    bot = plan(**{"risk.limits": {"day_loss": {"no_entries_pct": "0.2"}}, "plan.size.quote": "1500"})
    played = play(bot, priced(2_000, seed=4, wild=1.0))

    codes = signalled(played)
    start: dict[int, int] = {}
    locked: set[int] = set()
    for point in played.equity:
        day = point.close_ms // DAY
        if day not in start:
            start[day] = point.equity
        if (start[day] - point.equity) * 1_000 >= 2 * start[day]:
            locked.add(day)
        if point.close_ms in codes:
            assert (codes[point.close_ms] == "locked") is (day in locked)
    assert locked
    assert {"entered", "locked"} <= set(codes.values())
    assert any(code == "entered" and when // DAY > min(locked) for when, code in codes.items())


def test_a_drawdown_that_flattens_closes_and_ends_the_run() -> None:
    bot = plan(**{"risk.limits": {"drawdown": {"flatten_pct": "0.3"}}, "plan.size.quote": "1500"})
    played = play(bot, priced(1_000, seed=3))

    reasons = [trade.reason for trade in trades_of(played.executions)]
    closed = next(d.close_ms for d in played.decisions if d.code == "exit_risk")
    after = [d.code for d in played.decisions if d.close_ms > closed]
    assert reasons[-1] == "risk"
    assert "entered" not in after
    assert "locked" in after
    assert played.equity[-1].unrealised == 0


def test_losses_in_a_row_pause_the_bot() -> None:
    bot = plan(**{"risk.guards": {"losses_in_a_row": 2, "losses_pause_minutes": 45}})
    played = play(bot, priced(1_500, seed=2))

    trades = sorted(trades_of(played.executions, played.fundings), key=lambda trade: trade.closed_ms)
    codes = signalled(played)
    for when, code in codes.items():
        before = [trade for trade in trades if trade.closed_ms <= when]
        row = len(list(takewhile(lambda trade: trade.net < 0, reversed(before))))
        pausing = row >= 2 and when < before[-1].closed_ms + 45 * MINUTE_MS
        assert (code == "losing_streak") is pausing
    assert "losing_streak" in codes.values()


def test_a_stop_can_be_the_last_trade() -> None:
    played = play(plan(), priced(1_500, seed=2))
    reasons = [trade.reason for trade in trades_of(played.executions)]
    assert reasons.index("stop") < len(reasons) - 1

    ended = play(plan(**{"risk.guards": {"after_stop": "close_only"}}), priced(1_500, seed=2))
    trades = trades_of(ended.executions)
    stopped = next(trade.closed_ms for trade in trades if trade.reason == "stop")
    codes = {d.close_ms: d.code for d in ended.decisions}
    after = {code for when, code in codes.items() if when > stopped}
    assert all(trade.opened_ms <= stopped for trade in trades)
    assert "entries_paused" in after
    assert "entered" not in after


def test_limits_that_nothing_reaches_change_nothing() -> None:
    found = priced(600, seed=7)
    limits = {
        "day_loss": {"flatten_pct": "99"},
        "drawdown": {"flatten_pct": "99"},
        "gross": "900",
        "net": "900",
    }
    free = play(plan(), found)
    limited = play(plan(**{"risk.limits": limits}), found)

    assert limited.executions == free.executions
    assert limited.equity == free.equity
    assert [(d.close_ms, d.code) for d in limited.decisions] == [(d.close_ms, d.code) for d in free.decisions]

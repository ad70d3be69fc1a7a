"""Which state of a backtest may follow which: the only table."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.models import BacktestState

Q, R = BacktestState.QUEUED, BacktestState.RUNNING
NEXT: Mapping[BacktestState, frozenset[BacktestState]] = {
    Q: frozenset({R, BacktestState.CANCELLED}),
    # Running again: whoever ran it was lost. Waiting again: its process ended in order.
    R: frozenset({Q, R, BacktestState.DONE, BacktestState.FAILED, BacktestState.CANCELLED}),
    BacktestState.DONE: frozenset(),
    BacktestState.FAILED: frozenset(),
    BacktestState.CANCELLED: frozenset(),
}


def before(state: BacktestState) -> list[BacktestState]:
    """Return the states from which a backtest may come to this one."""
    return [one for one, following in NEXT.items() if state in following]

"""What must hold of any run: its books are the sum of its executions, its parts the sum of its trades."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import START_MS
from tests.trading_core.backtest.test_run import INSTRUMENTS, plan, priced
from trading_core.backtest.result import Played, track_of
from trading_core.backtest.run import run
from trading_core.market.recorded import Recorded
from trading_core.money import money
from trading_core.performance.report import report_of

ETH = INSTRUMENTS["ETHUSDT"]
EIGHT = START_MS + 8 * 3_600_000
UNIT, _ONE = ETH.value_scale
"""Money of one tick times one lot, a whole number of units."""


class Case(NamedTuple):
    """What a run is made of."""

    deviation: str
    target: str
    stop: str
    cooldown: int
    seed: int
    wild: float
    rate_e8: int


CASES = st.builds(
    Case,
    deviation=st.sampled_from(["0.4", "0.8"]),
    target=st.sampled_from(["0.6", "1.5"]),
    stop=st.sampled_from(["3", "6"]),
    cooldown=st.integers(0, 3),
    seed=st.integers(0, 10_000),
    wild=st.sampled_from([0.5, 3.0]),
    rate_e8=st.integers(-20_000, 20_000),
)


def play(case: Case) -> Played:
    """Eight and a half hours of a wild market across a settlement, averaging both ways."""
    changes = {
        "plan.averaging.deviation_pct": case.deviation,
        "plan.take_profit": {"pct": case.target, "base": "average"},
        "plan.stop.pct": case.stop,
        "risk.cooldown_candles": case.cooldown,
    }
    found = priced(510, seed=case.seed, wild=case.wild)
    told = {"ETHUSDT": Recorded({EIGHT: case.rate_e8})}
    return run(plan(**changes), {"ETHUSDT": found}, INSTRUMENTS, recorded=told)


@settings(max_examples=15, deadline=None)
@given(case=CASES)
def test_books_are_the_sum_of_what_was_executed(case: Case) -> None:
    """Equity at each close = what was there + what came in for what went out + what is held - fees - funding."""
    assert _ONE == 1
    played = play(case)
    events = [(e.sequence, e.time_ms, e.side.sign * e.lots, e.ticks, e.fee) for e in played.executions]
    events += [(f.sequence, f.time_ms, 0, 0, f.paid) for f in played.fundings]
    at_open = {e.sequence for e in played.executions if not e.is_maker and e.role.value != "stop"}
    closes = dict(
        zip(played.minutes["ETHUSDT"].open_ms + 60_000, played.minutes["ETHUSDT"].close, strict=True)
    )
    for point in played.equity:
        seen = [
            e for e in events if e[1] < point.close_ms or (e[1] == point.close_ms and e[0] not in at_open)
        ]
        held = sum(lots for _, _, lots, _, _ in seen)
        moved = held * int(closes[point.close_ms]) - sum(lots * ticks for _, _, lots, ticks, _ in seen)
        paid = sum(cost for *_, cost in seen)
        # Each partial close shares its cost out in whole ticks: a tick·lot each may lie on the other side.
        assert abs(point.equity - (played.document.balance + moved * UNIT - paid)) <= UNIT * len(seen)


@settings(max_examples=15, deadline=None)
@given(case=CASES)
def test_trades_and_their_parts_add_up(case: Case) -> None:
    played = play(case)
    report = report_of(track_of(played))

    everything = [*report.trades, *report.left_open]
    for trade in report.trades:
        moved = trade.direction * (trade.exit_tick_lots - trade.entry_tick_lots)
        assert trade.gained == moved * UNIT
        assert trade.net == trade.gained - trade.fees - trade.funding
        assert trade.entry_lots == trade.exit_lots
    assert sum(trade.net for trade in everything) == played.wallet - played.document.balance
    assert sum(trade.fees for trade in everything) == sum(e.fee for e in played.executions)
    assert sum(trade.funding for trade in everything) == sum(f.paid for f in played.fundings)
    total = sum(trade.net for trade in report.trades)
    for way, parts in report.breakdown.items():
        assert sum(money(part["net"]) for part in parts.values()) == total, way
        assert sum(part["trades"] for part in parts.values()) == len(report.trades), way


@settings(max_examples=15, deadline=None)
@given(case=CASES)
def test_a_trade_ends_between_its_best_and_its_worst(case: Case) -> None:
    played = play(case)
    report = report_of(track_of(played))

    found = report.excursions
    for trade, best, worst in zip(report.trades, found.best.tolist(), found.worst.tolist(), strict=True):
        assert worst <= min(0, trade.gained)
        assert best >= max(0, trade.gained)


@settings(max_examples=15, deadline=None)
@given(case=CASES)
def test_exposure_and_position_tell_the_same(case: Case) -> None:
    """No position at any close means no exposure, and the other way round."""
    played = play(case)
    report = report_of(track_of(played))
    held: dict[str, int] = defaultdict(int)
    for execution in played.executions:
        held[execution.symbol] += execution.side.sign * execution.lots

    assert (report.metrics["exposure_time_pct"].exact == 0) == (not played.executions)
    assert (len(report.left_open) > 0) == any(held.values())

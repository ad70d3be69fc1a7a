from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.trading_core.engine.documents import document
from tests.trading_core.engine.facts import PRICE, instrument
from trading_core.market.timeframe import Timeframe
from trading_core.plan.progress import begin
from trading_core.plan.state import PlanState
from trading_core.risk.denial import Denial
from trading_core.risk.limits import check_positions, cooldown_until, margin_for, planned_tick_lots
from trading_core.risk.sizing import Sized, size_entry


def sized(
    changes: dict[str, Any], *, ticks: int = PRICE, equity: int = 10**12, direction: int = 1
) -> Sized | Denial:
    bot = document(changes)
    drawn = begin(PlanState(), bot.plan, direction=direction, close_ticks=ticks, close_ms=0, equity=equity)
    return size_entry(bot.plan, bot.risk, instrument(), drawn, equity=equity)


def test_size_by_quote_buys_whole_lots_below_it() -> None:
    found = sized({"plan.size.quote": "215"})

    assert isinstance(found, Sized)
    assert found.lots == 10
    assert [leg.lots for leg in found.legs] == [10, 15, 23]


def test_size_by_equity_follows_the_wallet() -> None:
    by_equity = {"plan.size": {"mode": "equity_pct", "pct": "2"}}

    rich, poor = sized(by_equity, equity=10**12), sized(by_equity, equity=5 * 10**11)

    assert isinstance(rich, Sized)
    assert isinstance(poor, Sized)
    assert (rich.lots, poor.lots) == (10, 5)


def test_size_is_cut_to_the_room_the_legs_leave() -> None:
    found = sized({"plan.size": {"mode": "equity_pct", "pct": "50"}, "risk.max_position_quote": "1350"})

    assert isinstance(found, Sized)
    assert found.lots == 20


def test_size_denial_tells_the_numbers_of_the_part() -> None:
    denial = sized({"plan.averaging.quote": "19"})

    assert isinstance(denial, Denial)
    assert denial.numbers == {
        "what": "leg 1", "lots": 0, "quote": "0", "min_lots": 1, "min_quote": "5", "coin": "USDT",
    }  # fmt: skip


@given(
    quote=st.integers(5, 100_000), cap=st.integers(1_200, 100_000), ticks=st.integers(100, 10**6),
    direction=st.sampled_from([1, -1]),
)  # fmt: skip
def test_size_never_exceeds_the_cap(quote: int, cap: int, ticks: int, direction: int) -> None:
    changes = {"plan.size": {"mode": "equity_pct", "pct": "1000"}, "risk.max_position_quote": str(cap)}

    found = sized(changes, ticks=ticks, equity=quote * 10**8, direction=direction)

    if isinstance(found, Sized):
        assert instrument().notional_ceil(found.tick_lots) <= cap * 10**8


def test_cooldown_starts_at_the_first_close_after_the_end() -> None:
    risk = document({"risk.cooldown_candles": 2}).risk
    minute = Timeframe.M5.ms

    assert cooldown_until(PlanState(closed_ms=10 * minute - 1), risk, Timeframe.M5) == 12 * minute
    assert cooldown_until(PlanState(closed_ms=10 * minute), risk, Timeframe.M5) == 12 * minute
    assert cooldown_until(PlanState(), risk, Timeframe.M5) == 0


def test_positions_are_limited_with_both_numbers() -> None:
    risk = document({"risk.max_open_positions": 2}).risk

    assert check_positions(1, risk) is None
    denial = check_positions(2, risk)
    assert denial is not None
    assert denial.numbers == {"open": 2, "limit": 2}


def test_margin_counts_initial_margin_and_both_fees() -> None:
    assert margin_for(PRICE * 10, 2_000_000, 550, instrument()) == (100 * 10**8) + 2 * 11_000_000


def test_planned_worth_is_nothing_without_a_trade() -> None:
    assert planned_tick_lots(PlanState(), document().plan, instrument()) == 0

"""Whatever a plan asks for and the market does: sums hold, every position has its stop, nothing is asked twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.backtest.test_run import INSTRUMENTS, priced
from tests.trading_core.engine.documents import FALLING, RISING, document
from trading_core.backtest.desk import Desk
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument, parse_document
from trading_core.engine.tend import tend
from trading_core.money import PPM
from trading_core.plan.desired import protective_stop

PERCENT = st.sampled_from(["0.2", "0.5", "1", "2"])
BASES = st.sampled_from(["entry", "average"])


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.fixed_dictionaries(fields)


entries = st.sampled_from(
    [
        {"type": "market"},
        {"type": "market", "slippage_pct": "0.05"},
        {"type": "limit", "offset_pct": "0.05", "timeout_candles": 2, "unfilled": "complete"},
        {"type": "limit", "offset_pct": "0.1", "timeout_candles": 1, "unfilled": "unwind"},
        {"type": "post_only", "offset_pct": "0", "timeout_candles": 4, "requotes": 3},
        {"type": "post_only", "offset_pct": "0.05", "timeout_candles": 3, "requotes": 2, "chase_pct": "1"},
    ]
)
ladders = _maybe(
    legs=st.integers(1, 4), deviation_pct=st.sampled_from(["0.3", "0.6"]), step_scale=st.just("1.1"),
    quote=st.sampled_from(["100", "300"]), volume_scale=st.sampled_from(["1", "1.4"]), resting=st.integers(1, 3),
    unit=st.sampled_from(["pct", "atr"]), min_minutes=st.sampled_from([0, 0, 3]),
    retrace_pct=st.sampled_from(["0", "0", "0.2"]), spacing=st.sampled_from(["0", "1"]),
    cap_equity_pct=st.sampled_from([None, "6"]), **{"from": BASES},
)  # fmt: skip
targets = _maybe(
    pct=st.sampled_from(["1.5", "3"]), base=BASES,
    steps=st.sampled_from([[], [{"pct": "0.3", "share_pct": "40"}, {"pct": "0.8", "share_pct": "30"}]]),
    trailing_pct=st.none() | PERCENT,
    decay=st.sampled_from([[], [{"minutes": 5, "pct": "0.9"}, {"minutes": 15, "pct": "0"}]]),
)  # fmt: skip
stops = st.fixed_dictionaries(
    {
        "pct": st.sampled_from(["2", "4"]), "base": BASES,
        "drawn": st.sampled_from(
            [None, {"from": "atr", "multiple": "3", "candles": 5}, {"from": "structure", "candles": 4}]
        ),
        "trailing": _maybe(activation_pct=PERCENT, distance_pct=PERCENT),
        "break_even": st.sampled_from([None, {"trigger_pct": "0.5", "offset_pct": "0.1"}]),
    }
)  # fmt: skip
exits = st.fixed_dictionaries(
    {
        "time_stop_minutes": st.sampled_from([None, 7, 30]), "on_rule": st.booleans(),
        "min_profit_pct": st.sampled_from([None, "0.2"]), "on_opposite": st.booleans(),
    }
)  # fmt: skip
sizes = st.sampled_from(
    [{"mode": "quote", "quote": "200"}, {"mode": "equity_pct", "pct": "5", "reinvest_pct": "50"}]
)


@st.composite
def documents(draw: st.DrawFn) -> BotDocument:
    legs = draw(ladders)
    size = draw(sizes) if legs else draw(sizes | st.just({"mode": "risk_pct", "pct": "0.5"}))
    return document(
        {
            "timeframe": draw(st.sampled_from(["1m", "3m"])),
            "rules": {"inline": {"schema": 1, "long": RISING, "short": FALLING}},
            "plan": {
                "entry": draw(entries), "size": size, "averaging": legs, "take_profit": draw(targets),
                "stop": draw(stops), "exits": draw(exits),
            },
            "risk.cooldown_candles": 0,
        }
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(bot=documents(), seed=st.integers(0, 10_000), wild=st.sampled_from([0.5, 3.0, 8.0]))
def test_any_plan_keeps_its_promises(bot: BotDocument, seed: int, wild: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Desk, "settle", _watched(bot, Desk.settle))
        played = run(bot, {"ETHUSDT": priced(120, seed=seed, wild=wild)}, INSTRUMENTS)
    fees = sum(e.fee for e in played.executions)
    assert played.wallet == bot.balance + sum(e.gained for e in played.executions) - fees


def _watched(bot: BotDocument, settle: Any) -> Any:
    tightest: dict[int, int] = {}

    def check(desk: Desk) -> None:
        settle(desk)
        for symbol, book in desk.journal.books.items():
            plan, position = book.plan, book.position
            again = tend(bot, desk.state, symbol, desk.facts(symbol), now_ms=desk.now_ms)
            assert (again.intents, again.plan) == ((), plan)
            if not position.lots:
                continue
            assert position.lots * plan.direction > 0
            stop = book.stop_ticks
            assert stop is not None
            if stop != protective_stop(bot.plan, plan, position):  # refused: the market was beyond it already
                assert any(asked.startswith("set_stop") for asked in plan.asked)
            if plan.tightened_ticks:
                before = tightest.get(plan.trade, plan.tightened_ticks)
                assert plan.direction * (plan.tightened_ticks - before) >= 0
                tightest[plan.trade] = plan.tightened_ticks
            worth = book.instrument.notional_floor(position.cost)
            assert worth <= bot.risk.max_position_quote * (PPM + 100_000) // PPM

    return check


@settings(max_examples=100, deadline=None)
@given(bot=documents())
def test_the_canonical_form_says_the_same(bot: BotDocument) -> None:
    assert parse_document(bot.canonical()) == bot

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import START_MS, candles, random_walk
from tests.trading_core.backtest.reference import Reference, Row, Rules
from tests.trading_core.engine.documents import FALLING, RISING, document
from trading_core.backtest.compare import first_difference
from trading_core.backtest.inputs import market_from_files, read_bot
from trading_core.backtest.result import Played, result_document
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.errors import InvalidInput
from trading_core.execution.order import Role
from trading_core.market.candle import Candles
from trading_core.market.known_instruments import known_instrument
from trading_core.performance.trades import trades_of
from trading_core.simulator.walk import nearest_ticks

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
ETH = known_instrument("ETHUSDT")
assert ETH is not None
INSTRUMENTS = {"ETHUSDT": ETH}


def priced(count: int, *, seed: int, wild: float = 3.0, gaps: int = 0) -> Candles:
    """A random walk around 2,000 with candles on the tick grid, wilder than the market."""
    walk = random_walk(count, seed=seed, price=2_000.0, gaps=gaps)
    rng = np.random.default_rng(seed)
    shift = np.exp(np.cumsum(rng.normal(0, 0.001 * wild, len(walk))))
    columns = [np.round(column * shift, 2) for column in (walk.open, walk.high, walk.low, walk.close)]
    top, bottom = np.maximum.reduce(columns), np.minimum.reduce(columns)
    return Candles(walk.open_time, columns[0], top, bottom, columns[3], walk.volume, walk.turnover)


def play(bot: BotDocument, found: Candles, **more: Any) -> Played:
    return run(bot, {"ETHUSDT": found}, INSTRUMENTS, **more)


def plan(**changes: Any) -> BotDocument:
    rules = {"inline": {"schema": 1, "long": RISING, "short": FALLING}}
    return document({"rules": rules, **changes})


def rows_of(played: Played) -> list[Row]:
    return [
        ((e.time_ms - START_MS) // 60_000, e.role.value, e.leg, e.ticks, e.side.sign * e.lots)
        for e in played.executions
    ]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    wild=st.sampled_from([0.5, 2.0, 6.0]),
    resting=st.integers(1, 3),
    base=st.sampled_from(["average", "entry"]),
    both=st.booleans(),
    minutes=st.sampled_from([3, 20]),
    cooldown=st.integers(0, 3),
)
def test_backtest_agrees_with_a_second_simple_one(
    seed: int, wild: float, resting: int, base: str, both: bool, minutes: int, cooldown: int
) -> None:
    thin = priced(100, seed=seed, wild=wild)
    found = replace(thin, volume=1_000 * thin.volume)  # the other one fills every order whole
    changes = {
        "rules": {"inline": {"schema": 1, "long": RISING, **({"short": FALLING} if both else {})}},
        "plan.averaging.resting": resting,
        "plan.averaging.deviation_pct": "0.5",
        "plan.take_profit": {"pct": "0.6", "base": base},
        "plan.stop.pct": "2",
        "plan.exits.time_stop_minutes": minutes,
        "risk.cooldown_candles": cooldown,
    }
    away = [Fraction(5, 1_000), Fraction(6, 1_000), Fraction(72, 10_000)]
    rules = Rules(
        quote=Fraction(200),
        target=Fraction(6, 1_000),
        stop=Fraction(2, 100),
        steps=away,
        leg_quotes=[Fraction(200), Fraction(300), Fraction(450)],
        resting=resting,
        minutes=minutes,
        cooldown=cooldown,
        of_average=base == "average",
        both_ways=both,
    )
    ticks = [nearest_ticks(c, INSTRUMENTS["ETHUSDT"]).tolist() for c in found.columns()[1:5]]

    expected = Reference(rules).play(list(zip(*ticks, strict=True)))

    assert rows_of(play(document(changes), found)) == expected


def test_backtest_twice_gives_the_same_digest() -> None:
    found = priced(400, seed=3)

    one, two = (result_document(play(plan(), found)) for _ in range(2))

    assert one["meta"]["digest"] == two["meta"]["digest"]
    assert first_difference(one, two) is None
    assert one["trades"]


def test_backtest_has_one_outcome_for_every_close() -> None:
    found = priced(300, seed=5)

    minute = play(plan(), found)
    five = play(plan(timeframe="5m"), found)

    assert [d.close_ms for d in minute.decisions] == (found.open_time + 60_000).tolist()
    assert len(five.decisions) == 60


def test_backtest_wallet_is_the_sum_of_its_executions() -> None:
    played = play(plan(), priced(600, seed=7))

    total = sum(e.gained - e.fee for e in played.executions)
    assert played.wallet == played.document.balance + total
    trades = trades_of(played.executions)
    if played.equity[-1].unrealised == 0:
        assert total == sum(t.net for t in trades)


@pytest.mark.parametrize("seed", range(4))
def test_backtest_survives_gaps_and_candles_without_volume(seed: int) -> None:
    found = priced(400, seed=seed, gaps=6)
    silent = replace(found, volume=np.where(np.arange(len(found)) % 7 == 0, 0.0, found.volume))

    played = play(plan(timeframe="5m"), silent)

    stamps = {e.time_ms for e in played.executions if e.role is not Role.ENTRY and e.role is not Role.EXIT}
    quiet = set((silent.open_time[silent.volume == 0] + 60_000).tolist())
    assert not stamps & quiet


def test_backtest_sends_nothing_of_the_last_close() -> None:
    rising = candles("2000 2001")

    played = play(plan(), rising)

    assert played.decisions[-1].code == "entered"
    assert [o.state for o in played.orders] == ["not_sent"]
    assert played.executions == []


def test_backtest_limit_and_period_choose_the_minutes() -> None:
    found = priced(100, seed=1)
    start = int(found.open_time[40])

    played = play(plan(), found, start_ms=start, end_ms=start + 30 * 60_000, limit=10)

    assert (played.start_ms, played.candles) == (start, 10)
    assert played.decisions[0].close_ms == start + 60_000
    with pytest.raises(InvalidInput, match="none in the period"):
        play(plan(), found, end_ms=0)


def test_backtest_shares_one_wallet_between_symbols() -> None:
    sol = known_instrument("SOLUSDT")
    assert sol is not None
    both = {"ETHUSDT": priced(200, seed=1), "SOLUSDT": priced(200, seed=2)}
    bot = plan(**{"universe.symbols": ["ETHUSDT", "SOLUSDT"], "risk.max_open_positions": 1})

    played = run(bot, both, {**INSTRUMENTS, "SOLUSDT": sol})

    assert len(played.decisions) == 400
    assert {d.code for d in played.decisions} >= {"max_positions", "entered"}
    assert {e.symbol for e in played.executions} == {"ETHUSDT", "SOLUSDT"}


def test_backtest_refuses_a_symbol_without_candles() -> None:
    bot = plan(**{"universe.symbols": ["ETHUSDT", "SOLUSDT"]})

    with pytest.raises(InvalidInput, match="SOLUSDT"):
        play(bot, priced(10, seed=1))


def test_result_is_plain_json_with_money_as_text() -> None:
    result = result_document(play(plan(), priced(300, seed=2)))

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert set(result) == {
        "meta", "decisions", "orders", "executions", "funding", "trades", "left_open", "equity", "metrics",
            "drawdowns", "breakdown", "badge", "rejections",
    }  # fmt: skip
    assert all(isinstance(e["fee"], str) for e in result["executions"])
    assert result["executions"][0]["time"].endswith("Z")
    assert result["equity"][-1]["wallet"] == result["meta"]["wallet_end"]


@pytest.mark.parametrize(
    "part, key", [("executions", "ticks"), ("orders", "ticks"), ("decisions", "code"), ("executions", "fee")]
)
def test_compare_finds_one_planted_error(part: str, key: str) -> None:
    result = result_document(play(plan(), priced(300, seed=2)))
    other = json.loads(json.dumps(result))
    row = next(r for r in other[part][10:] if r[key] is not None)
    row[key] = row[key] + (1 if isinstance(row[key], int) else "1")

    found = first_difference(result, other)

    assert found is not None
    assert found.part == part
    assert "against" in str(found)


def test_compare_finds_a_missing_row_and_another_wallet() -> None:
    result = result_document(play(plan(), priced(300, seed=2)))
    shorter = {**result, "executions": result["executions"][:-1]}
    poorer = {**result, "meta": {**result["meta"], "wallet_end": "1"}}

    missing, wallet = first_difference(result, shorter), first_difference(result, poorer)

    assert missing is not None
    assert missing.right is None
    assert wallet is not None
    assert wallet.part == "wallet"


@pytest.mark.real_data
@pytest.mark.parametrize("name, trades", [("averaging-scalper", 58), ("trend-follower", 137)])
def test_backtest_of_the_examples_over_recorded_candles(market_data: Path, name: str, trades: int) -> None:
    bot = read_bot(EXAMPLES / f"{name}.json")
    file = market_data / "candles" / "binance-linear" / "ETHUSDT_1m_20250504_20250624.parquet"
    market = market_from_files(bot, [file])

    played = run(bot, market.candles, market.instruments, limit=20_000)

    found = trades_of(played.executions)
    assert len(found) == trades
    assert {t.reason for t in found} == {"rule", "stop", "take_profit", "time"}
    assert any(t.legs for t in found)
    assert len(played.decisions) == 20_000 // bot.timeframe.minutes

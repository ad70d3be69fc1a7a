"""One bot compiled, interpreted, and on an account of the venue: the same decisions, orders, executions, wallet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from benchmarks import on_venue, parity
from benchmarks.parity_bots import parity_bots
from tests.builders import START_MS, random_walk
from tests.trading_core.engine.documents import FALLING, RISING, document
from trading_core.backtest.compare import first_difference
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.choose import why_not
from trading_core.backtest.compiled.machine import is_compiled, machine
from trading_core.backtest.compiled.run import CompiledRun
from trading_core.backtest.desk import Desk
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.errors import DocumentInvalid
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import known_instrument
from trading_core.market.recorded import Recorded
from trading_core.market.streamed import Streamed

pytestmark = pytest.mark.timeout(600)  # whichever test comes first compiles the driver

MINUTE = 60_000
PRICES = {"BTCUSDT": 60_000.0, "ETHUSDT": 2_000.0, "SOLUSDT": 150.0}
VOLUMES = {"BTCUSDT": 0.02, "ETHUSDT": 0.5, "SOLUSDT": 8.0}


@pytest.fixture(scope="session")
def machine_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where machine code is kept: compiled once for all tests here."""
    told = os.environ.get("NUMBA_CACHE_DIR")
    return Path(told) if told else tmp_path_factory.mktemp("machine-code")


def contracts() -> dict[str, Instrument]:
    found = {symbol: known_instrument(symbol) for symbol in PRICES}
    return {symbol: one for symbol, one in found.items() if one is not None}


def market(
    count: int, *, seed: int, wild: float = 3.0, gaps: int = 0, thin: bool = False
) -> dict[str, Candles]:
    """Three random walks on their tick grids."""
    found = {}
    for number, (symbol, one) in enumerate(contracts().items()):
        walk = random_walk(count, seed=seed + number, price=PRICES[symbol], gaps=gaps)
        rng = np.random.default_rng(seed + number)
        shift = np.exp(np.cumsum(rng.normal(0, 0.001 * wild, len(walk))))
        tick = float(one.tick_size)
        columns = [np.rint(c * shift / tick) * tick for c in (walk.open, walk.high, walk.low, walk.close)]
        top, bottom = np.maximum.reduce(columns), np.minimum.reduce(columns)
        volume = walk.volume * (VOLUMES[symbol] if thin else 1_000.0)
        volume[rng.random(len(walk)) < 0.03] = 0.0
        found[symbol] = Candles(walk.open_time, columns[0], top, bottom, columns[3], volume, walk.turnover)
    return found


def figures(count: int, *, seed: int) -> dict[str, Recorded]:
    """Funding every eight hours, and mark candles around the start prices."""
    rng = np.random.default_rng(seed)
    eight_hours = 480 * MINUTE
    first = -(-START_MS // eight_hours) * eight_hours
    times = range(first, START_MS + count * MINUTE, eight_hours)
    found = {}
    for symbol, price in PRICES.items():
        opens = np.arange(START_MS // 3_600_000 * 3_600_000, START_MS + count * MINUTE, 3_600_000)
        marks = price * (1 + rng.normal(0, 0.01, len(opens)))
        found[symbol] = Recorded(
            {time_ms: int(rng.integers(-30_000, 30_000)) for time_ms in times},
            opens, 3_600_000, marks, marks * 1.02, marks * 0.98, marks,
        )  # fmt: skip
    return found


def told(bot: BotDocument, candles: Mapping[str, Candles], **more: Any) -> dict[str, Any]:
    return result_document(run(bot, candles, contracts(), **more))


def same(bot: BotDocument, candles: Mapping[str, Candles], folder: Path, **more: Any) -> dict[str, Any]:
    """The compiled result, once it was found equal to the interpreted one in everything but its engine."""
    compiled, interpreted = (
        told(bot, candles, machine_code=folder, **more),
        told(bot, candles, **more),
    )
    assert compiled["meta"].pop("engine") == "compiled"
    assert interpreted["meta"].pop("engine") == "interpreted"
    assert str(first_difference(compiled, interpreted) or "none") == "none"
    assert compiled == interpreted
    return compiled


changes = st.fixed_dictionaries(
    {
        "universe.symbols": st.sampled_from([["ETHUSDT"], ["BTCUSDT", "SOLUSDT"], list(PRICES)]),
        "timeframe": st.sampled_from(["1m", "3m", "15m"]),
        "rules": st.sampled_from(
            [
                {"inline": {"schema": 1, "long": RISING}},
                {"inline": {"schema": 1, "short": FALLING, "exit_short": RISING}},
                {"inline": {"schema": 1, "long": RISING, "short": FALLING, "average_long": FALLING}},
            ]
        ),
        "plan.entry": st.sampled_from(
            [
                {"type": "market"},
                {"type": "market", "slippage_pct": "0.05"},
                {"type": "limit", "offset_pct": "0.1", "timeout_candles": 2},
                {
                    "type": "post_only",
                    "offset_pct": "0",
                    "timeout_candles": 3,
                    "requotes": 3,
                    "chase_pct": "1",
                },
            ]
        ),
        "plan.size": st.sampled_from(
            [
                {"mode": "quote", "quote": "200"},
                {"mode": "quote", "quote": "3000"},
                {"mode": "equity_pct", "pct": "30", "reinvest_pct": "50"},
                {"mode": "risk_pct", "pct": "1"},
            ]
        ),
        "plan.averaging.legs": st.sampled_from([0, 3, 6]),
        "plan.averaging.deviation_pct": st.sampled_from(["0.2", "0.5"]),
        "plan.averaging.resting": st.integers(1, 3),
        "plan.take_profit": st.none()
        | st.fixed_dictionaries(
            {
                "pct": st.sampled_from(["0.5", "1"]),
                "base": st.sampled_from(["average", "entry"]),
                "steps": st.sampled_from(
                    [[], [{"pct": "0.2", "share_pct": "30"}, {"pct": "0.4", "share_pct": "50"}]]
                ),
                "trailing_pct": st.none() | st.just("0.2"),
                "decay": st.sampled_from(
                    [[], [{"minutes": 5, "pct": "0.45"}, {"minutes": 15, "pct": "0.41"}]]
                ),
            }
        ),
        "plan.stop": st.fixed_dictionaries(
            {
                "pct": st.sampled_from(["9.5", "10"]),
                "base": st.sampled_from(["average", "entry"]),
                "drawn": st.none()
                | st.sampled_from(
                    [
                        {"from": "atr", "multiple": "3", "candles": 10},
                        {"from": "structure", "candles": 12, "least_pct": "0.3"},
                    ]
                ),
                "trailing": st.none() | st.just({"activation_pct": "0.2", "distance_pct": "0.3"}),
                "break_even": st.none() | st.just({"trigger_pct": "0.3", "offset_pct": "0.02"}),
            }
        ),
        "plan.exits": st.sampled_from(
            [
                {"time_stop_minutes": 45, "on_rule": True},
                {"time_stop_minutes": None, "on_rule": False, "on_opposite": True},
                {"time_stop_minutes": None, "on_rule": True, "min_profit_pct": "0.1"},
            ]
        ),
        "risk.leverage": st.sampled_from(["2", "9"]),
        "risk.max_open_positions": st.integers(1, 3),
        "risk.max_position_quote": st.just("50000"),
        "risk.cooldown_candles": st.integers(0, 2),
        "wallet.balance": st.sampled_from(["400", "10000"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    change=changes,
    seed=st.integers(0, 10_000),
    wild=st.sampled_from([0.5, 2.0, 8.0]),
    gaps=st.sampled_from([0, 40]),
    thin=st.booleans(),
    recorded=st.booleans(),
)
def test_a_compiled_run_is_the_interpreted_one(
    machine_code: Path,
    change: dict[str, Any],
    seed: int,
    wild: float,
    gaps: int,
    thin: bool,
    recorded: bool,
) -> None:
    bot = _valid(change)
    found = market(700, seed=seed, wild=wild, gaps=gaps, thin=thin)
    more = {"recorded": figures(700, seed=seed)} if recorded else {}
    same(bot, found, machine_code, **more)


def _valid(change: dict[str, Any]) -> BotDocument:
    """The document, if its parts go together."""
    try:
        return document(change)
    except DocumentInvalid:
        reject()


@pytest.mark.parametrize("number", range(5))
def test_three_sides_agree_on_every_bot(machine_code: Path, number: int) -> None:
    bot = parity_bots("synthetic")[number]
    candles = {
        symbol: those for symbol, those in market(1_500, seed=7, wild=10.0).items() if symbol in bot.symbols
    }
    row = parity.compared(bot, candles, figures(1_500, seed=7), machine_code)

    assert row["engine"] == "compiled"
    assert row["counts"]["compiled"]["executions"] > 3
    assert [row[f"compiled against {other}"] for other in ("interpreted", "venue")] == ["none", "none"]


@pytest.fixture
def sides(machine_code: Path) -> dict[str, Any]:
    """Each side as a function from a bot and candles to its result."""
    played = parity.sides(machine_code)
    return {
        name: lambda bot, candles, play=play: result_document(play(bot, candles, contracts(), {}))
        for name, play in played.items()
    }


def test_a_tick_too_much_is_found_on_every_side(
    sides: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = parity_bots("synthetic")[3]
    candles = {"ETHUSDT": market(800, seed=3)["ETHUSDT"]}
    right = {name: play(bot, candles) for name, play in sides.items()}

    wrong = {name: _with_a_tick_too_much(name, sides[name], bot, candles, monkeypatch) for name in sides}

    for name in sides:
        others = [other for other in sides if other != name]
        assert all(first_difference(right[name], right[other]) is None for other in others)
        assert all(first_difference(wrong[name], right[other]) is not None for other in others), name


def _with_a_tick_too_much(
    name: str, play: Any, bot: BotDocument, candles: Mapping[str, Candles], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Play with market orders a tick worse on one side, one limit a tick off on another."""
    with monkeypatch.context() as patch:
        if name == "compiled":
            made = CompiledRun.__init__

            def planted(self: CompiledRun, *words: Any) -> None:
                made(self, *words)
                self.world.matching[at.SLIP] += 5  # of a price of 200,000 ticks: one

            patch.setattr(CompiledRun, "__init__", planted)
        else:
            owner, method = (Desk, "_carry_out") if name == "interpreted" else (on_venue.VenueFace, "place")
            patch.setattr(owner, method, _a_tick_off(getattr(owner, method)))
        return dict(play(bot, candles))


def _a_tick_off(told_right: Any) -> Any:
    """The same command with its limit price a tick higher, once."""
    planted: list[bool] = []

    def told_wrong(self: Any, order: Any) -> Any:
        if order.ticks is not None and not planted:
            planted.append(True)
            order = replace(order, ticks=order.ticks + 1)
        return told_right(self, order)

    return told_wrong


def test_machine_code_that_is_kept_is_known_of(machine_code: Path, tmp_path: Path) -> None:
    run(document(), {"ETHUSDT": market(20, seed=1)["ETHUSDT"]}, contracts(), machine_code=machine_code)

    assert is_compiled(machine_code)
    assert not is_compiled(tmp_path)


def test_what_is_not_carried_is_interpreted_and_says_so(machine_code: Path) -> None:
    bot = document(
        {
            "rules": {
                "inline": {
                    "schema": 1,
                    "long": {"left": {"portfolio": "open_positions"}, "op": "<", "right": 1},
                }
            }
        }
    )
    candles = {"ETHUSDT": market(200, seed=1)["ETHUSDT"]}

    played = run(bot, candles, contracts(), machine_code=machine_code)

    assert why_not(bot, contracts()) in played.engine
    assert first_difference(result_document(played), told(bot, candles)) is None


def test_a_table_too_small_is_no_wrong_result(machine_code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trading_core.backtest.compiled.prepare.QUEUE_MAX", 1)
    bot, candles = document(), {"ETHUSDT": market(400, seed=2)["ETHUSDT"]}

    played = run(bot, candles, contracts(), machine_code=machine_code)

    assert played.engine.startswith("interpreted: more orders or requests")
    assert first_difference(result_document(played), told(bot, candles)) is None


def test_tables_grow_with_the_run(machine_code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trading_core.backtest.compiled.run.ROWS", 600)
    bot = document({"risk.cooldown_candles": 0, "plan.exits.time_stop_minutes": 1})

    result = same(bot, {"ETHUSDT": market(1_500, seed=5)["ETHUSDT"]}, machine_code)

    assert len(result["orders"]) > 600


def test_machine_code_is_made_once_for_all_candles(machine_code: Path) -> None:
    found = market(400, seed=2)
    bot, names = document({"universe.symbols": list(PRICES)}), list(found)
    for column in found[names[0]].columns():
        column.flags.writeable = False

    streamed = same(bot, Streamed(names, found.__getitem__), machine_code)

    assert streamed == same(bot, found, machine_code)
    assert len(getattr(machine(machine_code), "signatures")) == 1  # noqa: B009 - Numba's own


def test_numbers_too_large_for_the_tape_are_interpreted(machine_code: Path) -> None:
    bot, candles = document(), market(200, seed=2)["ETHUSDT"]
    large = replace(candles, volume=candles.volume * 1e12)

    played = run(bot, {"ETHUSDT": large}, contracts(), machine_code=machine_code)

    assert played.engine == "interpreted: numbers of its market that more than 32 bits hold"


@pytest.mark.parametrize("driver", ["compiled", "interpreted"])
def test_progress_is_told_between_blocks_and_may_end_the_run(
    machine_code: Path, monkeypatch: pytest.MonkeyPatch, driver: str
) -> None:
    monkeypatch.setattr("trading_core.backtest.compiled.run.CHUNK", 150)
    monkeypatch.setattr("trading_core.backtest.interpreter.PROGRESS_EVERY", 150)
    candles, shares = {"ETHUSDT": market(400, seed=2)["ETHUSDT"]}, []
    folder = machine_code if driver == "compiled" else None

    def until_half(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run(document(), candles, contracts(), on_progress=until_half, machine_code=folder)

    assert len(shares) == 2
    assert 0.0 < shares[0] <= 0.5 < shares[1] < 1.0


@pytest.mark.real_data
def test_recorded_months_agree_on_three_sides(machine_code: Path, market_data: Path) -> None:
    candles, recorded = parity.five_minutes(market_data), parity.recorded_of(market_data)
    for bot in parity_bots():
        row = parity.compared(bot, candles, recorded, machine_code)
        assert row["counts"]["compiled"]["executions"] > 100
        assert [row[f"compiled against {other}"] for other in ("interpreted", "venue")] == ["none", "none"]

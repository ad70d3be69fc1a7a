"""What is skipped is what would have happened: a run that skips equals one that plays every minute."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from tests.builders import random_walk
from tests.trading_core.engine.documents import GONE, document
from trading_core.backtest import interpreter as runs
from trading_core.backtest.result import Played, result_document
from trading_core.backtest.run import run
from trading_core.engine.cycle import Decision, decide
from trading_core.engine.document import BotDocument
from trading_core.engine.snapshot import Snapshot
from trading_core.market.candle import Candles
from trading_core.market.known_instruments import known_instrument

SYMBOLS = ("BTCUSDT", "ETHUSDT")
INSTRUMENTS = {symbol: instrument for symbol in SYMBOLS if (instrument := known_instrument(symbol))}
RSI: Any = {"indicator": "rsi", "params": {"period": 5}}


def below(level: float) -> Any:
    return {"left": RSI, "op": "<", "right": level}


def above(level: float) -> Any:
    return {"left": RSI, "op": ">", "right": level}


RULES: dict[str, Any] = {
    "both sides": {"schema": 2, "long": below(20), "short": above(80)},
    "conflicts": {"schema": 2, "long": below(30), "short": {"any": [above(85), below(15)]}},
    "exits": {"schema": 2, "long": below(25), "short": above(75), "exit_long": above(60), "exit_short": below(40)},
    "averaging by rule": {"schema": 2, "long": below(25), "average_long": below(35), "short": above(75),
                          "average_short": {"not": below(65)}},
    "the bot itself": {"schema": 2, "long": {"all": [below(30), {"left": {"portfolio": "day_pnl"}, "op": "<",
                                                                 "right": 5}]}},
}  # fmt: skip
PLANS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "limit entries": {"plan.entry": {"type": "limit", "offset_pct": "0.1", "timeout_candles": 3}},
    "no averaging, no stop of time": {"plan.averaging": GONE, "plan.exits.time_stop_minutes": None},
    "a quick stop of time": {"plan.exits.time_stop_minutes": 17, "risk.cooldown_candles": 5},
    "five minutes": {"timeframe": "5m", "plan.exits.time_stop_minutes": 33},
    "one position at a time": {"risk.max_open_positions": 1},
}


def bot(rules: str, plan: str, symbols: tuple[str, ...] = SYMBOLS) -> BotDocument:
    changes = {"rules": {"inline": RULES[rules], "son": False}, "universe": {"symbols": list(symbols)}}
    return document({**changes, **PLANS[plan]})


def market(seed: int, count: int = 1_500) -> dict[str, Candles]:
    found = {}
    for number, symbol in enumerate(SYMBOLS):
        walk = random_walk(count, seed=seed + number, price=2_000.0 + 40_000 * number, gaps=8)
        quiet = np.random.default_rng(seed).random(len(walk)) < 0.05
        volume = np.where(quiet, 0.0, walk.volume)
        found[symbol] = Candles(
            walk.open_time, walk.open, walk.high, walk.low, walk.close, volume, walk.turnover
        )
    return found


def thorough(monkeypatch: pytest.MonkeyPatch, *args: Any, **named: Any) -> Played:
    with monkeypatch.context() as patch:
        patch.setattr(runs, "is_calm", lambda *_: False)
        return run(*args, **named)


def same(one: Played, other: Played) -> None:
    for name in ("start_ms", "end_ms", "candles", "decisions", "orders", "executions", "equity", "wallet"):
        assert getattr(one, name) == getattr(other, name), name
    assert result_document(one)["meta"]["digest"] == result_document(other)["meta"]["digest"]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("rules", RULES)
def test_skipping_changes_nothing(monkeypatch: pytest.MonkeyPatch, rules: str, plan: str) -> None:
    seed = Random(f"{rules} {plan}").randrange(1 << 30)
    candles, start = market(seed), 60_000 * 97
    start_ms = int(candles["BTCUSDT"].open_time[0]) + start

    skipped = run(bot(rules, plan), candles, INSTRUMENTS, start_ms=start_ms)

    same(skipped, thorough(monkeypatch, bot(rules, plan), candles, INSTRUMENTS, start_ms=start_ms))
    assert skipped.executions


def test_quiet_closes_are_not_decided_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = []

    def counted(snapshot: Snapshot) -> Decision:
        decided.append(snapshot.close_ms)
        return decide(snapshot)

    monkeypatch.setattr(runs, "decide", counted)

    played = run(bot("both sides", "as it is", ("ETHUSDT",)), market(5), INSTRUMENTS)

    assert len(played.decisions) > 1_400
    assert 0 < len(decided) < len(played.decisions) / 3


def test_progress_is_told_in_spite_of_skipping() -> None:
    told: list[float] = []
    candles = {"ETHUSDT": random_walk(30_000, seed=3, price=2_000.0)}
    quiet = document({"rules": {"inline": {"schema": 2, "long": below(0.001)}, "son": False}})

    run(quiet, candles, INSTRUMENTS, on_progress=told.append)

    assert told == sorted(told)
    assert 0.0 < told[0] <= told[-1] <= 1.0

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import random_walk
from tests.trading_core.engine.documents import document
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run
from trading_core.backtest.whatif import WhatIf, changed_document, signals, what_if
from trading_core.engine.document import BotDocument
from trading_core.errors import RulesInvalid
from trading_core.market.known_instruments import known_instrument
from trading_core.rules.edits import edited

ETH = known_instrument("ETHUSDT")
assert ETH is not None
INSTRUMENTS = {"ETHUSDT": ETH}
RSI: Any = {"indicator": "rsi", "params": {"period": 5}}
RULES: Any = {
    "schema": 2,
    "long": {
        "all": [{"left": RSI, "op": "<", "right": 20}, {"left": {"price": "close"}, "op": ">", "right": 1}]
    },
    "short": {"left": RSI, "op": ">", "right": 85},
}
CANDLES = {"ETHUSDT": random_walk(2_000, seed=11, price=2_000.0, gaps=3)}
START_MS = int(CANDLES["ETHUSDT"].open_time[120])
END_MS = int(CANDLES["ETHUSDT"].open_time[1_800])
PERIOD: dict[str, Any] = {"start_ms": START_MS, "end_ms": END_MS}


@pytest.fixture
def bot() -> BotDocument:
    return document({"rules": {"inline": RULES, "son": False}})


def asked(bot: BotDocument, change: object, **more: Any) -> WhatIf:
    return what_if(bot, changed_document(bot, change), CANDLES, INSTRUMENTS, **PERIOD, **more)


def digest(played: Any) -> str:
    return str(result_document(played)["meta"]["digest"])


def test_unchanged_rules_come_to_the_very_same(bot: BotDocument) -> None:
    found = asked(bot, bot.rules.canonical())

    assert found.differing == ()
    assert digest(found.original) == digest(found.changed) == digest(run(bot, CANDLES, INSTRUMENTS, **PERIOD))


def test_a_changed_threshold_is_a_fresh_run_of_the_changed_rules(bot: BotDocument) -> None:
    found = asked(bot, [{"path": "long.all[0].right", "value": 30}])
    fresh = document({"rules": {"inline": {**RULES, "long": {"all": [
        {"left": RSI, "op": "<", "right": 30}, RULES["long"]["all"][1]]}}, "son": False}})  # fmt: skip

    assert digest(found.original) == digest(run(bot, CANDLES, INSTRUMENTS, **PERIOD))
    assert digest(found.changed) == digest(run(fresh, CANDLES, INSTRUMENTS, **PERIOD))
    assert found.differing
    assert signals(found.changed.document.rules, found.changed.decisions) > signals(
        bot.rules, found.original.decisions
    )


def test_differing_closes_are_all_those_with_another_outcome_or_side(bot: BotDocument) -> None:
    found = asked(bot, [{"path": "short.right", "value": 75}])
    expected = [
        (before, after)
        for before, after in zip(found.original.decisions, found.changed.decisions, strict=True)
        if before.code != after.code or before.details.get("side") != after.details.get("side")
    ]

    assert [(one.original, one.changed) for one in found.differing] == expected
    assert expected


def test_signals_are_closes_at_which_one_side_was_asked_for(bot: BotDocument) -> None:
    played = run(bot, CANDLES, INSTRUMENTS, **PERIOD)
    told = [bytes.fromhex(d.leaves)[0] for d in played.decisions if d.leaves]
    truths = [[byte >> 2 * i & 3 for i in range(3)] for byte in told]

    assert signals(bot.rules, played.decisions) == sum((t[0] == t[1] == 1) != (t[2] == 1) for t in truths) > 0
    assert signals(bot.rules, []) == 0


def test_progress_goes_from_nothing_to_whole_and_may_end_the_work(bot: BotDocument) -> None:
    candles = {"ETHUSDT": random_walk(12_000, seed=2, price=2_000.0)}
    told: list[float] = []
    what_if(bot, bot, candles, INSTRUMENTS, start_ms=0, end_ms=1 << 60, progress=told.append)
    assert told == sorted(told)
    assert 0.0 < told[0] < 0.5 < told[-1] <= 1.0

    class Enough(Exception):
        pass

    def stop(_share: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        what_if(bot, bot, candles, INSTRUMENTS, start_ms=0, end_ms=1 << 60, progress=stop)


def test_edits_reach_every_place_and_leave_the_original_alone() -> None:
    whole = {"long": {"all": [{"at_least": {"k": 2, "of": [{"right": 1}, {"right": 2}]}}]}, "expires": 1}

    made = edited(whole, [{"path": "long.all[0].at_least.of[1].right", "value": {"price": "open"}},
                          {"path": "expires", "value": 3}])  # fmt: skip

    assert made["long"]["all"][0]["at_least"]["of"] == [{"right": 1}, {"right": {"price": "open"}}]
    assert made["expires"] == 3
    assert whole["expires"] == 1


@pytest.mark.parametrize("path", [
    "", "long.", ".long", "long[0]", "long.all[1]", "long.all[-1]", "long.all.k", "short", "long.all[0][0]",
    "__class__", "long.all[99999]", "LONG", "long.all[0].right.x", "a" * 400,
])  # fmt: skip
def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    with pytest.raises(RulesInvalid):
        edited({"long": {"all": [{"right": 1}]}}, [{"path": path, "value": 1}])

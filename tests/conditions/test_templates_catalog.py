from __future__ import annotations

import pytest

from conditions.templates_catalog import RULE_TEMPLATES
from tests.builders import random_walk
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.parse import parse_rules
from trading_core.rules.requirements import requirements

M1 = Timeframe.M1


@pytest.mark.parametrize("code", RULE_TEMPLATES)
def test_template_trades_both_ways_and_survives_its_document(code: str) -> None:
    rules = RULE_TEMPLATES[code].rules
    walk = random_walk(6000, seed=8)
    needed = requirements(rules, symbol="X", timeframe=M1)
    frames = frames_of({"X": walk}, needed, until_ms=int(walk.open_time[-1]) + M1.ms)

    said = evaluate(rules, frames, symbol="X", timeframe=M1)

    assert parse_rules(rules.canonical()) == rules
    for tree in ("long", "short", "exit_long", "exit_short"):
        assert (said.trees[tree] == 1).any(), tree
    assert not ((said.trees["long"] == 1) & (said.trees["short"] == 1)).any()


def test_eager_scalper_has_something_to_do_at_every_close() -> None:
    walk = random_walk(400, seed=3)
    rules = RULE_TEMPLATES["eager_scalper"].rules
    needed = requirements(rules, symbol="X", timeframe=M1)
    frames = frames_of({"X": walk}, needed, until_ms=int(walk.open_time[-1]) + M1.ms)
    said = evaluate(rules, frames, symbol="X", timeframe=M1)

    assert ((said.trees["long"] == 1) | (said.trees["short"] == 1))[10:].mean() > 0.99

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from conditions.outline import named_nodes
from conditions.services.reading import read_draft
from conditions.templates_catalog import RULE_TEMPLATES
from tests.builders import random_walk
from trading_core.market.candle import Candles
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.model import RuleSet, asks_facts, conditions
from trading_core.rules.parse import parse_rules
from trading_core.rules.requirements import requirements
from trading_core.rules.verdict import History

M1 = Timeframe.M1
MONTH = 30 * 1_440


@cache
def month() -> Candles:
    return random_walk(MONTH, seed=8)


def funding(walk: Candles) -> Tickers:
    """A rate every eight hours that swings between -0.03 and 0.03 percent."""
    times = walk.open_time[:: 8 * 60]
    rate = 0.03 * np.sin(np.arange(len(times)) / 3)
    return Tickers(times, rate, np.full(len(times), np.nan), np.full(len(times), np.nan))


def said(rules: RuleSet, walk: Candles) -> History:
    needed = requirements(rules, symbol="X", timeframe=M1)
    frames = frames_of({"X": walk}, needed, until_ms=int(walk.open_time[-1]) + M1.ms)
    return evaluate(rules, frames, symbol="X", timeframe=M1, tickers={"X": funding(walk)})


@pytest.mark.parametrize("code", RULE_TEMPLATES)
def test_template_trades_both_ways_in_a_month(code: str) -> None:
    rules = RULE_TEMPLATES[code].rules

    history = said(rules, month())

    for name, tree in rules.trees():
        if tree is not None and not any(asks_facts(condition) for condition in conditions(tree)):
            assert (history.trees[name] == 1).any(), name
    assert rules.long is not None
    assert rules.short is not None
    assert not ((history.trees["long"] == 1) & (history.trees["short"] == 1)).any()


@pytest.mark.parametrize("code", RULE_TEMPLATES)
def test_template_is_canonical_named_and_tagged(code: str) -> None:
    rules = RULE_TEMPLATES[code].rules

    assert parse_rules(rules.canonical()) == rules
    assert not [w for w in read_draft(rules.canonical()).warnings if "name" in w.reason]
    for entry in (rules.long, rules.short):
        assert entry is not None
        assert any(named.tags for named in named_nodes(entry))


@pytest.mark.parametrize("code", RULE_TEMPLATES)
def test_template_says_what_it_does_badly(code: str) -> None:
    template = RULE_TEMPLATES[code]

    assert len(template.weakness) > 40
    assert template.weakness != template.summary
    assert template.idea


def test_templates_are_different_ideas() -> None:
    assert len({template.idea for template in RULE_TEMPLATES.values()}) == len(RULE_TEMPLATES) >= 8
    assert len({template.rules.hash for template in RULE_TEMPLATES.values()}) == len(RULE_TEMPLATES)


def test_eager_scalper_has_something_to_do_at_every_close() -> None:
    history = said(RULE_TEMPLATES["eager_scalper"].rules, random_walk(400, seed=3))

    assert ((history.trees["long"] == 1) | (history.trees["short"] == 1))[10:].mean() > 0.99

from __future__ import annotations

import pytest

from trading_core.errors import RulesInvalid
from trading_core.indicators.anchor import history
from trading_core.indicators.catalog import CATALOG
from trading_core.rules.cost import cost
from trading_core.rules.limits import MAX_COST
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.son import SON


def cost_of(long: str, short: str | None = None) -> int:
    return cost(RuleSet(long=parse_text(long), short=None if short is None else parse_text(short)))


def test_a_series_counts_once_whatever_asks_for_it() -> None:
    one = cost_of("rsi(14) < 30")
    assert cost_of("rsi(14) < 30", "rsi(14) > 70") - one < one / 10
    assert cost_of("rsi(14) < 30", "rsi(14)@5m > 70") > 1.1 * one
    assert cost_of("rsi(14) < 30", "BTCUSDT:rsi(14) > 70") > 1.9 * one
    assert cost_of("macd(12, 26, 9).macd > macd(12, 26, 9).signal") < 1.1 * cost_of(
        "macd(12, 26, 9).macd > 0"
    )


def test_cost_grows_with_what_must_be_computed() -> None:
    rising = [
        "close > 5",
        "close > 5 within 500",
        "ema(9) > 5",
        "sma(500) > 5",
        "ema(500) > 5",
        "ema(500) > 5 within 500",
        "adx(14) > 5",
        "cci(200) > 5",
    ]
    costs = [cost_of(text) for text in rising]
    assert costs == sorted(costs)
    assert costs[-1] > 20 * costs[3]


def test_a_source_is_computed_for_all_that_its_indicator_needs() -> None:
    inner, outer = cost_of("ema(9) > 5"), cost_of("sma(20, ema(9)) > 5")
    assert 2 * inner < outer < 4 * inner
    memory = history(CATALOG["ema"], {"period": 100})
    assert cost_of("ema(100, rsi(14)) > 5") - cost_of("ema(100) > 5") > 2 * memory


def test_rules_that_cost_too_much_are_refused_at_the_condition_that_does_it() -> None:
    conditions = [f"cci({period}) > 100" for period in range(200, 206)]
    with pytest.raises(RulesInvalid, match=f"at most {MAX_COST} steps at a close, here they cost") as caught:
        parse_rules_text("[long]\nclose > 5\n[short]\n" + " and ".join(conditions))
    assert caught.value.path.startswith("short.all[")
    fitting = int(caught.value.path.removeprefix("short.all[").removesuffix("]"))
    assert 0 < fitting < len(conditions)
    assert cost_of("close > 5", " and ".join(conditions[:fitting])) <= MAX_COST


def test_the_defaults_are_far_from_the_bound() -> None:
    assert cost(SON) < MAX_COST / 10
    assert parse_rules(SON.canonical()) == SON

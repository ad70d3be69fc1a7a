from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document, operand
from trading_core.rules.operands import operand_data
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_operand import parse_operand
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.prose import said
from trading_core.rules.prose_operand import said_operand
from trading_core.rules.reading import Budget


@pytest.mark.parametrize(
    "text,words",
    [
        ("rsi(14)@15m < 30 and ema(9) crosses above ema(21) within 3",
         "All of: RSI(14) on 15m is below 30; and (EMA(9) crosses above EMA(21), at one of the last 3 closes)."),
        ("a: (close > open or not low rising 2) #x",
         "Any of: the close is above the open; or not (the low has been rising for 2 candles)."),
        ("(close > open and (low > 1 or high > 2)) for 3",
         ("(all of: the close is above the open; and (any of: the low is above 1; or the high is above 2)), "
         "at each of the last 3 closes.")),
        ("at least 2 of (close > 1, close > 2 and close < 9, close > 3) at least 4 in 5",
         ("(at least 2 of these 3: the close is above 1; (all of: the close is above 2; and the close is below 9); "
         "the close is above 3), at 4 or more of the last 5 closes.")),
        ("macd(12, 26, 9).signal[2] < bollinger(20, 2.5, hl2).percent_b@4h",
         ("MACD(12, 26, 9) signal 2 candles ago is below Bollinger bands(20, 2.5) percent b of (the middle of "
         "high and low) on 4h.")),
        ("(BTCUSDT:close - close) / 2 between -1 and 1",
         "(the close of BTCUSDT minus the close) divided by 2 is between -1 and 1."),
        ("percentile(change_pct(close, 5), 100) == 50",
         "The percentile of (the change of the close over 5 candles in percent) among its last 100 values equals 50."),
        ("session(new_york) != 1 and hour(Europe/Berlin) >= 8",
         "All of: the New York session is closed; and the hour in Europe/Berlin is at or above 8."),
        ("position.pnl_pct outside -1 and 2 or portfolio.open_positions != 0 or BTCUSDT:funding_rate > 0.01",
         ("Any of: the position's profit in percent is outside -1 and 2; or the number of open positions differs "
         "from 0; or the funding rate in percent of BTCUSDT is above 0.01.")),
    ],
)  # fmt: skip
def test_a_node_in_words(text: str, words: str) -> None:
    assert said(parse_text(text)) == (words[:1].upper() + words[1:],)


def test_a_rule_set_has_a_sentence_for_each_tree_and_for_a_longer_life() -> None:
    rules = parse_rules_text("expires = 3\n[long]\nclose > 5\n[average_short]\nadx(14) < 1 within 1")
    assert said(rules) == (
        "Enter long when the close is above 5.",
        "Average a short when ADX(14) is below 1, at this close.",
        "A signal to enter may be acted on for 3 candles after its close.",
    )


@settings(max_examples=300, deadline=None)
@given(one=st.integers(0, 2**32).map(Random), other=st.integers(0, 2**32).map(Random))
def test_different_operands_have_different_words(one: Random, other: Random) -> None:
    first, second = (parse_operand(operand(rnd, 1, constant=False), "", Budget(), 1) for rnd in (one, other))
    same = operand_data(first) == operand_data(second)
    assert (said_operand(first) == said_operand(second)) is same


@settings(max_examples=100, deadline=None)
@given(rnd=st.integers(0, 2**32).map(Random))
def test_every_rule_set_can_be_said_with_brackets_that_close(rnd: Random) -> None:
    for sentence in said(parse_rules(document(rnd))):
        assert sentence.endswith(".")
        assert sentence.count("(") == sentence.count(")") >= 0
        assert "None" not in sentence

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document
from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.rules.limits import (
    MAX_COST,
    MAX_DEPTH,
    MAX_DIFFERENT_TAGS,
    MAX_LOOKBACK,
    MAX_NODES,
    MAX_OPERANDS,
    MAX_TAGS,
)
from trading_core.rules.model import (
    CLOCK_FIELDS,
    FACTS,
    PRICE_FIELDS,
    TICKERS,
    TREES,
    All,
    AnyOf,
    Clock,
    Compare,
    Constant,
    Fact,
    Named,
    Not,
    Price,
    RuleSet,
    Session,
    Ticker,
)
from trading_core.rules.operands import MOVING
from trading_core.rules.operators import OPERATORS
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.text import rules_text, to_text


@pytest.mark.parametrize(
    "text",
    [
        "rsi(14)@15m < 30 and ema(9) crosses above ema(21) within 3",
        "(close > open or close > 1.5e-15) and not close < 0.00000015 for 2",
        "not close > 5 within 2",
        "(not close > 5) within 2",
        "all(close > 5)",
        "any(all(close > 5))",
        "close > 5 and (open > 5 and high > 5)",
        "at least 2 of (close rising 3, BTCUSDT:close@1h[2] between 1 and 2000, not mfi(14) > -3)",
        "(close - (open - low)) / (high * 2) > close / (open / low)",
        "macd(12, 26, 9).signal[1] > bollinger(20, 2.5, hl2).percent_b@4h",
        "rsi(14, ema(9, close - open)) falling 2 at least 2 in 5 within 3",
        "1000SHIBUSDT:close > 0.00002",
        "change_pct(close@5m, 3) > slope(ema(9)@5m[1], 4) - 2",
        "percentile(rsi(14), 500) > 80",
        "funding_rate == 0.01 or BTCUSDT:funding_rate != 0.01",
        "BTCUSDT:mark > mark and spread < 0.05 and turnover_24h > 1000000",
        "hour >= 8 and hour(Europe/Berlin) < 17 and minute(America/Port-au-Prince) == 0",
        "weekday(Etc/GMT+10) between 1 and 5 and day(Asia/Kolkata) != 1",
        "session(london) == 1 and session(new_york) crosses above 0",
        "position.pnl_pct > 1.5 or position.age * 2 >= position.legs + 3",
        "portfolio.open_positions < 3 and portfolio.day_pnl outside -50 and 100 and portfolio.day_pnl_pct > -2",
        "oversold: rsi(14) < 30 #dip #cheap",
        "base: (close > 5 and open > 5) #x",
        "not (a: close > 5) and (b: close > 6 #x) within 3",
        "a: not close > 5 within 2 #x-1",
        "at least 1 of (a: close > 5, (close > 6 #t) for 2, close > 7 or c: open > 1)",
        "outer: (inner: close > 5 or rsi: rsi(3) > 5) #up",
    ],
)
def test_text_round_trips(text: str) -> None:
    node = parse_text(text)
    assert parse_text(to_text(node)) == node
    assert to_text(node) == text
    assert parse_rules(RuleSet(long=node).canonical()).long == node


def test_names_and_tags_bind_looser_than_not_and_tighter_than_and() -> None:
    one, two = (Compare(Price("close"), ">", Constant(number)) for number in (1.0, 2.0))
    assert parse_text("a: not close > 1 #x and close > 2") == All((Named(Not(one), "a", ("x",)), two))
    assert parse_text("close > 1 or close > 2 #x #y") == AnyOf((one, Named(two, None, ("x", "y"))))


def test_small_letters_name_a_node_capitals_a_symbol_and_zones_stand_in_brackets() -> None:
    assert parse_text("btcusdt: BTCUSDT:mark > 1") == Named(
        Compare(Ticker("mark", "BTCUSDT"), ">", Constant(1.0)), "btcusdt"
    )
    assert parse_text("hour(UTC) == session(tokyo)") == Compare(Clock("hour"), "==", Session("tokyo"))
    assert parse_text("position.age==3") == Compare(Fact("position", "age"), "==", Constant(3.0))


def test_no_two_operands_have_one_name() -> None:
    words = [*PRICE_FIELDS, *TICKERS, *CLOCK_FIELDS, *MOVING.values(), *FACTS, "session", *CATALOG]
    operators = [word for operator in OPERATORS.values() for word in operator.text.split()]
    assert len({*words}) == len(words)
    assert not {*words} & {*operators, "and", "or", "not", "within", "for", "at", "all", "any"}


@pytest.mark.parametrize(
    "text,path,reason",
    [
        ("", "column 1", "the end"),
        ("close >", "column 8", "the end"),
        ("close > 5 close", "column 11", "expected the end"),
        ("close ? 5", "column 7", "can't be read"),
        ("close crosses 5", "column 7", "expected an operator"),
        ("rsi(14, 15) > 5", "column 1", "takes 1 numbers"),
        ("rsi(1) > 5", "column 1.period", "from 2 to 200"),
        ("foo(3) > 5", "column 1", "expected an operand"),
        ("pnl > 5", "column 1", "expected an operand"),
        ("(close > 5", "column 11", "expected ')'"),
        ("close > 5 within 0", "column 18", "from 1 to 500"),
        ("5 > 6", "column 1", "compares two numbers"),
        ("close@7m > 5", "column 1.timeframe", "expected one of"),
        ("close > 1e999", "column 9", "finite"),
        ("close > \u0665", "column 9", "can't be read"),
        ("position.size > 1", "column 1", "expected one of pnl_pct"),
        ("position > 1", "column 10", "expected '.'"),
        ("position.age > close", "column 1", "with numbers and each other only"),
        ("position.age crosses above 3", "column 1.op", "known at this close only"),
        ("close > 1 or (position.age > 3) within 2", "column 14", "can't stand within"),
        ("hour(Europe/Bonn) > 1", "column 6", "such as Europe/Berlin"),
        ("hour() > 1", "column 8", "expected ')'"),
        ("session(sydney) == 1", "column 1", "expected one of tokyo"),
        ("BTCUSDT:hour > 1", "column 9", "expected an operand"),
        ("sma(5, mark) > 1", "column 1", "prices and indicators"),
        ("change_pct(hour, 5) > 1", "column 1.of", "have no past"),
        ("a: close > 1 and a: close > 2", "column 18.id", "is another node's"),
        ("a: (close > 1 #x)", "column 1", "write them once"),
        ("close > 1 #x #x", "column 1.tags[1]", "appears twice"),
        ("close > 1 #a #b #c #d #e", "column 1.tags", "at most 4"),
        ("close > 1 #", "column 11", "can't be read"),
        ("close > 1 and not a: close > 2", "column 19", "needs brackets here: (a: ...)"),
        ("emaa(3) > 1", "column 1", "near it: ema"),
        ("(" * 5000, "column 4097", "at most 4096 words"),
        ("(" * 3000, "column 34", "at most 32 brackets"),
        ("not " * 3000 + "close > 5", "column 133", "at most 32 brackets"),
        ("not " * 8 + "close > 5", "not.not.not.not.not.not.not.not", "at most 8 levels, has 10"),
        ("close + 1 + 1 + 1 + 1 + 1 + 1 + 1 > 5", "", "at most 8 levels, has 9"),
        ("close > 5 or " * 100 + "close > 5", "column 833", "at most 64 nodes"),
    ],
)  # fmt: skip
def test_parse_text_refuses_and_names_the_column(text: str, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_text(text)
    assert reason in caught.value.reason
    assert caught.value.path == path


WHOLE = """expires = 3

[long]
dip: rsi(14) < 30 #cheap
and (close > open or close > 5)

[exit_long]
position.pnl_pct > 1.5 or hour(Europe/Berlin) >= 17
"""


def test_a_whole_rule_set_has_a_text() -> None:
    rules = parse_rules_text(WHOLE)
    assert [name for name, tree in rules.trees() if tree is not None] == ["long", "exit_long"]
    assert rules.expires == 3
    assert rules_text(rules) == WHOLE.replace("1.5 or", "1.5\nor")
    assert parse_rules_text(WHOLE.replace("\n", "\r\n")) == rules
    assert parse_rules_text(WHOLE.removeprefix("expires = 3") + "expires = 3") == rules


@pytest.mark.parametrize(
    "text,path,reason",
    [
        ("", "", "at least one of long"),
        ("close > 5", "line 1", "expected a header such as [long]"),
        ("[buy]\nclose > 5", "line 1", "expected one of long"),
        ("[long]\nclose > 5\n[long]\nclose > 6", "line 3", "[long] appears twice"),
        ("[long]\nclose > 5\n\n[short]\n  close > \n", "line 6 column 1", "the end"),
        ("expires = 11\n[long]\nclose > 5", "line 1", "from 1 to 10"),
        ("expires = 1\nexpires = 2\n[long]\nclose > 5", "line 2", "said twice"),
        ("[long]\nclose > 5\nexpires = 2 candles", "line 3 column 9", "can't be read"),
        ("[long]\na: close > 5\n[short]\na: close < 5", "line 4 column 1.id", "is another node's"),
        ("[long]\n" + "close > 5 and\n" * 40 + "close > 5\n[short]\n" + "close > 5 and\n" * 40 + "close > 5",
         "line 66 column 1", "at most 64 nodes"),
        ("[short]\nclose@1d > slope(ema(500)@1d, 500)", "short", "days of candles"),
    ],
)  # fmt: skip
def test_parse_rules_text_refuses_and_names_the_line(text: str, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_rules_text(text)
    assert reason in caught.value.reason
    assert caught.value.path == path


@settings(max_examples=150, deadline=None)
@given(rnd=st.integers(0, 2**32).map(Random))
def test_every_tree_survives_its_text(rnd: Random) -> None:
    rules = parse_rules(document(rnd))
    for name in TREES:
        tree = getattr(rules, name)
        assert tree is None or parse_text(to_text(tree)) == tree
    assert parse_rules_text(rules_text(rules)) == rules


def test_the_example_of_the_page_about_the_language_can_be_read() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
    example = page.split("```")[1]
    assert parse_rules_text(example).expires == 2
    for bound in (MAX_DEPTH, MAX_NODES, MAX_OPERANDS, MAX_LOOKBACK, MAX_TAGS, MAX_DIFFERENT_TAGS, MAX_COST):
        assert f" {bound:,} " in page.partition("Bounds")[2]

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document
from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.market.timeframe import Timeframe
from trading_core.rules.json_schema import rules_schema
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import loads_rules, parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import check_timeframe
from trading_core.rules.text import to_text

CLOSE = {"price": "close"}
LOW = {"left": CLOSE, "op": "<", "right": 30}
VALIDATOR = jsonschema.Draft202012Validator(rules_schema())
SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "rules.schema.json"


def long(node: Any) -> dict[str, Any]:
    return {"schema": 1, "long": node}


def left(operand: Any) -> dict[str, Any]:
    return long({"left": operand, "op": "<", "right": 30})


def deep(levels: int) -> Any:
    node: Any = LOW
    for _ in range(levels):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    "raw,path,reason",
    [
        ([], "", "expected an object"),
        ({}, "schema", "is missing"),
        ({"schema": 2, "long": LOW}, "schema", "expected 1"),
        ({"schema": True, "long": LOW}, "schema", "expected 1"),
        ({"schema": 1}, "", "at least one of long"),
        ({"schema": 1, "buy": LOW}, "buy", "is not known here"),
        (long("x"), "long", "expected a condition or a node"),
        (long({}), "long", "one of all"),
        (long({"all": []}), "long.all", "at least one node"),
        (long({"all": [LOW, {"nor": LOW}]}), "long.all[1]", "expected one of all"),
        (long({"at_least": {"k": 3, "of": [LOW]}}), "long.at_least.k", "from 1 to 1"),
        (long({"within": {"n": 0, "of": LOW}}), "long.within.n", "from 1 to 500"),
        (long({"within": {"n": 1e300, "of": LOW}}), "long.within.n", "from 1 to 500"),
        (long({"within": {"n": float("nan"), "of": LOW}}), "long.within.n", "whole number"),
        (long({"count": {"k": 4, "n": 3, "of": LOW}}), "long.count.k", "from 1 to 3"),
        (long({**LOW, "op": "="}), "long.op", "expected one of <"),
        (long({**LOW, "note": 1}), "long.note", "is not known here"),
        (long({"left": 1, "op": "<", "right": 2}), "long", "compares two numbers"),
        (long({"left": CLOSE, "op": "between", "low": 5, "high": 5}), "long.low", "below the high bound"),
        (long({"left": CLOSE, "op": "rising", "n": 51}), "long.n", "from 1 to 50"),
        (left(10**400), "long.left", "at most 1000000000"),
        (left(True), "long.left", "finite number"),
        (left({"price": "last"}), "long.left.price", "expected one of open"),
        (left({**CLOSE, "offset": -1}), "long.left.offset", "from 0 to 500"),
        (left({**CLOSE, "timeframe": "7m"}), "long.left.timeframe", "expected one of 1m"),
        (left({**CLOSE, "symbol": "btc"}), "long.left.symbol", "such as BTCUSDT"),
        (left({"indicator": "rsi2"}), "long.left.indicator", "expected an indicator"),
        (left({"indicator": "rsi", "params": {"period": 1}}), "long.left.params.period", "from 2 to 200"),
        (left({"indicator": "rsi", "params": {"period": 2.5}}), "long.left.params.period", "whole number"),
        (left({"indicator": "rsi", "params": {"len": 2}}), "long.left.params.len", "not known"),
        (left({"indicator": "macd", "params": {"fast": 30}}), "long.left.params.fast", "less than slow"),
        (left({"indicator": "macd", "output": "line"}), "long.left.output", "expected one of macd"),
        (left({"indicator": "atr", "source": "hl2"}), "long.left.source", "takes no source"),
        (left({"indicator": "rsi", "source": 5}), "long.left.source", "was a number"),
        (left({"indicator": "rsi", "source": {**CLOSE, "timeframe": "1h"}}), "long.left.source", "name them there"),
        (left({"add": [CLOSE]}), "long.left.add", "two operands"),
        (left({"add": [1, 2]}), "long.left.add", "combines two numbers"),
        (left({"div": [CLOSE, 0]}), "long.left.div[1]", "other than 0"),
        (left({"change_pct": {"of": 3, "n": 1}}), "long.left.change_pct.of", "was a number"),
        (left({"slope": {"of": CLOSE, "n": 1}}), "long.left.slope.n", "from 2 to 500"),
        (left({"funding_rate": {}}), "long.left", "tickers are not available yet"),
        (left({"price": "mark"}), "long.left.price", "tickers are not available yet"),
        (left({"position": "pnl"}), "long.left", "the position are not available yet"),
        (left({"portfolio": "day_pnl"}), "long.left", "portfolio are not available yet"),
        (left({"clock": "weekday"}), "long.left", "market clock are not available yet"),
        (left({"regime": "trend"}), "long.left", "regime are not available yet"),
        (long(deep(7)), "long.not.not.not.not.not.not.not.left", "at most 8 levels"),
        (long(deep(50)), "long" + ".not" * 8, "at most 8 levels"),
        (long({"any": [LOW] * 64}), "long.any[63]", "at most 64 nodes"),
        (long({"within": {"n": 400, "of": {"for": {"n": 400, "of": LOW}}}}), "long", "at most 500 closes"),
        (left({"indicator": "ema", "params": {"period": 500}, "timeframe": "1d"}), "long", "694 days"),
    ],
)  # fmt: skip
def test_parse_rules_refuses_and_names_the_place(raw: object, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_rules(raw)
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_parse_rules_fills_in_defaults() -> None:
    short = left({"indicator": "macd", "params": {"fast": 10.0}})
    full = parse_rules(short).canonical()
    assert full["long"]["left"] == {
        "indicator": "macd",
        "params": {"fast": 10, "slow": 26, "signal": 9},
        "output": "macd",
    }
    assert parse_rules(full) == parse_rules(short)
    assert parse_rules(full).hash == parse_rules(short).hash


def test_equal_rules_have_equal_hashes_whatever_the_spelling() -> None:
    plain = loads_rules(json.dumps(left({"indicator": "rsi", "source": "close"})))
    spelled = loads_rules(
        '{"long":{"op":"<","right":30.0,"left":{"indicator":"rsi","params":{}}},"schema":1}'
    )
    assert plain.hash == spelled.hash != parse_rules(long(LOW)).hash
    assert len(plain.hash) == 64


def test_loads_rules_is_strict() -> None:
    with pytest.raises(RulesInvalid, match="twice"):
        loads_rules('{"schema": 1, "schema": 1}')
    with pytest.raises(RulesInvalid, match="32768"):
        loads_rules(" " * 40_000)


def test_rules_refuse_timeframes_below_the_bots() -> None:
    rules = RuleSet(long=parse_text("close@5m > open"))
    check_timeframe(rules, Timeframe.M5)
    with pytest.raises(RulesInvalid, match="expected timeframes of 15m or more, has 5m"):
        check_timeframe(rules, Timeframe.M15)


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
        "at least 2 of (close rising 3, BTCUSDT:close@1h[2] between 1 and 2e+20, not mfi(14) > -3)",
        "(close - (open - low)) / (high * 2) > close / (open / low)",
        "macd(12, 26, 9).signal[1] > bollinger(20, 2.5, hl2).percent_b@4h",
        "rsi(14, ema(9, close - open)) falling 2 at least 2 in 5 within 3",
        "1000SHIBUSDT:close > 0.00002",
        "change_pct(close@5m, 3) > slope(ema(9)@5m[1], 4) - 2",
    ],
)
def test_text_round_trips(text: str) -> None:
    text = text.replace("2e+20", "2000")
    node = parse_text(text)
    assert parse_text(to_text(node)) == node
    assert to_text(node) == text
    assert parse_rules(RuleSet(long=node).canonical()).long == node


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
        ("pnl > 5", "column 1", "not available yet"),
        ("(close > 5", "column 11", "expected ')'"),
        ("close > 5 within 0", "column 18", "from 1 to 500"),
        ("5 > 6", "column 1", "compares two numbers"),
        ("close@7m > 5", "column 1.timeframe", "expected one of"),
        ("close > 1e999", "column 9", "finite"),
        ("(" * 5000, "column 8", "at most 8 levels"),
        ("not " * 3000 + "close > 5", "column 33", "at most 8 levels"),
        ("close > 5 or " * 100 + "close > 5", "column 833", "at most 64 nodes"),
    ],
)
def test_parse_text_refuses_and_names_the_column(text: str, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_text(text)
    assert reason in caught.value.reason
    assert caught.value.path == path


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rnd=st.integers(0, 2**32).map(Random))
def test_json_text_and_tree_agree(rnd: Random) -> None:
    raw = document(rnd)
    rules = parse_rules(raw)
    again = loads_rules(json.dumps(rules.canonical()))
    assert again == rules
    assert again.hash == rules.hash
    assert VALIDATOR.is_valid(raw)
    assert VALIDATOR.is_valid(rules.canonical())
    for _, tree in rules.trees():
        if tree is not None:
            assert parse_text(to_text(tree)) == tree


RUBBISH: list[Any] = [
    None, True, -1, 0, 1e300, float("nan"), float("inf"), 10**40, "", "x" * 300, "close", "__class__", "\ud800", [], {},
    [[]], {"all": {}}, {"not": None}, {"op": []}, {"price": {}}, {"indicator": []}, {"": 1}, {"n": "3"}, 2**63, -0.0,
]  # fmt: skip


def mutated(raw: Any, rnd: Random) -> Any:
    """The document itself, with one thing replaced, dropped, doubled or buried."""
    whole = raw
    places: list[tuple[Any, Any]] = []
    waiting = [whole]
    while waiting:
        item = waiting.pop()
        pairs = list(item.items()) if isinstance(item, dict) else list(enumerate(item))
        places += [(item, key) for key, _ in pairs]
        waiting += [child for _, child in pairs if isinstance(child, (dict, list)) and child]
    holder, key = rnd.choice(places)
    kind = rnd.randrange(5)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[rnd.choice(["x", "op", "all", "n", "price", "\x00"])] = copy.deepcopy(rnd.choice(RUBBISH))
    elif kind == 2:
        for _ in range(rnd.choice([3, 40, 200])):
            holder[key] = {rnd.choice(["not", "all", "add"]): holder[key]}
    elif kind == 3 and isinstance(holder, list):
        holder.extend([holder[key]] * rnd.choice([2, 100]))
    else:
        holder[key] = copy.deepcopy(rnd.choice(RUBBISH))
    return whole


def refusal(parse: Any, raw: Any) -> tuple[str, float]:
    """What it was refused with ("" when accepted) and how long that took; other errors escape."""
    began = time.process_time()
    try:
        parse(raw)
    except InvalidInput as e:
        said = str(e)
    else:
        said = ""
    return said, time.process_time() - began


def test_hostile_documents_are_refused_fast_and_never_crash() -> None:
    rnd = Random(2026)
    answers = []
    for _ in range(2000):
        raw: Any = document(rnd)
        for _ in range(rnd.randint(1, 3)):
            raw = mutated(raw, rnd) if raw else raw
        answers.append(
            refusal(lambda r: json.dumps(parse_rules(r).canonical(), allow_nan=False).encode(), raw)
        )
    refused = sum(bool(said) for said, _ in answers)
    slowest = max(took for _, took in answers)
    print(f"hostile documents: {refused} refused of 2000, slowest {slowest * 1000:.1f} ms")
    assert refused > 1000
    assert max(len(said) for said, _ in answers) < 1500
    assert slowest < 0.05


def test_hostile_texts_are_refused_fast_and_never_crash() -> None:
    rnd = Random(7)
    pieces = [
        "close", "rsi(", ")", "(", "and", "or", "not", "<", "14", "@1h", "[", "]", "crosses above", "within",
        "at least", "of", ",", "BTCUSDT:", ".", "-", "*", "1e308", "between", "for 3", "in", "\u0660", "$", "all(",
    ]  # fmt: skip
    texts = [" ".join(rnd.choices(pieces, k=rnd.choice([1, 5, 20, 2000]))) for _ in range(2000)]
    answers = [refusal(parse_text, text) for text in texts]
    assert max(len(said) for said, _ in answers) < 1500
    assert max(took for _, took in answers) < 0.05


def test_published_schema_is_the_one_of_the_code() -> None:
    schema = rules_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not VALIDATOR.is_valid({"schema": 1, "long": {"left": {"price": "last"}, "op": "<", "right": 1}})
    assert not VALIDATOR.is_valid({"schema": 1, "long": {"all": [], "any": []}})
    assert not VALIDATOR.is_valid(
        {"schema": 1, "long": {"left": {"indicator": "rsi", "params": {"period": 1}}}}
    )
    assert json.loads(SCHEMA_FILE.read_text()) == json.loads(json.dumps(schema))

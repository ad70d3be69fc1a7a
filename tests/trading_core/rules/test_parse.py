from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document
from trading_core.errors import RulesInvalid
from trading_core.market.timeframe import Timeframe
from trading_core.rules.json_schema import rules_schema
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import loads_rules, parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import check_timeframe
from trading_core.rules.text import to_text

CLOSE = {"price": "close"}
LOW = {"left": CLOSE, "op": "<", "right": 30}
PNL = {"position": "pnl_pct"}
LOSS = {"left": PNL, "op": "<", "right": -1}
VALIDATOR = jsonschema.Draft202012Validator(rules_schema())
SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "rules.schema.json"


def long(node: Any) -> dict[str, Any]:
    return {"schema": 2, "long": node}


def left(operand: Any) -> dict[str, Any]:
    return long({"left": operand, "op": "<", "right": 30})


def left_of(indicator: str, period: int) -> dict[str, Any]:
    return {"left": {"indicator": indicator, "params": {"period": period}}, "op": "<", "right": 30}


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
        ({"schema": 3, "long": LOW}, "schema", "expected 1 or 2"),
        ({"schema": True, "long": LOW}, "schema", "expected 1 or 2"),
        ({"schema": 2, "expires": 11, "long": LOW}, "expires", "from 1 to 10"),
        ({"schema": 2}, "", "at least one of long"),
        ({"schema": 2, "buy": LOW}, "buy", "is not known here"),
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
        (left({"indicator": "rsi2"}), "long.left.indicator", "of the catalog, was 'rsi2'; near it: rsi"),
        (left({"indicator": ["rsi"]}), "long.left.indicator", "was a list"),
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
        (left({"percentile": {"of": CLOSE, "n": 501}}), "long.left.percentile.n", "from 2 to 500"),
        (left({"percentile": {"of": {"clock": "hour"}, "n": 5}}), "long.left.percentile.of", "have no past"),
        (left({"ticker": "funding"}), "long.left.ticker", "expected one of funding_rate"),
        (left({"ticker": "mark", "symbol": "btc"}), "long.left.symbol", "such as BTCUSDT"),
        (left({"ticker": "mark", "offset": 1}), "long.left.offset", "is not known here"),
        (left({"indicator": "rsi", "source": {"ticker": "mark"}}), "long.left.source", "prices and indicators"),
        (left({"clock": "second"}), "long.left.clock", "expected one of hour"),
        (left({"clock": "hour", "zone": "Mars/Olympus"}), "long.left.zone", "such as Europe/Berlin"),
        (left({"clock": "hour", "zone": "../../etc/passwd"}), "long.left.zone", "such as Europe/Berlin"),
        (left({"clock": "hour", "zone": ["UTC"]}), "long.left.zone", "such as Europe/Berlin"),
        (left({"session": "sydney"}), "long.left.session", "expected one of tokyo"),
        (long({"left": {"session": "tokyo"}, "op": "rising", "n": 2}), "long.left", "neither rise nor fall"),
        (left({"position": "size"}), "long.left.position", "expected one of pnl_pct"),
        (left({"portfolio": "equity"}), "long.left.portfolio", "expected one of open_positions"),
        (left({"add": [{"position": "age"}, CLOSE]}), "long", "with numbers and each other only"),
        (left({"change_pct": {"of": PNL, "n": 3}}), "long.left.change_pct.of", "have no past"),
        (long({"left": PNL, "op": "crosses_above", "right": 1}), "long.op", "known at this close only"),
        (long({"left": PNL, "op": "rising", "n": 1}), "long.op", "known at this close only"),
        (long({"within": {"n": 3, "of": {"not": LOSS}}}), "long.within.of", "can't stand within"),
        (long({"count": {"k": 1, "n": 3, "of": {"any": [LOW, LOSS]}}}), "long.count.of", "can't stand within"),
        (long({**LOW, "id": "Oversold"}), "long.id", "such as oversold_2"),
        (long({**LOW, "id": "a" * 41}), "long.id", "such as oversold_2"),
        (long({**LOW, "id": None}), "long.id", "leave the key away"),
        (long({**LOW, "tags": ["a", "b", "c", "d", "e"]}), "long.tags", "at most 4"),
        (long({**LOW, "tags": "dip"}), "long.tags", "expected a list"),
        (long({**LOW, "tags": ["dip", "dip"]}), "long.tags[1]", "appears twice"),
        (long({**LOW, "tags": ["Dip"]}), "long.tags[0]", "such as dip"),
        (long({"any": [{**LOW, "id": "x"}, {**LOW, "id": "x"}]}), "long.any[1].id", "is another node's"),
        ({**long({**LOW, "id": "x"}), "short": {**LOW, "id": "x"}}, "short.id", "is another node's"),
        (long({"any": [{**LOW, "tags": [f"t{i}"]} for i in range(17)]}), "long.any[16].tags[0]", "at most 16"),
        (long({"any": [left_of("cci", 240 + i) for i in range(9)]}), "long.any[3]", "cost at most 5000000 steps"),
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
        '{"long":{"op":"<","right":30.0,"left":{"indicator":"rsi","params":{}}},"schema":2}'
    )
    assert plain.hash == spelled.hash != parse_rules(long(LOW)).hash
    assert len(plain.hash) == 64


def test_loads_rules_is_strict() -> None:
    with pytest.raises(RulesInvalid, match="twice"):
        loads_rules('{"schema": 2, "schema": 2}')
    with pytest.raises(RulesInvalid, match="32768"):
        loads_rules(" " * 40_000)


def test_rules_refuse_timeframes_below_the_bots() -> None:
    rules = RuleSet(long=parse_text("close@5m > open"))
    check_timeframe(rules, Timeframe.M5)
    with pytest.raises(RulesInvalid, match="expected timeframes of 15m or more, has 5m"):
        check_timeframe(rules, Timeframe.M15)


@settings(max_examples=100, deadline=None)
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


def test_published_schema_is_the_one_of_the_code() -> None:
    schema = rules_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not VALIDATOR.is_valid({"schema": 2, "long": {"left": {"price": "last"}, "op": "<", "right": 1}})
    assert not VALIDATOR.is_valid({"schema": 2, "long": {"all": [], "any": []}})
    assert not VALIDATOR.is_valid(
        {"schema": 2, "long": {"left": {"indicator": "rsi", "params": {"period": 1}}}}
    )
    assert json.loads(SCHEMA_FILE.read_text()) == json.loads(json.dumps(schema))

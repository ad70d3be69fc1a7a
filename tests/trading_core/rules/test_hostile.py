from __future__ import annotations

import json
from collections import Counter
from typing import Any

import jsonschema
import pytest

from benchmarks.hostile import LAYER, VALID, Hostile, hostile_documents
from trading_core.errors import RulesInvalid
from trading_core.rules.json_schema import rules_schema
from trading_core.rules.parse import loads_rules, parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.text import rules_text

COUNT = 5_000
VALIDATOR = jsonschema.Draft202012Validator(rules_schema())


def test_hostile_documents_are_refused_and_never_crash() -> None:
    """What is accepted keeps the published schema. Time is measured by ``python -m benchmarks hostile``."""
    refused: Counter[str] = Counter()
    accepted: list[Any] = []
    for hostile in hostile_documents(2026, COUNT):
        said = hostile.refusal()
        refused[hostile.kind] += bool(said)
        assert len(said) < 1_000, hostile
        said.encode()
        if not said and hostile.kind in ("document", "layer"):
            accepted.append(hostile.given)
    print(f"refused of {COUNT}: {dict(refused)}")
    assert len(refused) == 5
    assert min(refused.values()) > COUNT / 5 / 2
    assert all(VALIDATOR.is_valid(raw) for raw in accepted[:12])
    assert len(accepted) >= 12


def test_what_hostile_documents_are_made_from_is_accepted() -> None:
    assert Hostile("rules text", VALID).refusal() == ""
    assert Hostile("document", parse_rules_text(VALID).canonical()).refusal() == ""
    assert Hostile("layer", LAYER).refusal() == ""


CLOSE = {"price": "close"}
LOW = {"left": CLOSE, "op": "<", "right": 30}


@pytest.mark.parametrize(
    "text,path,reason",
    [
        ('{"schema": 2, "schema": 1}', "schema", "appears twice"),
        ('{"schema": 2, "long": {"id": "a", "id": "b"}}', "long.id", "appears twice"),
        (" " * 40_000, "", "at most 32768 bytes"),
        ("[" * 3_000, "line 1", "at most 32 levels"),
        ('{"schema": 2, "long": 1e999}', "", "finite"),
        ('{"schema": 2, "long": NaN}', "", "finite"),
        ('{"schema": ' + "9" * 4_300 + "}", "", "at most 40 digits"),
        ('{"schema": 2, "long": {"left": {"price": "\\ud800"}}}', "long.left.price", "U+D800"),
        ('{"schema": 2, "long\\u0000": 1}', "", "U+0000"),
        ('{"schema": \u0662}', "line 1 column 12", "not JSON"),
        (b'\xff{"schema": 2}', "", "UTF-8"),
    ],
)  # fmt: skip
def test_json_is_read_strictly(text: str | bytes, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        loads_rules(text)
    assert caught.value.path == path
    assert reason in caught.value.reason


@pytest.mark.parametrize("kind", ["not", "all", "any", "within", "add"])
def test_nesting_of_any_depth_is_refused_before_it_hurts(kind: str) -> None:
    raw: object = LOW
    for _ in range(20_000):
        raw = {"within": {"n": 1, "of": raw}} if kind == "within" else {kind: [raw] if kind != "not" else raw}
    with pytest.raises(RulesInvalid) as caught:
        parse_rules({"schema": 2, "long": raw})
    assert caught.value.path.startswith("long")


def test_the_largest_rule_sets_are_read_and_written() -> None:
    """As many nodes, operands and levels as may be: nothing recurses too far on the way."""
    deepest = "not " * 6 + "close > 5"
    chain = " and ".join(f"rsi({number}) > {number}" for number in range(2, 55))
    sums = " + ".join(["close"] * 7)
    rules = parse_rules_text(f"[long]\n{chain}\n[short]\n{deepest}\n[exit_long]\n{sums} > 5")
    assert loads_rules(json.dumps(rules.canonical())) == rules
    assert parse_rules_text(rules_text(rules)) == rules
    with pytest.raises(RulesInvalid, match="levels"):
        parse_text("not " + deepest)

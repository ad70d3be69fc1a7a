from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.rules.random_rules import document as random_document
from trading_core.errors import RulesInvalid
from trading_core.rules.json_schema import rules_schema
from trading_core.rules.layers import Origin, layered, parse_layer
from trading_core.rules.model import Named, RuleSet, conditions, node_data
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.places import placed
from trading_core.rules.text import condition_text, rules_text

BASE = parse_rules_text("""
[long]
trend: close > ema(100) and (dip: rsi(14) < 45 #dip) within 5 and (strong: adx(14) > 18 or not (quiet: atr(14) < 1))

[short]
at least 2 of (one: close < 1, two: close < 2, three: close < 3)

[exit_long]
out: (up: rsi(14) > 78 or down: close < 5)

[exit_short]
left: rsi(14) < 22
""")
NAMES = ["trend", "dip", "strong", "quiet", "one", "two", "three", "out", "left"]
JOINED = {"with": "any", "node": node_data(parse_text("two: close > 1"))}
VALIDATOR = jsonschema.Draft202012Validator(rules_schema())


def node(text: str) -> dict[str, Any]:
    return node_data(parse_text(text))


def document(**more: Any) -> dict[str, Any]:
    return {"schema": 2, "extends": "son", **more}


def effective(**more: Any) -> str:
    raw = document(**more)
    assert VALIDATOR.is_valid(raw)
    return rules_text(layered(BASE, parse_layer(raw)).rules)


def tree(text: str, name: str) -> str:
    """A tree's text on one line."""
    return text.partition(f"[{name}]\n")[2].partition("\n\n")[0].strip().replace("\n", " ")


def test_an_empty_layer_leaves_the_base() -> None:
    made = layered(BASE, parse_layer(document()))
    assert made.rules == BASE
    assert set(made.origins) == {Origin.BASE}
    assert len(made.origins) == len(BASE.conditions)


def test_what_is_switched_off_goes_with_the_groups_it_empties() -> None:
    off = effective(disable=["dip", "strong", "quiet", "left"])
    assert tree(off, "long") == "all(trend: close > ema(100))"
    assert "exit_short" not in off


def test_at_least_asks_for_as_many_as_are_left() -> None:
    assert tree(effective(disable=["one"]), "short").startswith("at least 2 of (two:")
    assert tree(effective(disable=["one", "two"]), "short") == "at least 1 of (three: close < 3)"
    assert "[short]" not in effective(disable=["one", "two", "three"])


def test_a_replacement_keeps_the_name_and_brings_its_own_tags() -> None:
    made = effective(override={"dip": node("close < 7 and rsi(14) < 40 #deep"), "out": node("close > 9 #x")})
    assert "(dip: (close < 7 and rsi(14) < 40 #deep)) within 5" in tree(made, "long")
    assert tree(made, "exit_long") == "out: close > 9 #x"


def test_an_extension_joins_a_root_of_its_kind_and_wraps_others() -> None:
    made = effective(
        extend={
            "long": {"with": "all", "node": node("mine: volume > 5")},
            "short": {"with": "any", "node": node("close > 8")},
            "exit_long": {"with": "all", "node": node("close > 9")},
            "average_long": {"with": "any", "node": node("close > 6")},
        },
        expires=4,
    )
    assert tree(made, "long").endswith("or not (quiet: atr(14) < 1)) and mine: volume > 5")
    assert (
        tree(made, "short") == "at least 2 of (one: close < 1, two: close < 2, three: close < 3) or close > 8"
    )
    assert tree(made, "exit_long") == "out: (up: rsi(14) > 78 or down: close < 5) and close > 9"
    assert tree(made, "average_long") == "close > 6"
    assert made.startswith("expires = 4\n")


def test_every_condition_of_the_effective_rules_has_its_origin() -> None:
    layer = parse_layer(
        document(
            disable=["trend", "up"],
            override={"strong": node("close > 3 or open > 3")},
            extend={
                "long": {"with": "all", "node": node("volume > 5")},
                "average_short": {"with": "all", "node": node("close > 6")},
            },
        )
    )
    made = layered(BASE, layer)
    told = [
        (condition_text(condition), origin)
        for condition, origin in zip(made.rules.conditions, made.origins, strict=True)
        if origin is not Origin.BASE
    ]
    assert told == [
        ("close > 3", Origin.OVERRIDE),
        ("open > 3", Origin.OVERRIDE),
        ("volume > 5", Origin.OWN),
        ("close > 6", Origin.OWN),
    ]
    assert len(made.rules.conditions) == 11


def test_a_layer_has_a_canonical_document() -> None:
    raw = document(
        override={"dip": {"left": {"indicator": "rsi"}, "op": "<", "right": 40, "id": "dip", "tags": ["x"]}},
        disable=["one"],
        extend={"short": {"with": "any", "node": node("close > 8")}},
        expires=2,
    )
    layer = parse_layer(raw)
    again = layer.canonical()
    assert "id" not in again["override"]["dip"]
    assert parse_layer(json.loads(json.dumps(again))) == layer
    assert VALIDATOR.is_valid(again)


@pytest.mark.parametrize(
    "raw,path,reason",
    [
        ([], "", "expected an object"),
        ({"schema": 1, "extends": "son"}, "schema", "expected 2"),
        ({"schema": 2}, "extends", "is missing"),
        (document(extends="moon"), "extends", "expected one of son"),
        (document(long=node("close > 1")), "long", "is not known here"),
        (document(disable="dip"), "disable", "expected a list"),
        (document(disable=[3]), "disable[0]", "expected a name"),
        (document(disable=["dip", "dip"]), "disable[1]", "appears twice"),
        (document(disable=["nope"]), "disable[0]", "expected a name of son (trend, dip,"),
        (document(disable=["out", "up"]), "disable[1]", "stands inside out"),
        (document(override={"nope": node("close > 1")}), "override.nope", "expected a name of son"),
        (document(override={"dip": 5}), "override.dip", "expected a condition or a node"),
        (document(override={"dip": node("b: close > 1")}), "override.dip.id", "keeps the name"),
        (document(override={"up": node("close > 1")}, disable=["out"]), "override.up", "stands inside out"),
        (document(override={"up": node("close > 1")}, disable=["up"]), "override.up", "switched off as well"),
        (document(override={"dip": node("position.age > 3")}), "long.all[1].within.of", "can't stand within"),
        (document(extend={"buy": {}}), "extend.buy", "is not known here"),
        (document(extend={"long": node("close > 1")}), "extend.long.with", "is missing"),
        (document(extend={"long": {"with": "not", "node": {}}}), "extend.long.with", "expected one of all"),
        (document(extend={"long": {"with": "any", "node": {}}}), "extend.long.node", "expected a condition"),
        (document(extend={"long": JOINED}), "short.at_least.of[1].id", "another node's"),
        (document(disable=NAMES), "", "at least one of long"),
        (document(expires=0), "expires", "from 1 to 10"),
    ],
)  # fmt: skip
def test_layers_are_refused_with_the_place(raw: object, path: str, reason: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        layered(BASE, parse_layer(raw))
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_the_effective_rules_keep_every_bound() -> None:
    many = " and ".join(f"close > {number}" for number in range(60))
    layer = parse_layer(document(extend={"long": {"with": "any", "node": node(many)}}))
    assert len(conditions(dict(layer.extend)["long"].node)) == 60
    with pytest.raises(RulesInvalid, match="at most 64 nodes"):
        layered(BASE, layer)


def names_apart(rnd: Random, rules: RuleSet) -> list[str]:
    """Some of the names of a rule-set, none inside another."""
    chosen: dict[str, str] = {}
    for place, found in placed(rules):
        outer = any(place.path == path or place.path.startswith(f"{path}.") for path in chosen.values())
        if isinstance(found, Named) and found.id is not None and not outer and rnd.random() < 0.7:
            chosen[found.id] = place.path
    return list(chosen)


@settings(max_examples=150, deadline=None)
@given(rnd=st.integers(0, 2**32).map(Random))
def test_any_names_of_any_rules_can_be_switched_off_or_replaced(rnd: Random) -> None:
    base = parse_rules(random_document(rnd))
    names = names_apart(rnd, base)
    off, replaced = names[: len(names) // 2], names[len(names) // 2 :]
    raw = document(
        disable=off,
        override={name: node("close > 12345") for name in replaced},
        extend={"long": {"with": "any", "node": node("close > 1")}},
    )
    made = layered(base, parse_layer(raw))
    left = {found.id for _, found in placed(made.rules) if isinstance(found, Named)}
    assert not left & set(off)
    assert left >= set(replaced)
    assert len(made.origins) == len(made.rules.conditions)
    assert made.origins.count(Origin.OVERRIDE) == len(replaced)
    assert made.origins.count(Origin.OWN) == 1

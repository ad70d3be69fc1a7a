from __future__ import annotations

import copy
from typing import Any

import pytest

from trading_core.errors import RulesInvalid
from trading_core.rules.migrations import STEPS, migrate
from trading_core.rules.model import SCHEMA
from trading_core.rules.parse import loads_rules, parse_rules
from trading_core.rules.parse_text import parse_rules_text

OLD: dict[str, Any] = {
    "schema": 1,
    "long": {
        "all": [
            {"left": {"indicator": "rsi"}, "op": "<", "right": 30},
            {"not": {"left": {"price": "close"}, "op": ">", "right": 5}},
        ]
    },
    "exit_long": None,
}


def test_a_stored_document_says_today_what_it_said() -> None:
    before = copy.deepcopy(OLD)
    assert parse_rules(OLD) == parse_rules_text("[long]\nrsi(14) < 30 and not close > 5")
    assert parse_rules(OLD).canonical()["schema"] == SCHEMA
    assert before == OLD
    assert loads_rules('{"schema": 1.0, "short": {"left": {"price": "low"}, "op": "<", "right": 3}}').short


def test_every_schema_has_a_step_to_the_next_and_the_newest_stays() -> None:
    assert list(STEPS) == list(range(1, SCHEMA))
    for schema, step in STEPS.items():
        assert step({"schema": schema})["schema"] == schema + 1
    newest = {"schema": SCHEMA, "expires": 4, "long": OLD["long"]}
    assert migrate(newest) == newest


@pytest.mark.parametrize("schema", [0, 3, -1, 1.5, True, None, "2", [1], {}, 10**400, float("nan")])
def test_unknown_schemas_are_refused_with_the_known_ones(schema: object) -> None:
    with pytest.raises(RulesInvalid, match="expected 1 or 2") as caught:
        migrate({"schema": schema})
    assert caught.value.path == "schema"


def test_a_document_has_a_schema_and_an_old_one_no_new_words() -> None:
    with pytest.raises(RulesInvalid, match="schema: is missing"):
        migrate({"long": OLD["long"]})
    with pytest.raises(RulesInvalid, match="expires: is not known in schema 1"):
        parse_rules({**OLD, "expires": 2})

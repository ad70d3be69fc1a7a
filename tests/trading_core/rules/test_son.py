from __future__ import annotations

import pytest

from tests.e2e.desk_rows import document as bot_document
from trading_core.engine.document import document_hash, parse_document
from trading_core.errors import DocumentInvalid, RulesInvalid
from trading_core.rules.model import All, AnyOf, Named, RuleSet, children
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.son import SON, over_son

OWN = RuleSet(
    long=parse_text("quiet: atr_pct(14) < 1"), exit_long=parse_text("rested: rsi(14) > 60"), expires=2
)


def test_every_condition_of_son_has_a_name_and_survives_its_document() -> None:
    for _, tree in SON.trees():
        assert tree is not None
        assert all(isinstance(child, Named) and child.id for child in children(tree))
    assert parse_rules(SON.canonical()) == SON


def test_over_son_an_entry_needs_both_and_either_leaves() -> None:
    rules = over_son(OWN)

    assert rules.long == All((SON.long, OWN.long))  # type: ignore[arg-type]
    assert rules.exit_long == AnyOf((SON.exit_long, OWN.exit_long))  # type: ignore[arg-type]
    assert (rules.short, rules.average_short, rules.expires) == (SON.short, SON.average_short, 2)


def test_a_name_that_son_has_is_refused() -> None:
    with pytest.raises(RulesInvalid):
        over_son(RuleSet(long=parse_text("long_trend: close > open")))


def test_a_bot_document_over_son_holds_what_came_of_it() -> None:
    asked = bot_document("Over SON", ["BTCUSDT"], rules={"inline": OWN.canonical(), "son": True})

    document = parse_document(asked)

    assert document.rules == over_son(OWN)
    assert document.canonical()["rules"]["son"] is False
    assert parse_document(document.canonical()) == document
    spelled = bot_document("Over SON", ["BTCUSDT"], rules={"inline": over_son(OWN).canonical(), "son": False})
    assert document_hash(parse_document(spelled)) == document_hash(document)


def test_a_bot_document_without_son_keeps_its_rules() -> None:
    asked = bot_document("Alone", ["BTCUSDT"], rules={"inline": OWN.canonical(), "son": False})

    assert parse_document(asked).rules == OWN


def test_rules_that_do_not_fit_over_son_are_refused_at_the_switch() -> None:
    clash = RuleSet(long=parse_text("long_trend: close > open")).canonical()

    with pytest.raises(DocumentInvalid) as caught:
        parse_document(bot_document("Clash", ["BTCUSDT"], rules={"inline": clash, "son": True}))

    assert caught.value.path == "rules.son"
    assert "long_trend" in caught.value.reason

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Workspace
from ailona.kit.tenancy import workspace_scope
from conditions.models import RuleSetVersion
from conditions.outline import Branch, outline
from conditions.services import publishing, reading
from conditions.services.drafts import create_rule_set, fork, save_draft
from conditions.services.publishing import publish_version, son_moved_on
from conditions.services.reading import read_draft
from conditions.son import SON, SON_VERSION
from tests.roles import acting_as
from trading_core.errors import RulesInvalid
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text

LAYER: dict[str, Any] = {
    "schema": 2,
    "extends": "son",
    "override": {"long_strength": "adx(14) > 30"},
    "disable": ["long_spent"],
    "extend": {"long": {"with": "all", "node": "london: session(london) == 1 #london"}},
}


@pytest.fixture
def here(workspace: Workspace) -> Iterator[None]:
    with acting_as("web"), workspace_scope(workspace.pk):
        yield


def move_son_on(monkeypatch: pytest.MonkeyPatch) -> RuleSet:
    """SON leaves a short later, by another average, and says nothing else anew."""
    trees: dict[str, Any] = dict(SON.trees())
    later = RuleSet(**{**trees, "exit_short": parse_text("short_turned: close > ema(34)")})
    for module in (publishing, reading):
        monkeypatch.setattr(module, "SON", later)
    return later


def leaves(branch: Branch) -> list[Branch]:
    return [leaf for child in branch.below for leaf in leaves(child)] if branch.below else [branch]


def test_a_layer_says_where_each_condition_comes_from() -> None:
    read = read_draft(LAYER)

    assert read.rules is not None
    trees = {one.tree: one for one in outline(read.rules, read.origins, base=SON, disabled=read.disabled)}
    root = trees["long"].root
    assert root is not None
    assert [(leaf.head, leaf.origin) for leaf in leaves(root)] == [
        ("close > ema(100)", "base"),
        ("ema(9) > ema(21)", "base"),
        ("rsi(14) crosses above 45", "base"),
        ("adx(14).adx > 30", "override"),
        ("session(london) == 1", "own"),
    ]
    assert [(leaf.id, leaf.origin) for leaf in trees["exit_long"].off] == [("long_spent", "off")]
    assert len(read.origins) == len(read.rules.conditions)


def test_the_outline_numbers_conditions_as_the_verdict_does() -> None:
    read = read_draft(LAYER)

    assert read.rules is not None
    trees = outline(read.rules, read.origins)
    slots = [leaf.slot for one in trees if one.root is not None for leaf in leaves(one.root)]

    assert slots == list(range(len(read.rules.conditions)))


@pytest.mark.parametrize(
    "change,path",
    [
        ({"override": {"long_strenght": "adx(14) > 30"}}, "override.long_strenght"),
        ({"disable": ["nobody"]}, "disable[0]"),
        ({"override": {"long_strength": "adx(14) >"}}, "override.long_strength, column 10"),
        ({"extend": {"long": {"with": "xor", "node": "close > open"}}}, "extend.long.with"),
        ({"extend": {"long": {"with": "all", "node": "long_trend: close > open"}}}, ""),
    ],
)
def test_a_layer_that_does_not_fit_names_the_place(change: dict[str, Any], path: str) -> None:
    read = read_draft(LAYER | change)

    assert read.rules is None
    assert read.faults[0].path.startswith(path)


def test_publishing_a_layer_freezes_rules_layer_and_son(here: None) -> None:
    version = publish_version(create_rule_set(name="Mine", document=LAYER), note="First")

    assert parse_rules(version.document).hash == version.rules_hash
    assert version.source is not None
    assert version.source["override"]["long_strength"]["right"] == 30
    assert (version.base_version, version.base_hash, version.note) == (SON_VERSION, SON.hash, "First")
    assert version.origins == ["base", "base", "base", "override", "own", *["base"] * 11]
    assert not son_moved_on(version)


def test_a_later_son_changes_no_version(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    version = publish_version(create_rule_set(name="Mine", document=LAYER))
    was = dict(version.document)

    move_son_on(monkeypatch)

    again = RuleSetVersion.objects.get(pk=version.pk)
    assert son_moved_on(again)
    assert (again.document, again.base_hash) == (was, SON.hash)


def test_publishing_again_rebases_on_the_later_son(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    row = create_rule_set(name="Mine", document=LAYER)
    first = publish_version(row)
    later = move_son_on(monkeypatch)

    second = publish_version(row)

    assert (second.number, second.base_hash) == (2, later.hash)
    assert second.source == first.source
    assert second.document["exit_short"] != first.document["exit_short"]
    assert second.document["long"] == first.document["long"]
    assert not son_moved_on(second)


def test_a_layer_survives_its_fork(here: None) -> None:
    version = publish_version(create_rule_set(name="Mine", document=LAYER))

    copy = fork(version, name="Other")

    assert copy.is_layer
    assert publish_version(copy).rules_hash == version.rules_hash


def test_the_same_layer_published_twice_is_one_version(here: None) -> None:
    row = create_rule_set(name="Mine", document=LAYER)
    first = publish_version(row)
    save_draft(row, document=LAYER | {"override": {"long_strength": "adx(14)>30"}})

    assert publish_version(row) == first


def test_a_note_that_is_too_long_is_refused(here: None) -> None:
    row = create_rule_set(name="Mine", document=LAYER)

    with pytest.raises(RulesInvalid, match="at most 200"):
        publish_version(row, note="x" * 201)

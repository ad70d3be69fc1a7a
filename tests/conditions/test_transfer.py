from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Workspace
from ailona.kit.tenancy import workspace_scope
from conditions.models import RuleSet
from conditions.selectors import rule_set, rule_sets
from conditions.services.comparing import changes
from conditions.services.drafts import archive, create_rule_set, rename, unarchive
from conditions.services.mirroring import mirror_draft, mirrored
from conditions.services.publishing import publish_version, read_version
from conditions.services.reading import read_draft
from conditions.services.transfer import create_imported, exported, exported_draft, import_into, imported
from tests.conditions.test_layers import LAYER
from tests.roles import acting_as
from trading_core.errors import RulesInvalid
from trading_core.rules.text import to_text

PLAIN: dict[str, Any] = {"schema": 2, "long": "dip: rsi(14) < 30", "exit_long": "rested: rsi(14) > 60"}


@pytest.fixture
def here(workspace: Workspace) -> Iterator[None]:
    with acting_as("web"), workspace_scope(workspace.pk):
        yield


@pytest.mark.parametrize("draft", [PLAIN, LAYER])
def test_an_export_is_imported_as_the_same_rules(here: None, draft: dict[str, Any]) -> None:
    version = publish_version(create_rule_set(name="Mine", document=draft))

    copy = create_imported(name="Copy", text=json.dumps(exported(version)))

    assert copy.is_layer == ("extends" in draft)
    assert publish_version(copy).rules_hash == version.rules_hash


def test_a_draft_is_exported_with_its_hash_and_without_a_number(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)

    data = exported_draft(row)

    assert (data["name"], data["version"]) == ("Mine", None)
    assert data["rules_hash"] == publish_version(row).rules_hash


@pytest.mark.parametrize(
    "text,path",
    [
        ('{"schema": 2, "long": {"left": {"indicator": "rsi"}, "op": "<", "right": "x"}}', "long.right"),
        ('{"schema": 2, "schema": 2}', "schema"),
        ('{"schema": 2, "expires": NaN}', ""),
        ("[1, 2]", "line 1"),
        ("[long]\nrsi(14) <", "line 2 column 10"),
        ("{", "line 1"),
        (b"\xff\xfe", "byte 1"),
        (" " * 33_000, ""),
        ("", ""),
        ('{"format": "other", "document": {}}', "format"),
        ('{"format": "ailona-rules", "document": {"schema": 2}, "more": 1}', "more"),
        ('{"format": "ailona-rules", "layer": [], "document": {"schema": 2}}', "layer"),
    ],
)
def test_a_file_that_is_wrong_anywhere_changes_nothing(here: None, text: str | bytes, path: str) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)

    with pytest.raises(RulesInvalid) as caught:
        import_into(row, text=text)
    with pytest.raises(RulesInvalid):
        create_imported(name="Other", text=text)

    assert caught.value.path.startswith(path)
    assert rule_set(row.code).draft == PLAIN
    assert RuleSet.objects.count() == 1


def test_an_export_that_was_edited_says_so(here: None) -> None:
    data = exported(publish_version(create_rule_set(name="Mine", document=PLAIN)))
    data["document"]["long"]["right"] = 20

    with pytest.raises(RulesInvalid, match="changed after it was exported"):
        imported(json.dumps(data))
    assert imported(json.dumps({**data, "rules_hash": None}))["long"]["right"] == 20


def test_the_text_form_is_imported(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)

    import_into(row, text="expires = 2\n\n[short]\nspike: rsi(14) > 80\n")

    assert row.draft["expires"] == 2
    assert set(row.draft) == {"schema", "expires", "short"}


def test_one_side_is_written_from_the_other(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)

    made = mirror_draft(row, side="short")

    assert {name: to_text(tree) for name, tree in made.rules.trees() if tree is not None} == {
        "long": "dip: rsi(14) < 30",
        "short": "dip_short: rsi(14) > 70",
        "exit_long": "rested: rsi(14) > 60",
        "exit_short": "rested_short: rsi(14) < 40",
    }
    assert made.kept == ()
    assert read_draft(rule_set(row.code).draft).rules == made.rules


def test_mirroring_back_gives_the_side_back(here: None) -> None:
    row = create_rule_set(name="Mine", document={"schema": 2, "long": "long_dip: rsi(14) < 30"})
    long = mirrored(row, side="short").rules.long

    mirror_draft(row, side="short")
    again = mirror_draft(row, side="long")

    assert again.rules.long == long


@pytest.mark.parametrize(
    "draft,side,reason",
    [(LAYER, "short", "no sides"), (PLAIN, "long", "says nothing"), (PLAIN, "up", "expected short or long")],
)
def test_what_has_no_mirror_is_refused(here: None, draft: dict[str, Any], side: str, reason: str) -> None:
    with pytest.raises(RulesInvalid, match=reason):
        mirror_draft(create_rule_set(name="Mine", document=draft), side=side)


def test_changes_are_told_in_words(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)
    old = read_version(publish_version(row)).rules
    new = read_draft(PLAIN | {"long": "dip: rsi(14) < 25", "short": "spike: rsi(14) > 80"}).rules
    assert old is not None
    assert new is not None

    told = changes(old, new)

    assert [(line.kind, line.where) for line in told] == [
        ("changed", "Enter long, dip, changed, 30 to 25"),
        ("added", "Enter short, spike, added"),
    ]
    assert (told[0].old, told[1].old) == ("dip: rsi(14) < 30", "")


def test_archiving_hides_and_deletes_nothing(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)
    version = publish_version(row)

    archive(row)

    assert list(rule_sets(archived=False)) == []
    assert [one.code for one in rule_sets(archived=True)] == [row.code]
    assert row.versions.get() == version
    unarchive(row)
    assert [one.code for one in rule_sets(archived=False)] == [row.code]


def test_renaming_keeps_the_versions(here: None) -> None:
    row = create_rule_set(name="Mine", document=PLAIN)
    version = publish_version(row)

    rename(row, name=" Yours ")

    assert rule_set(row.code).name == "Yours"
    assert row.versions.get().code == version.code
    with pytest.raises(RulesInvalid, match="1 to 80"):
        rename(row, name="")

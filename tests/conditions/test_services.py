from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import AuditEvent, User, Workspace
from ailona.kit.tenancy import NoWorkspace, workspace_scope
from conditions.models import RuleSet, RuleSetVersion, VersionIsFinal
from conditions.selectors import editor_catalog, latest_version, resolve, rule_set, rule_sets
from conditions.services.drafts import archive, create_rule_set, fork, save_draft, unarchive
from conditions.services.publishing import publish_version
from tests.persons import workspace_of
from tests.roles import acting_as
from trading_core.errors import RulesInvalid
from trading_core.rules.parse import parse_rules

DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "long": {"left": {"indicator": "rsi"}, "op": "<", "right": 30},
}


@pytest.fixture
def here(workspace: Workspace) -> Iterator[None]:
    with acting_as("web"), workspace_scope(workspace.pk):
        yield


def test_a_draft_need_not_be_valid(here: None) -> None:
    made = create_rule_set(name=" Dips ", document={"schema": 1, "long": "soon"})

    saved = save_draft(made, document=DOCUMENT, name="Dips and more")

    assert (saved.name, rule_set(made.code).draft) == ("Dips and more", DOCUMENT)


def test_a_draft_that_is_too_large_is_refused(here: None) -> None:
    with pytest.raises(RulesInvalid, match="at most 32768 bytes"):
        create_rule_set(name="Large", document={"long": "x" * 40_000})
    with pytest.raises(RulesInvalid, match="1 to 80 characters"):
        create_rule_set(name="  ", document=DOCUMENT)
    assert RuleSet.objects.count() == 0


def test_publishing_freezes_the_canonical_document(here: None) -> None:
    made = create_rule_set(name="Dips", document=DOCUMENT)

    version = publish_version(made)

    assert version.number == 1
    assert version.document["long"]["left"]["params"] == {"period": 14}
    assert resolve(version.code) == version.document
    assert parse_rules(version.document).hash == version.rules_hash


def test_what_is_published_and_put_away_is_in_the_audit_log(here: None) -> None:
    made = create_rule_set(name="Dips", document=DOCUMENT)
    version = publish_version(made, actor="ann@example.com")
    publish_version(made, actor="ann@example.com")
    for act in (archive, archive, unarchive, unarchive):
        act(made, actor="bob@example.com")

    told = [(e.action, e.subject, e.actor) for e in AuditEvent.objects.order_by("sequence")]
    assert told[-3:] == [
        ("rules.published", made.code, "ann@example.com"),
        ("rules.archived", made.code, "bob@example.com"),
        ("rules.restored", made.code, "bob@example.com"),
    ]
    published = AuditEvent.objects.filter(action="rules.published").get()
    assert published.details == {"number": 1, "version": version.code, "rules_hash": version.rules_hash}


def test_publishing_the_same_twice_makes_one_version(here: None) -> None:
    made = create_rule_set(name="Dips", document=DOCUMENT)
    first = publish_version(made)

    again = publish_version(made)
    save_draft(made, document={**DOCUMENT, "short": {"left": {"price": "close"}, "op": "rising", "n": 3}})
    second = publish_version(made)

    assert again == first
    assert (second.number, latest_version(made)) == (2, second)
    assert [row.versions.count() for row in rule_sets()] == [2]


def test_publishing_an_invalid_draft_names_the_place(here: None) -> None:
    made = create_rule_set(name="Dips", document={"schema": 1, "long": {"left": 1, "op": "<", "right": 2}})

    with pytest.raises(RulesInvalid, match="compares two numbers") as caught:
        publish_version(made)

    assert caught.value.path == "long"
    assert RuleSetVersion.objects.count() == 0


def test_a_version_never_changes(here: None) -> None:
    version = publish_version(create_rule_set(name="Dips", document=DOCUMENT))
    version.number = 7

    with pytest.raises(VersionIsFinal):
        version.save()
    with pytest.raises(VersionIsFinal):
        version.delete()


def test_a_fork_starts_from_a_version(here: None) -> None:
    version = publish_version(create_rule_set(name="Dips", document=DOCUMENT))

    copy = fork(version, name="My dips")

    assert copy.draft == version.document
    assert publish_version(copy).rules_hash == version.rules_hash


def test_a_stranger_does_not_resolve_a_version(workspace: Workspace, charlie: User) -> None:
    with acting_as("web"), workspace_scope(workspace.pk):
        version = publish_version(create_rule_set(name="Dips", document=DOCUMENT))

    with (
        acting_as("web"),
        workspace_scope(workspace_of(charlie).pk),
        pytest.raises(RulesInvalid, match="no version"),
    ):
        resolve(version.code)
    with pytest.raises(NoWorkspace):
        resolve(version.code)


def test_the_editor_catalog_is_plain_data() -> None:
    catalog = editor_catalog()

    rsi = next(i for i in catalog["indicators"] if i["name"] == "rsi")
    assert rsi["params"] == [
        {"name": "period", "label": "Period", "default": 14, "low": 2, "high": 200, "whole": True}
    ]
    assert len(catalog["indicators"]) >= 12

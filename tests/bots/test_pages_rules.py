from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.services.lifecycle import create_paper_bot
from conditions.models import RuleSet
from conditions.selectors import rule_set
from conditions.services.drafts import create_rule_set, save_draft
from conditions.services.publishing import publish_version
from conditions.templates_catalog import RULE_TEMPLATES
from tests.bots.desk import _nothing_remembered, desk, logged_in  # noqa: F401 - fixtures
from tests.e2e.desk_rows import document
from tests.roles import acting_as

PLAIN: dict[str, Any] = {"schema": 2, "long": "dip: rsi(14) < 45", "exit_long": "rested: rsi(14) > 60"}
LAYER: dict[str, Any] = {
    "schema": 2,
    "extends": "son",
    "override": {"long_strength": "adx(14) > 30"},
    "disable": ["long_spent"],
}


NEW_BOT = {
    "name": "Pinner", "symbols": ["BTCUSDT"], "timeframe": "1m", "size_quote": "200", "leverage": "2",
    "max_open_positions": "3", "max_position_quote": "5000", "cooldown_candles": "1", "stop_pct": "4",
    "stop_base": "entry", "take_profit_pct": "1", "take_profit_base": "average", "time_stop_minutes": "240",
    "paper_balance": "10000",
}  # fmt: skip


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


def made(workspace: Workspace, draft: dict[str, Any], name: str = "Mine") -> RuleSet:
    with acting_as("web"), workspace_scope(workspace.pk):
        return create_rule_set(name=name, document=draft)


def published(workspace: Workspace, row: RuleSet) -> str:
    with acting_as("web"), workspace_scope(workspace.pk):
        return publish_version(row).code


def draft_of(workspace: Workspace, row: RuleSet) -> dict[str, Any]:
    with acting_as("web"), workspace_scope(workspace.pk):
        return dict(rule_set(row.code).draft)


def text(client: Client, name: str, *args: object, query: str = "") -> str:
    response = client.get(reverse(name, args=args) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_list_of_a_newcomer_says_what_to_do(client: Client, workspace: Workspace) -> None:
    assert "No rules of your own yet" in text(client, "rules")
    assert "Nothing is archived" in text(client, "rules", query="?archived=1")


def test_list_names_kind_version_and_the_bots_that_pin_it(client: Client, desk: Workspace) -> None:
    row = made(desk, PLAIN, "Dips")
    code = published(desk, row)
    made(desk, LAYER, "Layered")
    with workspace_scope(desk.pk):
        rules = row.versions.get(code=code).document
        create_paper_bot(document("Pinner", ["BTCUSDT"], rules={"inline": rules, "son": False}))

    found = text(client, "rules")

    for part in ("Dips", "v1", "Pinner", "Layered", "Over SON", "Own rules", "not published"):
        assert part in found


def test_gallery_shows_every_template_with_its_weakness(client: Client, workspace: Workspace) -> None:
    found = text(client, "rules-templates")

    for template in RULE_TEMPLATES.values():
        assert template.name in found.replace("&#x27;", "'")
    assert found.count("Weak at") == len(RULE_TEMPLATES)


def test_a_template_becomes_a_rule_set(client: Client, workspace: Workspace) -> None:
    response = client.post(reverse("rules-new"), {"template": "breakout"})

    assert response.status_code == 302
    with workspace_scope(workspace.pk):
        assert RuleSet.objects.get().draft == RULE_TEMPLATES["breakout"].rules.canonical()


@pytest.mark.parametrize("start,is_layer", [("blank", False), ("son", True)])
def test_a_new_rule_set_starts_blank_or_over_son(
    client: Client, workspace: Workspace, start: str, is_layer: bool
) -> None:
    client.post(reverse("rules-new"), {"name": "Mine", "start": start})

    with workspace_scope(workspace.pk):
        assert RuleSet.objects.get().is_layer is is_layer


def test_a_file_starts_a_rule_set_or_says_where_it_is_wrong(client: Client, workspace: Workspace) -> None:
    bad = {"name": "Kept name", "start": "file", "text": "[long]\nrsi(14) <"}
    refused = client.post(reverse("rules-new"), bad)
    good = SimpleUploadedFile("rules.txt", b"[long]\nrsi(14) < 30")
    accepted = client.post(reverse("rules-new"), {"name": "Mine", "start": "file", "file": good})

    page = refused.content.decode()
    assert refused.status_code == 422
    assert "line 2 column 10" in page
    assert "Kept name" in page
    assert "rsi(14) &lt;" in page
    assert accepted.status_code == 302
    with workspace_scope(workspace.pk):
        assert [row.name for row in RuleSet.objects.all()] == ["Mine"]


def test_page_shows_editor_words_brackets_and_versions(client: Client, workspace: Workspace) -> None:
    row = made(workspace, PLAIN | {"long": "rsi(14) < 30 and (close > open or volume > 5) #x"})

    found = text(client, "rule-set", row.code)

    for part in (
        "Enter long when all of",
        "any of (",
        "all of (",
        "No version yet",
        'name="exit_long"',
        "#x",
    ):
        assert part in found
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", found)


def test_page_of_a_layer_shows_where_each_condition_comes_from(client: Client, workspace: Workspace) -> None:
    row = made(workspace, LAYER)

    found = text(client, "rule-set", row.code)

    for part in (
        "overridden",
        "switched off",
        ">SON</span>",
        'name="mode-long_strength"',
        "adx(14).adx &gt; 30",
    ):
        assert part in found


def test_an_unfinished_draft_is_saved_as_typed_and_pointed_at(client: Client, workspace: Workspace) -> None:
    row = made(workspace, PLAIN)

    answer = client.post(
        reverse("rule-set", args=[row.code]),
        {"name": "Renamed", "expires": "2", "long": "rsi(14) <\r\n30 and", "short": ""},
        follow=True,
    )

    page = answer.content.decode()
    assert draft_of(workspace, row) == {"schema": 2, "expires": 2, "long": "rsi(14) <\n30 and"}
    assert "It can&#x27;t be published yet" in page
    assert "long, column 17" in page
    assert 'aria-invalid="true"' in page
    assert "Renamed" in page


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"expires": "11"}, {"expires": "soon"}, {"long": "x" * 40_000}, {"exit_long": "a\0b"}],
)
def test_what_can_not_be_saved_is_kept_on_the_page(
    client: Client, workspace: Workspace, wrong: dict[str, str]
) -> None:
    row = made(workspace, PLAIN)
    typed = {"name": "Mine", "expires": "1", "long": "rsi(14) < 11", "short": "rsi(14) > 88"} | wrong

    answer = client.post(reverse("rule-set", args=[row.code]), typed)

    assert answer.status_code == 422
    assert "rsi(14) &gt; 88" in answer.content.decode()
    assert "Nothing was saved" in answer.content.decode()
    assert draft_of(workspace, row) == PLAIN


def test_a_layer_is_saved_from_its_choices(client: Client, workspace: Workspace) -> None:
    row = made(workspace, {"schema": 2, "extends": "son"})

    client.post(
        reverse("rule-set", args=[row.code]),
        {
            "name": "Mine", "expires": "1", "mode-long_strength": "replace", "text-long_strength": "adx(14) > 30",
            "mode-long_spent": "off", "text-long_spent": "", "join-short": "any", "more-short": "rsi(2) > 99",
        },
    )  # fmt: skip

    assert draft_of(workspace, row) == {
        "schema": 2,
        "extends": "son",
        "override": {"long_strength": "adx(14) > 30"},
        "disable": ["long_spent"],
        "extend": {"short": {"with": "any", "node": "rsi(2) > 99"}},
    }


def test_typing_is_read_without_being_saved(client: Client, workspace: Workspace) -> None:
    row = made(workspace, PLAIN)
    url = reverse("rule-set-read", args=[row.code])

    good = client.post(url, {"long": "dip: rsi(14) < 20", "expires": "1"}).content.decode()
    bad = client.post(url, {"long": "rsi(14) <", "expires": "1"}).content.decode()

    assert "Enter long when" in good
    assert "long, column 10" in bad
    assert 'id="faults-long"' in bad
    assert draft_of(workspace, row) == PLAIN


def test_preview_counts_and_marks_the_stored_closes(client: Client, desk: Workspace) -> None:
    row = made(desk, PLAIN)

    found = text(client, "rule-set-preview", row.code, query="?symbol=ETHUSDT&timeframe=1m&days=1")

    assert "150 closes" in found
    assert 'class="price"' in found
    assert re.search(r"Enter long \d+", found)
    assert "dip" in found


@pytest.mark.parametrize("query", ["?symbol=NOPE", "?timeframe=7m", "?days=0", "?days=99999999", "?days=x"])
def test_preview_of_what_is_not_offered_says_so(client: Client, desk: Workspace, query: str) -> None:
    row = made(desk, PLAIN)

    assert "Expected" in text(client, "rule-set-preview", row.code, query=query)


def test_preview_without_candles_or_rules_says_so(client: Client, workspace: Workspace) -> None:
    assert "No candles stored" in text(client, "rule-set-preview", made(workspace, PLAIN).code)
    assert "Nothing to ask yet" in text(client, "rule-set-preview", made(workspace, {"schema": 2}).code)


def test_publishing_shows_change_and_impact_first(client: Client, desk: Workspace) -> None:
    row = made(desk, PLAIN)
    published(desk, row)
    with workspace_scope(desk.pk):
        save_draft(row, document=PLAIN | {"long": "dip: rsi(14) < 30"})

    shown = text(client, "rule-set-publish", row.code)
    done = client.post(reverse("rule-set-publish", args=[row.code]), {"note": "Deeper"}, follow=True)

    for part in ("45 to 30", "dip: rsi(14) &lt; 45", "Entry signals", "150 stored closes", "Publish v2"):
        assert part in shown
    assert "v2 is published" in done.content.decode()
    assert "Deeper" in done.content.decode()


def test_an_unreadable_draft_is_not_published(client: Client, workspace: Workspace) -> None:
    row = made(workspace, {"schema": 2, "long": "rsi(14) <"})

    answer = client.post(reverse("rule-set-publish", args=[row.code]), {"note": ""})

    assert answer.status_code == 422
    assert "column 10" in answer.content.decode()
    with workspace_scope(workspace.pk):
        assert not row.versions.exists()


def test_version_page_compares_with_the_one_before(client: Client, workspace: Workspace) -> None:
    row = made(workspace, PLAIN)
    published(workspace, row)
    with acting_as("web"), workspace_scope(workspace.pk):
        save_draft(row, document=PLAIN | {"exit_long": "rested: rsi(14) > 70"})
    published(workspace, row)

    assert "60 to 70" in text(client, "rule-set-version", row.code, 2)
    assert "nothing came before" in text(client, "rule-set-version", row.code, 1)
    assert client.get(reverse("rule-set-version", args=[row.code, 3])).status_code == 404
    assert client.get(reverse("rule-set-version", args=[row.code, 2]) + "?against=x").status_code == 200


def test_export_import_fork_mirror_archive_and_take(client: Client, workspace: Workspace) -> None:
    row = made(workspace, PLAIN, "Mine, too")
    published(workspace, row)
    exported = client.get(reverse("rule-set-export", args=[row.code]))

    as_text = client.get(reverse("rule-set-export", args=[row.code]) + "?version=1&as=text")

    assert as_text.content == b"[long]\ndip: rsi(14) < 45\n\n[exit_long]\nrested: rsi(14) > 60\n"
    assert as_text["Content-Disposition"] == 'attachment; filename="mine-too-v1.txt"'
    assert exported["Content-Disposition"] == 'attachment; filename="mine-too-v1.json"'
    client.post(reverse("rule-set-mirror", args=[row.code]), {"side": "short"})
    assert "short" in draft_of(workspace, row)
    client.post(reverse("rule-set-take", args=[row.code, 1]))
    assert "short" not in draft_of(workspace, row)
    client.post(reverse("rule-set-import", args=[row.code]), {"text": json.dumps(exported.json())})
    client.post(reverse("rule-set-fork", args=[row.code]) + "?version=1", {"name": "Fork"})
    client.post(reverse("rule-set-archive", args=[row.code]))
    assert "Fork" in text(client, "rules")
    assert "Mine, too" not in text(client, "rules")
    assert "Mine, too" in text(client, "rules", query="?archived=1")
    assert client.get(reverse("rule-set-export", args=[row.code]) + "?version=9").status_code == 404


def test_mirror_page_shows_what_it_would_write(client: Client, workspace: Workspace) -> None:
    found = text(client, "rule-set-mirror", made(workspace, PLAIN).code)

    assert "dip_short: rsi(14) &gt; 55" in found
    assert "says nothing" in found


def test_son_page_names_its_conditions(client: Client, workspace: Workspace) -> None:
    found = text(client, "rules-son")

    for part in ("long_trend", "short_spent", "Build on SON", "version 2"):
        assert part in found


def test_viewer_sees_no_buttons_that_change(rita: User, workspace: Workspace) -> None:
    row = made(workspace, PLAIN)
    viewer = logged_in(rita)

    found = text(viewer, "rule-set", row.code)

    for part in ("Save draft", "Publish…", "Archive"):
        assert part not in found
    assert viewer.post(reverse("rule-set", args=[row.code]), {"long": ""}).status_code == 403
    assert draft_of(workspace, row) == PLAIN


def test_a_bot_is_made_with_a_published_version(client: Client, desk: Workspace) -> None:
    row = made(desk, PLAIN, "Dips")
    first = published(desk, row)
    with acting_as("web"), workspace_scope(desk.pk):
        save_draft(row, document=PLAIN | {"long": "dip: rsi(14) < 30"})
    latest = published(desk, row)

    page = client.get(reverse("bot-new") + f"?rules={first}")
    client.post(reverse("bot-new") + f"?rules={first}", NEW_BOT | {"template": first})

    offered = [one.key for one in page.context["templates"]]
    assert offered[:2] == [latest, first]
    assert page.context["chosen"] == first
    assert "Pinner" in text(client, "rule-set-version", row.code, 1)
    assert "Pinner" not in text(client, "rule-set-version", row.code, 2)
    assert client.get(reverse("bot-new") + "?rules=%00").status_code == 200


def test_pages_stay_within_their_queries(
    client: Client, desk: Workspace, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    row = made(desk, PLAIN)
    published(desk, row)
    for number in range(5):
        made(desk, PLAIN, f"More {number}")
    with django_assert_max_num_queries(20):
        client.get(reverse("rules"))
    with django_assert_max_num_queries(20):
        client.get(reverse("rule-set", args=[row.code]))

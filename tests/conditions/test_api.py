from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from conditions.son import SON, SON_VERSION
from conditions.templates_catalog import RULE_TEMPLATES
from tests.bots.desk import _nothing_remembered, desk, logged_in  # noqa: F401 - fixtures

PLAIN: dict[str, Any] = {"schema": 2, "long": "dip: rsi(14) < 45", "exit_long": "rested: rsi(14) > 60"}
ROOT = "/api/v1/rule-sets/"


class Api:
    """A client that speaks JSON and says what was wrong."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        call = getattr(self.client, method)
        kwargs = (
            {} if method == "get" else {"data": json.dumps(body or {}), "content_type": "application/json"}
        )
        answer = call(f"{ROOT}{path}", **kwargs)
        assert answer.status_code == status, answer.content
        return answer.json()

    def made(self, **body: Any) -> str:
        code: str = self.ask("post", "", {"name": "Mine", **body}, status=201)["code"]
        return code


@pytest.fixture
def api(alice: User) -> Api:
    return Api(logged_in(alice))


def test_a_rule_set_begins_blank_from_a_template_or_as_a_layer(api: Api) -> None:
    assert api.ask("get", f"{api.made()}/")["draft"] == {"schema": 2}
    from_template = api.ask("get", f"{api.made(template='breakout')}/")["draft"]
    assert from_template == RULE_TEMPLATES["breakout"].rules.canonical()
    assert api.ask("get", f"{api.made(document={'schema': 2, 'extends': 'son'})}/")["is_layer"] is True
    api.ask("post", "", {"name": "x", "template": "breakout", "document": {}}, status=400)
    api.ask("post", "", {"name": "x", "template": "nothing"}, status=400)


def test_patch_changes_only_what_it_names(api: Api) -> None:
    code = api.made(document=PLAIN)

    renamed = api.ask("patch", f"{code}/", {"name": "Other"})
    archived = api.ask("patch", f"{code}/", {"archived": True})
    back = api.ask("patch", f"{code}/", {"archived": False, "document": {"schema": 2}})

    assert (renamed["name"], renamed["draft"]) == ("Other", PLAIN)
    assert archived["archived_at"] is not None
    assert (back["archived_at"], back["name"], back["draft"]) == (None, "Other", {"schema": 2})
    api.ask("patch", f"{code}/", {"draft": {}}, status=400)


def test_validate_names_every_place_and_changes_nothing(api: Api) -> None:
    code = api.made(document=PLAIN)

    fine = api.ask("post", f"{code}/validate/")
    wrong = api.ask("post", f"{code}/validate/", {"document": {"schema": 2, "long": "rsi(", "short": "x y"}})

    assert (fine["valid"], fine["faults"], fine["warnings"]) == (True, [], [])
    assert not wrong["valid"]
    assert {fault["path"].split(",")[0] for fault in wrong["faults"]} == {"long", "short"}
    assert api.ask("get", f"{code}/")["draft"] == PLAIN


def test_publish_versions_diff_and_effective_tree(api: Api) -> None:
    code = api.made(document=PLAIN)
    first = api.ask("post", f"{code}/publish/", {"note": "First"}, status=201)
    api.ask("patch", f"{code}/", {"document": PLAIN | {"long": "dip: rsi(14) < 30"}})

    diff = api.ask("get", f"{code}/diff/")
    effective = api.ask("get", f"{code}/effective/?version=1")

    assert (first["number"], first["note"], first["layer"], first["son_version"]) == (1, "First", None, None)
    assert api.ask("get", f"{code}/versions/1/") == first
    assert (diff["since"], diff["until"]) == ("1", "draft")
    assert [(one["kind"], one["old"], one["new"]) for one in diff["changes"]] == [
        ("changed", "dip: rsi(14) < 45", "dip: rsi(14) < 30")
    ]
    assert effective["rules_hash"] == first["rules_hash"]
    assert effective["trees"][0]["root"] == {
        "text": "rsi(14) < 45",
        "id": "dip",
        "tags": [],
        "origin": "own",
        "condition": 0,
    }
    for path in ("versions/9/", "diff/?from=9", "effective/?version=x", "export/?version=9"):
        api.ask("get", f"{code}/{path}", status=404)


def test_effective_tree_of_a_layer_tells_origins(api: Api) -> None:
    layer = {
        "schema": 2,
        "extends": "son",
        "disable": ["long_spent"],
        "override": {"long_trend": "close > open"},
    }
    code = api.made(document=layer)
    published = api.ask("post", f"{code}/publish/", status=201)

    draft = api.ask("get", f"{code}/effective/")
    frozen = api.ask("get", f"{code}/effective/?version=1")

    for told in (draft, frozen):
        trees = {one["tree"]: one for one in told["trees"]}
        assert [leaf["origin"] for leaf in trees["long"]["root"]["of"] if "origin" in leaf] == [
            "base",
            "override",
            "base",
        ]
        assert [one["id"] for one in trees["exit_long"]["off"]] == ["long_spent"]
    assert (published["son_version"], published["son_hash"]) == (SON_VERSION, SON.hash)


def test_an_invalid_draft_is_refused_where_rules_are_needed(api: Api) -> None:
    code = api.made(document={"schema": 2, "long": "rsi(14) <"})

    for method, path in (("get", "export/"), ("get", "effective/"), ("post", "publish/"), ("get", "diff/")):
        problem = api.ask(method, f"{code}/{path}", status=400)
        assert problem["fields"][0]["path"] == "long, column 10"


def test_fork_export_import_and_mirror(api: Api) -> None:
    code = api.made(document=PLAIN)
    api.ask("post", f"{code}/publish/", status=201)
    exported = api.ask("get", f"{code}/export/")

    forked = api.ask("post", f"{code}/fork/", {"name": "Fork", "version": 1}, status=201)
    mirrored = api.ask("post", f"{code}/mirror/", {"side": "short"})
    restored = api.ask("post", f"{code}/import/", {"text": json.dumps(exported)})
    copied = api.ask("post", "import/", {"name": "Copy", "text": "[long]\nrsi(14) < 3"}, status=201)

    assert forked["draft"] == exported["document"] == restored["draft"]
    assert mirrored["draft"]["short"]["right"] == 55
    assert set(copied["draft"]) == {"schema", "expires", "long"}
    api.ask("post", "import/", {"name": "Copy", "text": "{}"}, status=400)
    api.ask("post", f"{code}/mirror/", {"side": "up"}, status=400)


def test_templates_and_son_are_told(api: Api) -> None:
    templates = api.ask("get", "templates/")
    son = api.ask("get", "son/")

    assert [one["code"] for one in templates] == list(RULE_TEMPLATES)
    assert all(one["weakness"] for one in templates)
    assert (son["number"], son["rules_hash"], son["document"]) == (SON_VERSION, SON.hash, SON.canonical())


def test_preview_counts_trees_and_conditions(api: Api, desk: Workspace) -> None:
    code = api.made(document=PLAIN)

    seen = api.ask("get", f"{code}/preview/?symbol=ETHUSDT&days=1")

    assert seen["closes"] == 150
    assert [tree["name"] for tree in seen["trees"]] == ["long", "exit_long"]
    assert [one["name"] for one in seen["conditions"]] == ["rsi(14) < 45", "rsi(14) > 60"]
    assert seen["trees"][0]["true"] == seen["conditions"][0]["true"] >= len(seen["trees"][0]["starts"]) > 0
    for query in ("?days=31", "?timeframe=7m", "?symbol=a'b", "?source=Nowhere!"):
        api.ask("get", f"{code}/preview/{query}", status=400)
    assert api.ask("get", f"{code}/preview/?symbol=NOPEUSDT")["closes"] == 0

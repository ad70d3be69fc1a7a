from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, BotState
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in, named  # noqa: F401 - fixtures
from tests.e2e.desk_rows import RULES, document, market
from tests.roles import acting_as


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def known_market(alice: User) -> int:
    with acting_as("engine"):
        return market(minutes=5)


def post(client: Client, name: str, body: Any = None, *args: str, method: str = "post") -> Any:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body or {})
    return getattr(client, method)(reverse(name, args=args), data=text, content_type="application/json")


def is_error(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    body: dict[str, Any] = response.json()
    assert set(body) == {"code", "message", "fields"}
    assert body["message"]
    assert all(set(one) == {"path", "reason"} for one in body["fields"])
    return body


def paths(body: dict[str, Any]) -> list[str]:
    return [one["path"] for one in body["fields"]]


def test_bot_is_created_from_a_document_and_read_back(client: Client, known_market: int) -> None:
    made = post(client, "api-bots", {"document": document("Api bot", ["BTCUSDT"]), "start": True})
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["environment"]) == ("starting", "paper")
    code = made.json()["code"]
    stored = client.get(reverse("api-bot-document", args=[code])).json()["document"]
    again = post(client, "api-bots", {"document": stored})
    assert again.status_code == 201
    listed = client.get(reverse("api-bots")).json()["results"]
    assert [one["code"] for one in listed] == [again.json()["code"], code]


@pytest.mark.parametrize("change, path", [
    ({"plan": None}, "document.plan"),
    ({"nonsense": 1}, "document.nonsense"),
    ({"name": 5}, "document.name"),
    ({"universe": {"symbols": ["BTCUSDT", "BTCUSDT"]}}, "document.universe.symbols"),
    ({"universe": {"symbols": ["NOPEUSDT"]}}, "document.universe.symbols.0"),
    ({"rules": {"inline": {"schema": 1, "long": {"left": {"indicator": "nope"}, "op": "<", "right": 1}}}},
     "document.rules.inline"),
    ({"rules": {"version": "aaaaaaaaaa"}}, "document.rules.version"),
    ({"market": {"source": "synthetic", "category": "spot"}}, "document.market.category"),
    ({"timeframe": {"a": [1]}}, "document.timeframe"),
])  # fmt: skip
def test_bad_document_is_refused_with_its_place(
    client: Client, known_market: int, workspace: Workspace, change: dict[str, Any], path: str
) -> None:
    body = is_error(post(client, "api-bots", {"document": document("Bad", ["BTCUSDT"], **change)}), 400)
    assert body["code"] == "invalid"
    assert paths(body)[0].startswith(path)
    with workspace_scope(workspace.pk, reading=True):
        assert not Bot.objects.exists()


MALFORMED = (
    "", "{", "null", "[]", "7", '"text"', b"\xff\xfe\x00", "{" * 20_000, '{"a":' * 200 + "1" + "}" * 200,
    '{"document": 5}', '{"document": {}, "document": {}}', '{"document": {"a": NaN}}', '{"document": {"a": 1e999}}',
    '{"document": {}, "x": 1}', '{"start": "perhaps", "document": {}}', '{"exchange_account": ["a"], "document": {}}',
    '{"document": {"\\u0000": 1}}',
)  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_body_is_refused_never_a_fault(client: Client, body: str | bytes) -> None:
    is_error(post(client, "api-bots", body), 400)
    is_error(post(client, "api-rule-sets", body), 400)
    is_error(post(client, "api-accounts", body), 400)


def test_body_too_long_is_refused(client: Client) -> None:
    is_error(post(client, "api-bots", '{"document": {"name": "' + "x" * 600_000 + '"}}'), 400)


def test_wrong_media_type_and_method_are_told(client: Client, bot: Bot) -> None:
    assert (
        is_error(client.post(reverse("api-bots"), data={"a": "b"}), 415)["code"] == "unsupported_media_type"
    )
    assert is_error(client.delete(reverse("api-bot", args=[bot.code])), 405)["code"] == "method_not_allowed"


def test_errors_of_access_have_the_one_shape(client: Client, rita: User, bot: Bot) -> None:
    assert is_error(Client().get(reverse("api-bots")), 401)["code"] == "not_authenticated"
    assert is_error(post(logged_in(rita), "api-bots", {}), 403)["code"] == "not_allowed"
    assert is_error(client.get(reverse("api-bot", args=["nothing"])), 404)["code"] == "not_found"


def test_post_without_csrf_token_is_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    is_error(post(client, "api-bots", {}), 403)


def test_actions_change_the_state_or_conflict(client: Client, bot: Bot) -> None:
    assert post(client, "api-bot-pause", None, bot.code).json()["state"] == "entries_paused"
    assert post(client, "api-bot-resume", None, bot.code).json()["state"] == "running"
    assert is_error(post(client, "api-bot-start", None, bot.code), 409)["code"] == "conflict"
    assert "mode" in paths(is_error(post(client, "api-bot-stop", {"mode": "explode"}, bot.code), 400))
    assert post(client, "api-bot-stop", {"mode": "close_only"}, bot.code).json()["state"] == "close_only"
    assert post(client, "api-bot-panic", None, bot.code).json()["state"] == "stopping"


def test_refused_action_leaves_the_bot_as_it_was(client: Client, bot: Bot) -> None:
    post(client, "api-bot-start", None, bot.code)
    with workspace_scope(bot.workspace_id, reading=True):
        bot.refresh_from_db()
    assert bot.state == BotState.RUNNING


def test_document_of_a_running_bot_can_not_change(client: Client, bot: Bot) -> None:
    body = {"document": document("Dip buyer", ["BTCUSDT"])}
    assert is_error(post(client, "api-bot-document", body, bot.code, method="put"), 409)["code"] == "conflict"


def test_status_tells_money_as_strings(client: Client, bot: Bot) -> None:
    body = client.get(reverse("api-bot-status", args=[bot.code])).json()
    assert isinstance(body["wallet"], str)
    assert {one["symbol"] for one in body["positions"]} == {"ETHUSDT", "SOLUSDT"}
    assert all(one["stop_price"] for one in body["positions"])
    assert body["done"].endswith("Z")


def test_records_come_in_pages(client: Client, bot: Bot) -> None:
    first = client.get(reverse("api-decisions", args=[bot.code]) + "?limit=20").json()
    second = client.get(first["next"]).json()
    seen = [(one["symbol"], one["close_ms"]) for one in first["results"] + second["results"]]
    assert len(set(seen)) == 40
    assert "sentence" in first["results"][0]


def test_records_are_filtered(client: Client, bot: Bot) -> None:
    only = client.get(reverse("api-decisions", args=[bot.code]) + "?symbol=BTCUSDT&outcome=cooldown").json()[
        "results"
    ]
    assert [one["outcome"] for one in only] == ["cooldown"]
    legs = client.get(reverse("api-orders", args=[bot.code]) + "?symbol=ETHUSDT").json()["results"]
    assert {one["role"] for one in legs} == {"average", "take_profit"}


def test_nonsense_in_the_query_is_refused_or_ignored(client: Client, bot: Bot) -> None:
    for cursor in ("nonsense", b64encode(b"p=abc").decode(), b64encode(b"p=%00&o=99999999").decode()):
        is_error(client.get(reverse("api-decisions", args=[bot.code]), {"cursor": cursor}), 404)
    for query in ("?limit=-1", "?limit=abc", "?symbol=%00", "?outcome=" + "x" * 500):
        assert client.get(reverse("api-decisions", args=[bot.code]) + query).status_code in (200, 400)


def test_executions_carry_exact_decimals(client: Client, bot: Bot) -> None:
    one = client.get(reverse("api-executions", args=[bot.code])).json()["results"][0]
    assert all(isinstance(one[name], str) for name in ("price", "qty", "notional", "fee", "realised"))


def test_decision_is_explained_with_operands(client: Client, bot: Bot) -> None:
    body = client.get(reverse("api-decision", args=[bot.code, "BTCUSDT", bot.done])).json()
    assert body["decision"]["outcome"] == "no_signal"
    leaf = body["explanation"]["trees"]["long"]["children"][0]
    assert leaf["text"] == "rsi(14) < 32"
    assert isinstance(leaf["operands"][0]["value"], float)


def test_rule_set_from_draft_to_version_to_bot(client: Client, known_market: int) -> None:
    code = post(client, "api-rule-sets", {"name": "Mine", "document": RULES}).json()["code"]
    version = post(client, "api-rule-set-publish", None, code).json()
    assert version["number"] == 1
    body = {"document": document("By version", ["BTCUSDT"], rules={"version": version["code"], "son": False})}
    made = post(client, "api-bots", body)
    assert made.status_code == 201
    assert made.json()["rules_hash"] == version["rules_hash"]


def test_draft_that_is_wrong_is_not_published(client: Client, db: None) -> None:
    draft = {"schema": 1, "long": {"left": {"price": "close"}, "op": "~", "right": 1}}
    code = post(client, "api-rule-sets", {"name": "Draft", "document": draft}).json()["code"]
    body = is_error(post(client, "api-rule-set-publish", None, code), 400)
    assert paths(body)[0].startswith("long")


def test_text_form_is_parsed_or_its_place_named(client: Client, db: None) -> None:
    good = post(client, "api-rule-sets-parse", {"text": "rsi(14)@15m < 30"}).json()
    assert good["text"] == "rsi(14)@15m < 30"
    is_error(post(client, "api-rule-sets-parse", {"text": "rsi(14) <"}), 400)


def test_accounts_are_opened_and_secrets_never_told(client: Client, db: None) -> None:
    made = post(client, "api-accounts", {"environment": "paper", "name": "P", "balance": "250.5"})
    assert made.json()["paper_balance"] == "250.5"
    body = {"environment": "mainnet", "name": "M", "api_key": "k" * 10, "api_secret": "s3cret-s3cret"}
    refused = post(client, "api-accounts", body)
    assert "s3cret" not in refused.content.decode()
    for wrong in ({"balance": 5}, {"balance": "1.123456789"}, {"balance": "-1"}, {"balance": "1e9"}, {}):
        is_error(post(client, "api-accounts", {"environment": "paper", "name": "P", **wrong}), 400)


def test_account_in_use_is_not_reset_or_revoked(client: Client, bot: Bot) -> None:
    for name in ("api-account-reset", "api-account-revoke"):
        assert "Dip buyer" in is_error(post(client, name, None, bot.account.code), 409)["message"]


def test_idle_account_is_reset(client: Client, desk: Workspace) -> None:
    account = named(desk, "Night shift").account
    assert post(client, "api-account-reset", {"balance": "77"}, account.code).json()["paper_balance"] == "77"


def test_lists_stay_within_their_queries(
    client: Client, bot: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for name, args in (("api-bots", []), ("api-decisions", [bot.code]), ("api-executions", [bot.code])):
        with django_assert_max_num_queries(14):  # PostgreSQL: entering and leaving the scope included
            client.get(reverse(name, args=args))


def test_openapi_document_is_valid_and_tells_errors(client: Client, db: None, tmp_path: Any) -> None:
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--format",
        "openapi-json",
        "--file",
        str(tmp_path / "api.json"),
    )
    schema = json.loads((tmp_path / "api.json").read_text())
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if "schema" not in path:
                assert {"400", "401", "403", "404", "409"} <= set(operation["responses"]), (path, method)

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, DecisionPage, Outcome
from bots.services import packing
from bots.services.packing import pack_journal
from bots.services.studies import run_study
from bots.services.whatif import study
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.roles import acting_as
from trading_core.rules.verdict import pack_truths

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture(params=[False, True], ids=["rows", "packed"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, bot: Bot) -> Bot:
    """The bot at work, its older decisions as rows or in pages."""
    if request.param:
        monkeypatch.setattr(packing, "KEEP", 5)
        monkeypatch.setattr(packing, "PAGE_MIN", 2)
        with acting_as("engine"):
            assert pack_journal(bot.pk, bot.workspace_id) > 0
        with workspace_scope(bot.workspace_id, reading=True):
            assert DecisionPage.objects.exists()
    return bot


def get(client: Client, name: str, bot: Bot, *args: Any, **query: Any) -> Any:
    return client.get(reverse(name, args=[bot.code, *args]), query)


def keys(rows: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(row["close_ms"], row["symbol"]) for row in rows]


def test_every_decision_is_on_exactly_one_page_forwards_and_back(client: Client, kept: Bot) -> None:
    answer = get(client, "api-decisions", kept, limit=13).json()
    assert answer["previous"] is None
    found, pages = list(answer["results"]), [answer]
    while answer["next"]:
        answer = client.get(answer["next"]).json()
        found += answer["results"]
        pages.append(answer)

    assert keys(found) == sorted(set(keys(found)), reverse=True)
    assert len(pages) > 3
    for page in reversed(pages[:-1]):
        answer = client.get(answer["previous"]).json()
        assert answer["results"] == page["results"]
    assert answer["previous"] is None


def test_decisions_are_filtered_by_symbol_outcome_and_time(client: Client, kept: Bot) -> None:
    everything = get(client, "api-decisions", kept, limit=500).json()["results"]
    first, last = everything[40]["close_ms"], everything[10]["close_ms"]

    for query, expected in (
        ({"symbol": "ETHUSDT"}, [r for r in everything if r["symbol"] == "ETHUSDT"]),
        ({"outcome": "cooldown,entered"}, [r for r in everything if r["outcome"] in ("cooldown", "entered")]),
        ({"from": first, "to": last}, [r for r in everything if first <= r["close_ms"] <= last]),
        ({"to": everything[10]["close"]}, [r for r in everything if r["close_ms"] <= last]),
        ({"symbol": "NOPEUSDT"}, []),
    ):
        assert get(client, "api-decisions", kept, limit=500, **query).json()["results"] == expected


@pytest.mark.parametrize("query, path", [
    ({"from": "yesterday"}, "from"), ({"to": "9" * 30}, "to"), ({"from": "1e9"}, "from"),
    ({"from": "0001-01-01"}, "from"), ({"to": "\x00"}, "to"),
])  # fmt: skip
def test_a_time_that_is_none_is_named(client: Client, bot: Bot, query: dict[str, str], path: str) -> None:
    answer = get(client, "api-decisions", bot, **query)

    assert answer.status_code == 400
    assert [one["path"] for one in answer.json()["fields"]] == [path]


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "by45OTk5OTk5OTk5OTk5OTk5OTk5LkE=", "by4tMS5B", "é"])
def test_a_cursor_that_is_none_is_not_found(client: Client, bot: Bot, cursor: str) -> None:
    assert get(client, "api-decisions", bot, cursor=cursor).status_code == 404


def test_an_old_decision_is_explained_as_a_new_one(client: Client, kept: Bot) -> None:
    oldest = get(client, "api-decisions", kept, symbol="BTCUSDT", limit=500).json()["results"][-1]
    answer = get(client, "api-decision", kept, "BTCUSDT", oldest["close_ms"]).json()

    assert answer["decision"] == oldest
    assert answer["explanation"]["close_ms"] == oldest["close_ms"]
    assert answer["explanation"]["rules_hash"] == kept.rules_hash


def test_answers_that_differ_from_the_record_are_named(client: Client, bot: Bot) -> None:
    with acting_as("engine"), workspace_scope(bot.workspace_id):
        row = Outcome.objects.get(bot=bot, symbol="BTCUSDT", close_ms=bot.done)
        row.leaves = pack_truths([1, 1])
        row.save()
    differs = get(client, "api-decision", bot, "BTCUSDT", bot.done).json()["explanation"]["differs"]

    assert ("rsi(14) < 32", "true", "false") in [(d["text"], d["recorded"], d["recomputed"]) for d in differs]


def test_no_such_decision(client: Client, bot: Bot) -> None:
    for symbol, close_ms in (("BTCUSDT", bot.done + 1), ("NOPEUSDT", bot.done), ("BTCUSDT", 1 << 70)):
        assert get(client, "api-decision", bot, symbol, close_ms).status_code == 404


def test_blockers_are_counted(client: Client, kept: Bot) -> None:
    answer = get(client, "api-blockers", kept).json()

    assert answer["decisions"] == sum(answer["outcomes"].values()) > 0
    assert set(answer["symbols"]) == set(kept.document["universe"]["symbols"])
    one = get(client, "api-blockers", kept, symbol="BTCUSDT").json()
    assert one["symbols"] == ["BTCUSDT"]
    assert 0 < one["decisions"] < answer["decisions"]


@pytest.mark.parametrize("query, path", [
    ({"symbol": "NOPEUSDT"}, "symbol"),
    ({"from": 2_000_000_000_000, "to": 1_000_000_000_000}, "from"),
    ({"from": 0, "to": 2_000_000_000_000}, "from"),
])  # fmt: skip
def test_blockers_of_nothing_are_refused(client: Client, bot: Bot, query: dict[str, Any], path: str) -> None:
    answer = get(client, "api-blockers", bot, **query)

    assert answer.status_code == 400
    assert [one["path"] for one in answer.json()["fields"]] == [path]


def ask(client: Client, bot: Bot, body: Any) -> Any:
    address = reverse("api-what-ifs", args=[bot.code])
    return client.post(address, data=json.dumps(body), content_type="application/json")


def test_a_counterfactual_is_started_watched_and_read(client: Client, bot: Bot) -> None:
    always = {"schema": 2, "long": {"left": {"price": "close"}, "op": ">", "right": 0}}
    made = ask(client, bot, {"change": always, "days": 1})
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["result"]) == ("waiting", None)
    with workspace_scope(bot.workspace_id):
        row = study(made.json()["code"])
    with acting_as("engine"):
        assert run_study(row.pk, row.workspace_id)

    done = get(client, "api-what-if", bot, row.code).json()

    assert done["state"] == "done", done["error"]
    assert done["result"]["differing"]["count"] >= len(done["result"]["differing"]["shown"])
    closes = sum(done["result"]["changed"]["outcomes"].values())
    assert done["result"]["changed"]["signals"] == closes > done["result"]["original"]["signals"]


def test_a_counterfactual_is_cancelled(client: Client, bot: Bot) -> None:
    code = ask(client, bot, {"change": bot.document["rules"]["inline"]}).json()["code"]
    answer = client.delete(reverse("api-what-if", args=[bot.code, code]))

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize("body, path", [
    ({"change": [{"path": "long.nothing", "value": 1}]}, "long.nothing"),
    ({"change": {"schema": 2, "long": 5}}, "long"),
    ({"change": 5}, "change"),
    ({}, "change"),
    ({"change": [], "days": 0}, "days"),
    ({"change": [], "days": 1000}, "days"),
    ({"change": [], "more": 1}, "more"),
])  # fmt: skip
def test_a_bad_question_is_refused_with_its_place(client: Client, bot: Bot, body: Any, path: str) -> None:
    answer = ask(client, bot, body)

    assert answer.status_code == 400, answer.content
    assert answer.json()["fields"][0]["path"].startswith(path)


def test_counterfactuals_of_others_are_not_found(client: Client, bot: Bot, charlie: User) -> None:
    code = ask(client, bot, {"change": bot.document["rules"]["inline"]}).json()["code"]

    assert get(client, "api-what-if", bot, "nothing").status_code == 404
    assert get(logged_in(charlie), "api-what-if", bot, code).status_code == 404

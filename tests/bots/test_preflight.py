"""Preflight where people meet it: API, pages, command, and the start that it refuses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User, Workspace
from accounts.services import open_paper_account
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, BotState
from bots.services.lifecycle import change_document, create_paper_bot, settle_all_starting, start_bot
from bots.services.preflight import PlanUnsafe
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in, named  # noqa: F401 - fixtures
from tests.e2e.desk_rows import document, market
from tests.roles import acting_as
from tests.trading_core.engine.documents import raw
from trading_core.money import money

SHORT_OF_MONEY = {"wallet": {"balance": "50"}}


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


@pytest.fixture
def known_market(alice: User) -> int:
    with acting_as("engine"):
        return market(minutes=5)


def post(client: Client, name: str, body: Any = None, *args: str) -> Any:
    return client.post(reverse(name, args=args), json.dumps(body or {}), content_type="application/json")


def test_a_document_is_judged_without_being_stored(client: Client, known_market: int) -> None:
    body = {"document": document("Judged", ["BTCUSDT", "ETHUSDT"])}

    told = post(client, "api-preflight", body).json()
    poor = post(client, "api-preflight", body | {"equity": "50"}).json()

    assert not told["refused"]
    assert {case["symbol"] for case in told["cases"]} == {"BTCUSDT", "ETHUSDT"}
    assert [step["part"] for step in told["cases"][0]["steps"]][:2] == ["entry", "leg 1"]
    assert poor["refused"]
    assert "margin" in {finding["code"] for finding in poor["findings"]}
    assert client.get(reverse("api-bots")).json()["results"] == []


def test_bad_bodies_are_refused_with_their_place(client: Client, known_market: int) -> None:
    bad = post(client, "api-preflight", {"document": {"schema": 1}})
    negative = post(client, "api-preflight", {"document": document("X", ["BTCUSDT"]), "equity": 5})

    assert bad.status_code == 400
    assert bad.json()["fields"][0]["path"].startswith("document.")
    assert negative.json()["fields"][0]["path"] == "equity"


def test_a_bot_that_may_not_start_is_not_made_by_the_api(
    client: Client, known_market: int, workspace: Workspace
) -> None:
    asked = {"document": document("Poor", ["BTCUSDT"], **SHORT_OF_MONEY), "start": True}

    refused = post(client, "api-bots", asked)

    assert refused.status_code == 409
    body = refused.json()
    assert (body["code"], body["preflight"]["refused"]) == ("unsafe_plan", True)
    assert body["fields"][0]["path"] == "BTCUSDT"
    with workspace_scope(workspace.pk, reading=True):
        assert not Bot.objects.exists()


def test_start_is_refused_with_the_table(client: Client, known_market: int, workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        made = create_paper_bot(document("Poor", ["BTCUSDT"], **SHORT_OF_MONEY))

    refused = post(client, "api-bot-start", None, made.code)

    assert refused.status_code == 409
    assert refused.json()["preflight"]["cases"][0]["symbol"] == "BTCUSDT"
    assert named(workspace, "Poor").state == BotState.DRAFT
    assert post(client, "api-bot-preflight", None, made.code).json() == refused.json()["preflight"]

    change_document(made, document("Poor", ["BTCUSDT"]))
    assert post(client, "api-bot-preflight", None, made.code).json()["equity"] == "50", (
        "the account's, not the paper's"
    )


def test_a_bot_whose_account_turns_out_too_small_is_parked(known_market: int, workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Live", money("50"))
        account.environment, account.paper_balance = "simulator", 0
        account.save()
        made = Bot.objects.create(
            name="Waits", account=account, document=document("Waits", ["BTCUSDT"]), rules_hash="x",
            source="synthetic", category="linear", timeframe="1m",
        )  # fmt: skip
        start_bot(made)
        assert made.state == BotState.STARTING
        account.status, account.opened_generation, account.wallet = "ready", account.generation, money("50")
        account.save()

    with acting_as("engine"):
        settle_all_starting()

    assert named(workspace, "Waits").state == BotState.PARKED
    assert "the plan ties up" in named(workspace, "Waits").state_reason


def test_start_of_a_safe_bot_is_not_refused(bot: Bot, desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        Bot.objects.filter(pk=bot.pk).update(state=BotState.STOPPED)
        try:
            start_bot(bot)
        except PlanUnsafe as error:
            pytest.fail(str(error))


def test_the_bots_page_part_stays_within_its_queries(
    client: Client, bot: Bot, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(16):
        seen = client.get(reverse("bot-preflight", args=[bot.code]))

    text = seen.content.decode()
    assert "Worst case" in text
    assert text.count('<svg class="ladder-picture"') == len(seen.context["page"].cases)


FORM = {
    "template": "momentum", "name": "Scalper", "symbols": ["BTCUSDT"], "timeframe": "5m", "size_quote": "200",
    "leverage": "3", "max_open_positions": "2", "max_position_quote": "5000", "cooldown_candles": "1",
    "stop_pct": "4", "stop_base": "entry", "take_profit_pct": "1", "take_profit_base": "average",
    "time_stop_minutes": "", "paper_balance": "10000",
}  # fmt: skip


def test_the_form_shows_the_worst_case_before_anything_is_made(
    client: Client, known_market: int, workspace: Workspace
) -> None:
    offered = client.get(reverse("bot-new")).context["templates"][0].key

    shown = client.post(reverse("bot-new-preflight"), FORM | {"template": offered})
    faulty = client.post(
        reverse("bot-new-preflight"), FORM | {"template": offered, "stop_pct": "49", "leverage": "20"}
    )

    assert "Safe to start" in shown.content.decode()
    assert "liquidated" in faulty.content.decode()
    with workspace_scope(workspace.pk, reading=True):
        assert not Bot.objects.exists()


def test_an_unsafe_bot_of_the_form_stays_a_draft(
    client: Client, known_market: int, workspace: Workspace
) -> None:
    offered = client.get(reverse("bot-new")).context["templates"][0].key
    asked = FORM | {"template": offered, "paper_balance": "20", "start": "1"}

    seen = client.post(reverse("bot-new"), asked, follow=True)

    assert "It was not started" in seen.content.decode()
    assert named(workspace, "Scalper").state == BotState.DRAFT


def called(*arguments: str) -> str:
    out = io.StringIO()
    call_command("preflight", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_table(tmp_path: Path) -> None:
    file = tmp_path / "bot.json"
    file.write_text(json.dumps(raw()))

    text = called(f"--bot={file}", "--price=2000")
    told = json.loads(called(f"--bot={file}", "--price=2000", "--json"))

    assert "ETHUSDT long at 2000" in text
    assert told["cases"][0]["loss"] in text
    assert len(told["cases"][0]["steps"]) == 4


@pytest.mark.parametrize("options, words", [
    ({"equity": "90", "price": "2000"}, "must not start"),
    ({"price": "2000", "symbol": "BTCUSDT"}, "expected one of ETHUSDT"),
    ({"candles": [Path("/nowhere")]}, "nowhere"),
])  # fmt: skip
def test_the_command_ends_with_an_error(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    file = tmp_path / "bot.json"
    file.write_text(json.dumps(raw()))
    arguments = [f"--{name}={value}" for name, value in options.items() if name != "candles"]
    arguments += [f"--candles={path}" for path in options.get("candles", [])]

    with pytest.raises(CommandError, match=words):
        call_command("preflight", f"--bot={file}", *arguments, stdout=io.StringIO())


@pytest.mark.parametrize("price", ["0", "-1", "abc", "1e5"])
def test_the_command_refuses_prices_that_are_none(tmp_path: Path, price: str) -> None:
    file = tmp_path / "bot.json"
    file.write_text(json.dumps(raw()))

    with pytest.raises(CommandError, match="price"):
        call_command("preflight", f"--bot={file}", f"--price={price}")

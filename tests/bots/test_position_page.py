"""Adding to a position and taking from it, on the page and in the API."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, IntentRow, PositionRow
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.bots.test_api import is_error


@pytest.fixture
def client(alice: User, desk: Workspace) -> Client:
    return logged_in(alice)


@pytest.fixture
def symbol(bot: Bot) -> str:
    with workspace_scope(bot.workspace_id):
        return PositionRow.objects.filter(bot=bot).exclude(lots=0).values_list("symbol", flat=True)[0]


def asked(bot: Bot) -> list[tuple[str, int]]:
    with workspace_scope(bot.workspace_id):
        rows = IntentRow.objects.filter(bot=bot, state="planned", order__role="exit").select_related("order")
        return [(row.order.role, row.order.leg) for row in rows.order_by("pk") if row.order]


def test_the_page_takes_a_share_once(client: Client, bot: Bot, symbol: str) -> None:
    address = reverse("bot-position", args=[bot.code, symbol])
    page = client.get(address)
    assert page.status_code == 200
    assert address in client.get(reverse("bot", args=[bot.code])).content.decode()
    sent = {"percent": "50", "key": "one"}
    assert client.post(address, sent).status_code == 302
    assert client.post(address, sent).status_code == 302
    assert asked(bot) == [("exit", 1)]


def test_a_refusal_is_shown_and_what_was_typed_stays(client: Client, bot: Bot, symbol: str) -> None:
    refused = client.post(
        reverse("bot-position", args=[bot.code, symbol]), {"quote": "90000000", "key": "two"}
    )
    assert refused.status_code == 422
    shown = refused.content.decode()
    assert "max_exposure" in shown
    assert "90000000" in shown
    assert asked(bot) == []


def test_nothing_held_is_not_found(client: Client, bot: Bot) -> None:
    assert client.get(reverse("bot-position", args=[bot.code, "XRPUSDT"])).status_code == 404


def test_the_api_adds_or_says_which_gate_refuses(client: Client, bot: Bot, symbol: str) -> None:
    add = reverse("api-position-add", args=[bot.code, symbol])
    refused = client.post(add, {"quote": "90000000", "key": "a"}, content_type="application/json")
    assert "max_exposure" in is_error(refused, 409)["message"]
    reduce = reverse("api-position-reduce", args=[bot.code, symbol])
    assert (
        client.post(reduce, {"percent": 101, "key": "b"}, content_type="application/json").status_code == 400
    )
    assert (
        client.post(reduce, {"percent": 25, "key": "b"}, content_type="application/json").status_code == 202
    )
    assert asked(bot) == [("exit", 1)]

"""The kill switch on its page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, RiskLock
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures


@pytest.fixture
def client(alice: User, desk: Workspace) -> Client:
    return logged_in(alice)


def locks(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace_scope(workspace.pk):
        return list(RiskLock.objects.values_list("where", "what", "reason"))


def test_it_says_what_stands_and_halts(client: Client, desk: Workspace, bot: Bot) -> None:
    page = client.get(reverse("halt"))
    assert page.status_code == 200
    assert bot.account.name in page.content.decode()
    asked = {"target": f"bot:{bot.code}", "what": "all", "reason": "Audit"}
    assert client.post(reverse("halt"), asked).status_code == 302
    assert locks(desk) == [("bot", "all", "Audit")]
    assert "Audit" in client.get(reverse("halt")).content.decode()


def test_positions_are_closed_by_who_has_typed_it(client: Client, desk: Workspace) -> None:
    asked = {"target": "workspace", "what": "flatten", "reason": "Crash"}
    refused = client.post(reverse("halt"), asked)
    assert refused.status_code == 422
    assert "Type FLATTEN" in refused.content.decode()
    assert "Crash" in refused.content.decode()  # what was typed stays
    assert locks(desk) == []
    client.post(reverse("halt"), asked | {"confirm": "FLATTEN"})
    assert locks(desk) == [("workspace", "flatten", "Crash")]


def test_a_bot_of_somebody_else_is_no_choice(client: Client, desk: Workspace) -> None:
    asked = {"target": "bot:abcdefghij", "what": "all", "reason": "Audit"}
    assert client.post(reverse("halt"), asked).status_code == 422
    assert locks(desk) == []

"""Limits and locks on their page and in the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ExchangeAccount, User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, RiskLock
from bots.services.limits import change_limits
from bots.services.locks import set_lock
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.bots.test_api import is_error, paths
from trading_core.money import money

TIERS = {"warn_pct": "1", "no_entries_pct": "2", "close_only_pct": None, "flatten_pct": "5"}


@pytest.fixture
def client(alice: User, desk: Workspace) -> Client:
    return logged_in(alice)


def put(client: Client, url: str, limits: object, *, confirm: bool = False) -> Any:
    return client.put(url, {"limits": limits, "confirm": confirm}, content_type="application/json")


def test_the_api_shows_every_rung_and_changes_it_with_care(client: Client, bot: Bot) -> None:
    url = reverse("api-limits-account", args=[bot.account.code])

    changed = put(client, url, {"day_loss": TIERS, "gross": "2"})

    assert changed.status_code == 200
    rung = next(one for one in changed.json()["accounts"] if one["code"] == bot.account.code)
    assert rung["limits"]["day_loss"] == TIERS
    assert (rung["limits"]["gross"], rung["limits"]["net"]) == ("2", None)
    assert changed.json()["platform"]["gross"] == "25"
    assert client.get(reverse("api-limits")).json() == changed.json()

    wider = put(client, url, {"day_loss": TIERS, "gross": "3"})
    assert "gross" in is_error(wider, 409)["message"]
    assert put(client, url, {"gross": "3"}, confirm=True).status_code == 200


@pytest.mark.parametrize(
    "limits, path",
    [
        ({"gross": "0"}, "limits.gross"), ({"gros": "1"}, "limits.gros"), ([], "limits"), ("x", "limits"),
        ({"drawdown": {"warn_pct": "5", "flatten_pct": "1"}}, "limits.drawdown"), ({"net": 1.5}, "limits.net"),
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused_with_their_place(
    client: Client, limits: object, path: str
) -> None:
    assert paths(is_error(put(client, reverse("api-limits-workspace"), limits), 400)) == [path]


def test_a_lock_is_set_listed_and_lifted_by_the_api(client: Client, bot: Bot) -> None:
    asked = {"what": "all", "reason": "Audit", "bot": bot.code, "symbol": "ETHUSDT", "minutes": 60}
    made = client.post(reverse("api-locks"), asked, content_type="application/json")

    assert made.status_code == 201
    told = made.json()
    assert (told["where"], told["bot"], told["cause"], told["set_by"]) == (
        "bot", bot.code, "manual", "alice@example.com",
    )  # fmt: skip
    assert [one["code"] for one in client.get(reverse("api-locks")).json()] == [told["code"]]
    lift = reverse("api-lock-lift", args=[told["code"]])
    assert client.post(lift).status_code == 200
    assert client.get(reverse("api-locks")).json() == []
    is_error(client.post(lift), 409)


@pytest.mark.parametrize(
    "asked, path",
    [
        ({"what": "warn"}, "what"), ({"reason": ""}, "reason"), ({"minutes": 0}, "minutes"),
        ({"symbol": "eth"}, "symbol"), ({"bot": "a", "account": "b"}, "account"), ({"until": 1}, "until"),
    ],
)  # fmt: skip
def test_a_lock_that_makes_no_sense_is_refused(client: Client, asked: dict[str, Any], path: str) -> None:
    body = {"what": "all", "reason": "Audit"} | asked
    found = client.post(reverse("api-locks"), body, content_type="application/json")
    assert paths(is_error(found, 400)) == [path]


def test_others_accounts_and_locks_are_not_found(charlie: User, desk: Workspace, bot: Bot) -> None:
    with workspace_scope(desk.pk):
        lock = set_lock(what="all", reason="Ours", now_ms=bot.done, bot=bot, actor="alice")
    stranger = logged_in(charlie)

    assert stranger.get(reverse("api-locks")).json() == []
    assert stranger.get(reverse("api-limits")).json()["accounts"] == []
    is_error(stranger.post(reverse("api-lock-lift", args=[lock.code])), 404)
    is_error(put(stranger, reverse("api-limits-account", args=[bot.account.code]), {}), 404)
    for target in ({"bot": bot.code}, {"account": bot.account.code}):
        body = {"what": "all", "reason": "Mine now", **target}
        is_error(stranger.post(reverse("api-locks"), body, content_type="application/json"), 404)
    page = stranger.post(
        reverse("lock-set"), {"target": f"bot:{bot.code}", "what": "all", "minutes": "", "reason": "Mine now"}
    )
    assert page.status_code == 422


def test_the_page_shows_figures_against_limits(client: Client, desk: Workspace, bot: Bot) -> None:
    with workspace_scope(desk.pk):
        change_limits({"day_loss": TIERS, "max_positions": 4}, account=bot.account, actor="alice")
        set_lock(what="entries", reason="Rates decision", now_ms=bot.done, symbol="ETHUSDT", actor="alice")

    text = client.get(reverse("limits")).content.decode()

    assert "Rates decision" in text
    assert "somebody lifts it" in text
    assert "of 1.00 %" in text
    assert "<meter" in text
    assert "warning at 1.00 %, no entries at 2.00 %, closing everything at 5.00 %" in text


def test_the_empty_page_says_what_to_do(rita: User) -> None:
    text = logged_in(rita).get(reverse("limits")).content.decode()
    assert "Nothing is locked" in text
    assert "No accounts yet" in text
    assert "Set a lock" not in text


def test_a_lock_is_set_and_lifted_on_the_page(client: Client, desk: Workspace, bot: Bot) -> None:
    asked = {
        "target": f"account:{bot.account.code}",
        "what": "averaging",
        "minutes": "60",
        "reason": "Thin market",
    }
    assert client.post(reverse("lock-set"), asked).status_code == 302
    with workspace_scope(desk.pk):
        lock = RiskLock.objects.get()
    assert (lock.account_id, lock.bot_id, lock.what) == (bot.account_id, None, "averaging")
    assert client.post(reverse("lock-set"), {**asked, "symbol": "?"}).status_code == 422

    assert "is lifted" in client.post(reverse("lock-lift", args=[lock.code]), follow=True).content.decode()
    again = client.post(reverse("lock-lift", args=[lock.code]), follow=True).content.decode()
    assert "lifted before" in again


def test_limits_are_edited_on_the_page_and_widening_is_confirmed(
    client: Client, desk: Workspace, bot: Bot
) -> None:
    url = reverse("limits-account", args=[bot.account.code])

    assert client.post(url, {"gross": "2", "day_loss_warn_pct": "1"}).status_code == 302
    assert 'value="2"' in client.get(url).content.decode()
    wider = client.post(url, {"gross": "3", "day_loss_warn_pct": "1"})
    assert wider.status_code == 422
    assert "allows more than before" in wider.content.decode()
    assert client.post(url, {"gross": "3", "confirm": "on"}).status_code == 302
    for wrong in ({"gross": "many"}, {"max_positions": "1.5"}, {"day_loss_warn_pct": "101"}):
        assert client.post(url, wrong).status_code == 422
    with workspace_scope(desk.pk):
        assert ExchangeAccount.objects.get(pk=bot.account_id).limits["gross"] == "3"

    workspace = reverse("limits-workspace")
    assert client.post(workspace, {"max_positions": "3"}).status_code == 302
    assert 'value="3"' in client.get(workspace).content.decode()


def test_the_page_asks_no_more_for_more_bots(client: Client, desk: Workspace, bot: Bot) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("limits-live"))
        return len(seen)

    before = asked()
    with workspace_scope(desk.pk):
        for number in range(3):
            account = ExchangeAccount.objects.create(
                name=f"More {number}", environment="paper", status="ready", wallet=money(10)
            )
            set_lock(what="all", reason="More", now_ms=bot.done, account=account, actor="alice")
    assert asked() == before

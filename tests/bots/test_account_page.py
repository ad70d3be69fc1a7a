"""The page of one exchange account."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ExchangeAccount, User, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, OrderEvent, OrderRow
from bots.services.interference import foreign_trade
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.roles import acting_as
from tests.worlds import World
from trading_core.exchanges.port import ExecutionNews
from trading_core.execution.order import OrderState, Side


@pytest.fixture
def client(alice: User, desk: Workspace) -> Client:
    return logged_in(alice)


def shown(client: Client, account: ExchangeAccount) -> str:
    answer = client.get(reverse("account", args=[account.code]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_tells_who_serves_what_is_open_and_what_others_did(client: Client, bot: Bot) -> None:
    page = shown(client, bot.account)
    assert "No trader serves it now" in page
    with acting_as("engine"), workspace_scope(bot.workspace_id):
        news = ExecutionNews(
            "e-1", "Trade", "", "v-1", "BTCUSDT", Side.SELL, 1_000, 7, 0, is_maker=False, stop_order_type="",
            time_ms=0, sequence=1,
        )  # fmt: skip
        foreign_trade(bot.account, news)
    page = shown(client, bot.account)
    assert "a trade that is no order of ours: Sell 7 lots of BTCUSDT" in page
    assert "Take entries again" in page


def test_the_policy_is_chosen_on_the_page_and_in_the_api(client: Client, bot: Bot) -> None:
    address = reverse("account-interference", args=[bot.account.code])
    client.post(address, {"policy": "adopt"})
    assert policy(bot) == "adopt"
    client.post(address, {"policy": "whatever"})
    assert policy(bot) == "adopt"
    told = client.put(
        reverse("api-account-interference", args=[bot.account.code]),
        {"policy": "ignore"}, content_type="application/json",
    )  # fmt: skip
    assert told.json()["interference"] == "ignore"
    assert policy(bot) == "ignore"


def policy(bot: Bot) -> str:
    with workspace_scope(bot.workspace_id):
        return ExchangeAccount.objects.get(pk=bot.account_id).interference


@pytest.mark.django_db
@pytest.mark.role("engine")
def test_every_step_of_an_order_is_written_down(world: World) -> None:
    bot = world.bot()
    world.close()
    world.decide(bot)
    (order,) = world.accept(bot)
    world.hear(world.execution(order, ticks=1_000, lots=order.lots - 1), bot)
    world.hear(
        world.order_news(order, OrderState.CANCELLED, filled=order.lots - 1, reason="CancelByUser"), bot
    )
    with world.inside():
        steps = list(OrderEvent.objects.filter(order=order).order_by("pk").values_list("step", "words"))
        assert OrderRow.objects.get(pk=order.pk).state == "cancelled"
    lots = order.lots
    assert steps == [
        ("planned", ""), ("executed", f"{lots - 1} of {lots} lots"), ("partially_filled", ""),
        ("cancelled", "CancelByUser"),
    ]  # fmt: skip

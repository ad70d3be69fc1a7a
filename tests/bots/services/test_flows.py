"""Deposits and withdrawals: booked once, and only where they explain the venue's wallet."""

from __future__ import annotations

import pytest

from accounts.models import ExchangeAccount
from bots.models import CashFlow
from bots.services.flows import apply_flows
from tests.worlds import World
from trading_core.exchanges.port import FlowNews
from trading_core.money import money

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]


def flow(number: int, amount: str) -> FlowNews:
    kind = "TRANSFER_OUT" if amount.startswith("-") else "TRANSFER_IN"
    return FlowNews(f"t{number}", kind, money(amount), 1_000 * number)


@pytest.fixture
def account(world: World) -> ExchangeAccount:
    return world.account(balance="1000")


def wallet(world: World, account: ExchangeAccount) -> int:
    with world.inside():
        return ExchangeAccount.objects.get(pk=account.pk).wallet


def test_what_explains_the_wallet_is_booked_once(world: World, account: ExchangeAccount) -> None:
    told = [flow(1, "1000"), flow(2, "500"), flow(3, "-20.5")]
    balance = money("1479.5")

    assert apply_flows(account, told, balance=balance) == 2, "the first was there before the wallet was read"
    assert apply_flows(account, told, balance=balance) == 0
    assert wallet(world, account) == balance
    with world.inside():
        assert set(CashFlow.objects.values_list("flow_id", "amount")) == {
            ("t2", money("500")), ("t3", money("-20.5")),
        }  # fmt: skip


def test_a_difference_with_another_cause_stays_to_be_seen(world: World, account: ExchangeAccount) -> None:
    assert apply_flows(account, [flow(1, "500")], balance=money("1400")) == 0
    assert apply_flows(account, [], balance=money("1400")) == 0
    assert wallet(world, account) == money("1000")

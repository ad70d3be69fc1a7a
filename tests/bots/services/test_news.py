"""What the venue tells, applied once, in any order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.models import ExchangeAccount
from bots.models import Bot, BotState, Claim, ExecutionRow, IntentRow, OrderRow, Plan, PositionRow
from bots.services.cycle import run_cycle
from bots.services.news import apply_execution, apply_order, apply_position, apply_wallet
from bots.services.result import executions_of, fundings_of
from tests.worlds import World
from trading_core.exchanges.port import PositionNews, WalletNews
from trading_core.execution.order import OrderState, Side
from trading_core.money import money

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

FEE = 1_000


@pytest.fixture
def bot(world: World) -> Bot:
    """A bot whose entry stands at the venue."""
    bot = world.bot()
    world.close(100.0)
    run_cycle(bot.pk, bot.workspace_id)
    world.accept(bot)
    return bot


def entry(world: World, bot: Bot) -> OrderRow:
    with world.inside():
        return OrderRow.objects.get(bot=bot, role="entry")


def account(world: World, bot: Bot) -> ExchangeAccount:
    with world.inside():
        return ExchangeAccount.objects.get(pk=bot.account_id)


def position(world: World, bot: Bot) -> PositionRow:
    with world.inside():
        return PositionRow.objects.get(account_id=bot.account_id, symbol="BTCUSDT")


def phase(world: World, bot: Bot) -> str:
    with world.inside():
        return str(Plan.objects.get(bot=bot).state["phase"])


def planned(world: World, bot: Bot) -> list[tuple[str, str]]:
    with world.inside():
        rows = IntentRow.objects.filter(bot=bot, state="planned").order_by("priority", "pk")
        return [(row.kind, row.order.role if row.order else "") for row in rows]


def test_apply_execution_twice_is_once(world: World, bot: Bot) -> None:
    news = world.execution(entry(world, bot), ticks=1000)
    assert [apply_execution(account(world, bot), news) for _ in range(2)] == [True, False]
    held = position(world, bot)
    assert (held.lots, held.cost) == (news.lots, news.lots * 1000)
    assert account(world, bot).wallet == money(10_000) - FEE
    assert entry(world, bot).state == OrderState.FILLED
    assert planned(world, bot) == [("place", "take_profit")]


def test_apply_execution_puts_the_attached_stop_on_the_position(world: World, bot: Bot) -> None:
    apply_execution(account(world, bot), world.execution(entry(world, bot), ticks=1001))
    assert position(world, bot).stop_ticks == 960


def test_apply_execution_in_parts_ends_the_entry_with_the_last(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_execution(account(world, bot), world.execution(order, ticks=1001, lots=order.lots - 1))
    assert (entry(world, bot).state, phase(world, bot)) == (OrderState.PARTIALLY_FILLED, "entering")
    apply_execution(account(world, bot), world.execution(order, ticks=1001, lots=1))
    assert (entry(world, bot).state, phase(world, bot)) == (OrderState.FILLED, "open")


def test_apply_execution_of_the_stop_closes_the_trade_and_frees_the_claim(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_execution(account(world, bot), world.execution(order, ticks=1000))
    target = world.accept(bot)[0]
    stop = world.execution(
        order, ticks=960, link="", venue_order_id="v-stop", side=Side.SELL, stop_order_type="StopLoss"
    )
    apply_execution(account(world, bot), stop)
    with world.inside():
        row = ExecutionRow.objects.get(exec_id=stop.exec_id)
        assert Claim.objects.filter(bot=bot).exists()
    assert (row.role, row.reason, row.trade) == ("stop", "stop", 1)
    assert row.realised == -order.lots * 40 * money("0.0001")
    assert account(world, bot).wallet == money(10_000) - 2 * FEE + row.realised
    apply_order(account(world, bot), world.order_news(target, OrderState.CANCELLED))
    world.accept(bot)
    assert phase(world, bot) == "flat"
    with world.inside():
        assert not Claim.objects.filter(bot=bot).exists()


def test_apply_execution_books_funding_as_cash(world: World, bot: Bot) -> None:
    apply_execution(account(world, bot), world.execution(entry(world, bot), ticks=1000))
    before = position(world, bot)
    funding = world.execution(
        entry(world, bot), ticks=1000, exec_type="Funding", link="", fee=-500, side=Side.SELL
    )
    apply_execution(account(world, bot), funding)
    after = position(world, bot)
    assert (after.lots, after.fees) == (before.lots, before.fees - 500)
    assert account(world, bot).wallet == money(10_000) - FEE + 500
    with world.inside():
        [record] = fundings_of(bot)
        assert len(executions_of(bot)) == 1
    assert (record.lots, record.paid, record.rate_e8) == (before.lots, -500, None)


def test_apply_execution_of_a_liquidation_says_so(world: World, bot: Bot) -> None:
    apply_execution(account(world, bot), world.execution(entry(world, bot), ticks=1000))
    bust = world.execution(entry(world, bot), ticks=500, exec_type="BustTrade", link="", side=Side.SELL)
    apply_execution(account(world, bot), bust)
    with world.inside():
        row = ExecutionRow.objects.get(exec_id=bust.exec_id)
    assert (row.role, row.reason) == ("stop", "liquidation")
    assert position(world, bot).lots == 0


def test_apply_execution_of_an_unknown_type_moves_nothing_and_parks(world: World, bot: Bot) -> None:
    apply_execution(account(world, bot), world.execution(entry(world, bot), ticks=1000))
    before = position(world, bot)
    odd = world.execution(entry(world, bot), ticks=1000, exec_type="CorporateAction", link="")
    apply_execution(account(world, bot), odd)
    assert position(world, bot).lots == before.lots
    assert account(world, bot).wallet == money(10_000) - FEE
    assert world.state_of(bot) == BotState.PARKED


def test_apply_execution_through_zero_realises_what_was_held(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_execution(account(world, bot), world.execution(order, ticks=1000))
    manual = world.execution(order, ticks=1010, lots=order.lots + 5, link="", side=Side.SELL)
    apply_execution(account(world, bot), manual)
    with world.inside():
        row = ExecutionRow.objects.get(exec_id=manual.exec_id)
    assert position(world, bot).lots == -5
    assert row.realised == order.lots * 10 * money("0.0001")
    assert row.reason == "external"


def test_apply_order_told_as_filled_before_its_execution_waits_for_it(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    assert apply_order(account(world, bot), world.order_news(order, OrderState.FILLED, filled=order.lots))
    assert (entry(world, bot).state, phase(world, bot)) == (OrderState.ACCEPTED, "entering")
    apply_execution(account(world, bot), world.execution(order, ticks=1001))
    assert (entry(world, bot).state, phase(world, bot)) == (OrderState.FILLED, "open")


def test_apply_order_cancelled_with_fills_missing_waits_for_them(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_order(account(world, bot), world.order_news(order, OrderState.CANCELLED, filled=3))
    assert entry(world, bot).state == OrderState.ACCEPTED
    apply_execution(account(world, bot), world.execution(order, ticks=1001, lots=3))
    assert (entry(world, bot).state, phase(world, bot)) == (OrderState.CANCELLED, "open")


def test_apply_order_that_goes_back_is_ignored(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_execution(account(world, bot), world.execution(order, ticks=1001))
    assert not apply_order(account(world, bot), world.order_news(order, OrderState.ACCEPTED))
    assert not apply_order(account(world, bot), world.order_news(order, OrderState.CANCELLED))
    assert entry(world, bot).state == OrderState.FILLED


def test_apply_order_rejected_ends_the_trade_and_frees_the_claim(world: World, bot: Bot) -> None:
    order = entry(world, bot)
    apply_order(account(world, bot), world.order_news(order, OrderState.REJECTED, reason="EC_NoMargin"))
    assert phase(world, bot) == "flat"
    with world.inside():
        assert not Claim.objects.filter(bot=bot).exists()


def test_apply_order_of_nobody_is_ignored(world: World, bot: Bot) -> None:
    news = world.order_news(entry(world, bot), OrderState.FILLED)
    assert not apply_order(account(world, bot), replace(news, link="somebody-elses"))
    assert not apply_order(account(world, bot), replace(news, link=""))


def test_apply_position_tells_stop_and_leverage_but_never_size(world: World, bot: Bot) -> None:
    apply_execution(account(world, bot), world.execution(entry(world, bot), ticks=1001))
    lots = position(world, bot).lots
    news = PositionNews(
        symbol="BTCUSDT", lots=lots + 7, entry_price=Decimal("100.1"), stop_ticks=950, leverage=Decimal(2),
        liquidation_price=None, updated_ms=0, sequence=0,
    )  # fmt: skip
    assert not apply_position(account(world, bot), news)
    held = position(world, bot)
    assert (held.lots, held.stop_ticks, held.leverage_ppm) == (lots, 950, 2_000_000)
    assert ("set_stop", "") in planned(world, bot)
    assert apply_position(account(world, bot), replace(news, lots=lots))


def test_apply_wallet_compares_and_changes_nothing(world: World, bot: Bot) -> None:
    assert apply_wallet(account(world, bot), WalletNews("USDT", money(10_000), 0))
    assert not apply_wallet(account(world, bot), WalletNews("USDT", money(9_999), 0))
    assert account(world, bot).wallet == money(10_000)

"""Live figures: what accounts are worth and bots have made, by minute and by day."""

from __future__ import annotations

from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import ExchangeAccount, Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import (
    AccountDay,
    AccountMinute,
    Bot,
    BotDay,
    BotMinute,
    CashFlow,
    ExecutionRow,
    FeedStatus,
    OrderRow,
)  # fmt: skip
from bots.services.minutes import sample_minutes, sample_workspace
from bots.services.thinning import KEPT_MS, thin_minutes
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, SOURCE, World
from trading_core.execution.order import Side
from trading_core.market.timeframe import Timeframe
from trading_core.money import money

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]

DAY, HOUR = Timeframe.D1.ms, Timeframe.H1.ms
FEE = 1_000


def at(ms: int) -> None:
    """The market's clock stands there, and a minute is taken."""
    FeedStatus.objects.update_or_create(source=SOURCE, defaults={"market": "test", "last_close_ms": ms})
    sample_minutes()


def zone(world: World, name: str) -> None:
    with acting_as("web"), world.inside():
        Workspace.objects.filter(pk=world.workspace.pk).update(timezone=name)


@pytest.fixture
def bot(world: World) -> Bot:
    """A bot that holds 2 BTC bought at 100."""
    bot = world.bot()
    world.close(100.0)
    world.decide(bot)
    world.accept(bot)
    with world.inside():
        order = OrderRow.objects.get(bot=bot, role="entry")
    world.hear(world.execution(order, ticks=1_000, fee=FEE), bot)
    return bot


def funding(world: World, bot: Bot, fee: int, time_ms: int) -> None:
    with world.inside():
        order = OrderRow.objects.get(bot=bot, role="entry")
    news = world.execution(order, ticks=1_000, exec_type="Funding", fee=fee, link="", time_ms=time_ms)
    world.hear(news, bot)


def sold(world: World, bot: Bot, ticks: int, time_ms: int, **changes: object) -> None:
    """The stop takes half of the position."""
    with world.inside():
        order = OrderRow.objects.get(bot=bot, role="entry")
    world.hear(
        world.execution(
            order, ticks=ticks, lots=order.lots // 2, side=Side.SELL, link="", stop_order_type="StopLoss",
            time_ms=time_ms, fee=FEE, **changes,
        ),
        bot,
    )  # fmt: skip


def test_a_minute_is_wallet_and_open_profit_and_a_bot_has_its_share(world: World, bot: Bot) -> None:
    funding(world, bot, 300, START_MS + MINUTE)
    sold(world, bot, 1_100, START_MS + MINUTE)
    close_ms = world.close(105.0)

    at(close_ms)

    with world.inside():
        account = ExchangeAccount.objects.get(pk=bot.account_id)
        minute, made = AccountMinute.objects.get(), BotMinute.objects.get()
        day = BotDay.objects.get()
        assert (minute.minute_ms, minute.wallet) == (close_ms, account.wallet)
        assert minute.unrealised == made.unrealised == money("5")
        assert made.settled == money("10") - 2 * FEE - 300 == account.wallet - account.paper_balance
        assert (day.realised, day.fees, day.funding, day.closes) == (money("10"), 2 * FEE, 300, 1)
        assert day.result == made.settled + made.unrealised


def test_the_same_minute_again_and_one_without_news_write_nothing(world: World, bot: Bot) -> None:
    close_ms = world.close(105.0)
    at(close_ms)
    at(close_ms)
    at(close_ms + MINUTE)

    with world.inside():
        assert AccountMinute.objects.count() == BotMinute.objects.count() == 1
        assert AccountDay.objects.count() == BotDay.objects.count() == 1


def test_days_are_those_of_the_workspace(world: World, bot: Bot) -> None:
    """00:00 in India is 18:30 UTC the day before."""
    zone(world, "Asia/Kolkata")
    midnight = START_MS + 18 * HOUR + 30 * MINUTE
    world.close(105.0)

    at(midnight)
    funding(world, bot, 200, midnight + MINUTE)
    at(midnight + MINUTE)

    with world.inside():
        first, second = BotDay.objects.order_by("day")
        assert (first.day, second.day) == (date(2025, 1, 1), date(2025, 1, 2))
        assert (first.funding, second.funding) == (0, 200)
        assert (second.settled_before, second.unrealised_before) == (first.settled, first.unrealised)
        assert second.result == -200
        opened, next_opened = AccountDay.objects.order_by("day")
        assert (next_opened.start, next_opened.result) == (opened.end, -200)


def test_days_with_a_change_of_clocks_are_counted_whole(world: World, bot: Bot) -> None:
    """2025-03-30 in Berlin has 23 hours: it ends at 22:00 UTC."""
    zone(world, "Europe/Berlin")
    end = START_MS + 88 * DAY + 22 * HOUR
    world.close(105.0)
    funding(world, bot, 100, end - 23 * HOUR + MINUTE)
    funding(world, bot, 20, end)
    funding(world, bot, 7, end + MINUTE)

    at(end + MINUTE)

    with world.inside():
        assert BotDay.objects.get().day == date(2025, 3, 31)
        assert BotDay.objects.get().funding == 7
        assert BotDay.objects.get().settled_before == -FEE - 120


def test_what_is_told_late_belongs_to_the_day_it_happened(world: World, bot: Bot) -> None:
    world.close(105.0)
    at(START_MS + DAY)
    at(START_MS + DAY + MINUTE)

    funding(world, bot, 500, START_MS + DAY - MINUTE)
    at(START_MS + DAY + 2 * MINUTE)

    with world.inside():
        first, second = BotDay.objects.order_by("day")
        assert (first.funding, second.funding) == (500, 0)
        assert second.settled == first.settled == BotMinute.objects.order_by("minute_ms").last().settled  # type: ignore[union-attr]


def test_money_paid_in_is_no_profit_and_a_reset_begins_anew(world: World, bot: Bot) -> None:
    close_ms = world.close(105.0)
    at(close_ms)
    with world.inside():
        account = ExchangeAccount.objects.get(pk=bot.account_id)
        account.wallet += money("500")
        account.save()
        CashFlow.objects.create(
            account=account, flow_id="f1", kind="TRANSFER_IN", amount=money("500"), time_ms=close_ms + 1
        )
    at(close_ms + MINUTE)

    with world.inside():
        day = AccountDay.objects.get()
        assert day.end - day.start == money("500")
        assert day.result == 0
        account.generation += 1
        account.wallet = money("100")
        account.save()
    at(close_ms + 2 * MINUTE)

    with world.inside():
        assert [row.result for row in AccountDay.objects.order_by("generation")] == [0, 0]
        assert AccountDay.objects.get(generation=2).start == money("110")


def test_the_sums_of_the_days_are_the_bots_profit(world: World, bot: Bot) -> None:
    world.close(105.0)
    for day in range(4):
        funding(world, bot, 10 ** (day + 1), START_MS + day * DAY + HOUR)
        at(START_MS + day * DAY + 2 * HOUR)

    with world.inside():
        days = list(BotDay.objects.order_by("day"))
        executions = ExecutionRow.objects.filter(bot=bot)
        net = sum(row.realised - row.fee for row in executions)
        assert len(days) == 4
        assert sum(one.result for one in days) + days[0].settled_before == net + days[-1].unrealised
        assert sum(one.funding for one in days) == 11_110


def test_many_bots_cost_no_more_queries_than_one(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    account = world.shared_account()
    for number in range(12):
        world.bot(account, name=f"Bot {number}")
    close_ms = world.close(100.0)
    with world.inside():
        Bot.objects.update(done=close_ms)

    with django_assert_max_num_queries(20):
        sample_workspace(world.workspace.pk, SOURCE, close_ms)

    with world.inside():
        assert BotDay.objects.count() == 12
    with django_assert_max_num_queries(18):
        sample_workspace(world.workspace.pk, SOURCE, close_ms + MINUTE)


def test_workspaces_know_nothing_of_each_other(world: World, strangers_world: World, bot: Bot) -> None:
    other = strangers_world.bot()
    close_ms = world.close(105.0)
    strangers_world.decide(other)

    at(close_ms)

    with workspace_scope(strangers_world.workspace.pk):
        assert set(BotMinute.objects.values_list("bot", flat=True)) == {other.pk}
    with world.inside():
        assert set(BotMinute.objects.values_list("bot", flat=True)) == {bot.pk}


def test_old_minutes_thin_out_to_the_last_of_each_hour(world: World, bot: Bot) -> None:
    minutes = [START_MS + MINUTE * m for m in (1, 30, 59, 60, 61, 90, 119)]
    with world.inside():
        for minute in minutes:
            BotMinute.objects.create(bot=bot, minute_ms=minute, settled=0, unrealised=0)
            AccountMinute.objects.create(account_id=bot.account_id, minute_ms=minute, wallet=0, unrealised=0)
    FeedStatus.objects.update_or_create(
        source=SOURCE, defaults={"market": "test", "last_close_ms": START_MS + 2 * HOUR + KEPT_MS}
    )

    assert thin_minutes() == 10
    assert thin_minutes() == 0
    with world.inside():
        for model in (BotMinute, AccountMinute):
            kept = model.objects.order_by("minute_ms").values_list("minute_ms", flat=True)
            assert list(kept) == [START_MS + 60 * MINUTE, START_MS + 119 * MINUTE]

"""The analytics page and API: live rows through the measures of a backtest."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User, Workspace
from analytics.pages.live import calendar, drawdown_points, time_weighted
from analytics.services.curves import Point, joined
from analytics.services.live import DayLine, live_figures
from bots.models import Bot, BotDay, FeedStatus, OrderRow
from bots.services.minutes import sample_minutes
from tests.bots.desk import _nothing_remembered, bot, desk, logged_in  # noqa: F401 - fixtures
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, SOURCE, World
from trading_core.execution.order import Side
from trading_core.money import amount, money, plain

FEE = 1_000


@pytest.fixture
def world(workspace: Workspace) -> World:
    """Alice's workspace on the synthetic market, nothing closed yet."""
    return World(workspace)


def at(ms: int) -> None:
    with acting_as("engine"):
        FeedStatus.objects.update_or_create(source=SOURCE, defaults={"market": "test", "last_close_ms": ms})
        sample_minutes()


def traded(world: World, bot: Bot) -> Bot:
    """A round trip that gained 10 before fees, with 300 of funding, over three minutes."""
    at(world.close(100.0))
    world.decide(bot)
    world.accept(bot)
    with world.inside():
        order = OrderRow.objects.get(bot=bot, role="entry")
    world.hear(world.execution(order, ticks=1_000, fee=FEE), bot)
    at(world.close(97.0))
    held: dict[str, Any] = {"link": "", "fee": 300, "exec_type": "Funding"}
    world.hear(world.execution(order, ticks=970, **held), bot)
    world.close(105.0)
    sold: dict[str, Any] = {"side": Side.SELL, "link": "", "stop_order_type": "StopLoss", "fee": FEE}
    world.hear(world.execution(order, ticks=1_050, **sold), bot)
    at(START_MS + world.minute * MINUTE)
    return bot


@pytest.fixture
def client(alice: User) -> Client:
    return logged_in(alice)


def test_figures_are_those_of_the_executions(world: World, client: Client) -> None:
    one = traded(world, world.bot())

    told = client.get(reverse("api-analytics"), {"bot": one.code, "days": "7"}).json()

    net = money("10") - 2 * FEE - 300
    assert told["metrics"]["trades"] == 1
    assert told["metrics"]["net_profit"] == plain(amount(net))
    assert told["breakdown"]["exit_reason"]["stop"]["net"] == plain(amount(net))
    assert [day["result"] for day in told["days"]] == [plain(amount(net))]
    assert [float(point["unrealised"]) for point in told["curve"]] == [0.0, -6.0, 0.0]
    assert float(told["metrics"]["max_drawdown"]) == pytest.approx(6.0 + FEE / 1e8)


def test_all_bots_are_their_accounts_together(world: World, client: Client) -> None:
    traded(world, world.bot())
    one, both = (client.get(reverse("api-analytics"), query).json() for query in ({"days": "7"}, {}))
    with world.inside():
        live = live_figures(list(Bot.objects.select_related("account")), days=30, zone="UTC")

    assert one["days"] == both["days"]
    assert live.curve[-1].equity == live.bots[0].account.wallet
    assert sum(day.result for day in live.days) == live.curve[-1].equity - live.curve[0].equity


def test_a_newcomer_reads_that_there_is_nothing_yet(client: Client, workspace: Workspace) -> None:
    assert "No figures yet" in client.get(reverse("analytics")).content.decode()
    assert client.get(reverse("analytics-curve", args=["equity"])).json()["points"] == []
    assert client.get(reverse("api-analytics")).json()["days"] == []


def test_the_page_stays_within_its_queries(
    world: World, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    account = world.shared_account()
    for name in ("One", "Two", "Three"):
        world.bot(account, name=name)
    traded(world, world.bot())

    with django_assert_max_num_queries(26):
        text = client.get(reverse("analytics")).content.decode()
    assert "Profit factor" in text


@pytest.mark.parametrize("query, status", [
    ({"days": "8"}, 404), ({"days": "x"}, 404), ({"bot": "nobody"}, 404), ({"bot": "\x00"}, 404),
])  # fmt: skip
def test_addresses_that_lead_nowhere(client: Client, workspace: Workspace, query: Any, status: int) -> None:
    assert client.get(reverse("analytics"), query).status_code == status


def test_another_workspace_sees_nothing_of_it(world: World, charlie: User) -> None:
    one = traded(world, world.bot())
    stranger = logged_in(charlie)

    assert stranger.get(reverse("analytics"), {"bot": one.code}).status_code == 404
    assert stranger.get(reverse("api-analytics"), {"bot": one.code}).status_code == 404
    assert stranger.get(reverse("api-analytics")).json()["curve"] == []


def point(account: int, minute: int, wallet: int, paid_in: int = 0, generation: int = 1) -> Point:
    return Point(account, generation, minute * MINUTE, wallet, 0, paid_in)


def test_deposits_and_resets_leave_no_step_in_the_curve() -> None:
    curve = joined(
        [
            point(1, 1, 1_000), point(2, 1, 500), point(1, 2, 1_300, paid_in=200), point(2, 3, 450),
            point(1, 4, 5_000, paid_in=200, generation=2), point(1, 5, 5_010, paid_in=210, generation=2),
            point(1, 6, 5_110, paid_in=210, generation=2),
        ],
        0,
    )  # fmt: skip

    assert [one.wallet for one in curve] == [1_500, 1_600, 1_550, 1_550, 1_550, 1_650]


STEPS = st.lists(st.tuples(st.integers(1, 3), st.integers(-50, 50), st.integers(-90, 90)), max_size=30)


@given(steps=STEPS)
def test_a_curve_is_what_trading_made_whatever_was_paid_in(steps: list[tuple[int, int, int]]) -> None:
    wallets, paid = dict.fromkeys((1, 2, 3), 1_000), dict.fromkeys((1, 2, 3), 0)
    points = [point(account, 0, 1_000) for account in wallets]
    for minute, (account, gained, flow) in enumerate(steps, 1):
        wallets[account] += gained + flow
        paid[account] += flow
        points.append(point(account, minute, wallets[account], paid[account]))

    assert joined(points, 0)[-1].wallet == 3_000 + sum(gained for _, gained, _ in steps)


def day(number: int, result: int, start: int = 0) -> DayLine:
    return DayLine(date(2025, 1, number), result, start, 0, 0, 0)


def test_returns_of_days_are_linked() -> None:
    """+10 % on 100, then -10 % on 1,110 after a deposit of 1,000: 1.1 x 0.9 = -1 %."""
    linked = time_weighted([day(1, 10, 100), day(2, -111, 1_110)])

    assert linked is not None
    assert linked.value == "\N{MINUS SIGN}1.00%"
    assert time_weighted([day(1, 10)]) is None


def test_the_calendar_begins_on_mondays() -> None:
    weeks = calendar([day(1, 5), day(2, 0), day(6, -10)])

    assert [label for label, _ in weeks] == ["30 Dec", "06 Jan"]
    assert [cell.shade for cell in weeks[0][1]] == ["none", "none", "up-2", "even", "none", "none", "none"]
    assert weeks[1][1][0].shade == "down-3"


def test_drawdown_is_told_in_percent_of_the_peak(world: World) -> None:
    traded(world, world.bot())
    with world.inside():
        live = live_figures(list(Bot.objects.select_related("account")), days=7, zone="UTC")
        assert BotDay.objects.count() == 1

    values = [float(value) for _, value in drawdown_points(live)["points"]]
    assert values[0] == values[-1] == 0.0
    assert min(values) == pytest.approx(-0.06, rel=1e-3)

"""An order the venue doesn't show is not over for that."""

from __future__ import annotations

import pytest

from bots.trader.absence import Absences
from bots.trader.reconcile import Missing
from tests.worlds import World
from trading_core.execution.order import OrderState

ORDER = Missing(7, "BTCUSDT", "A1-SEVEN")
OTHER = Missing(8, "BTCUSDT", "A1-EIGHT")


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock."""
    now = [100.0]
    monkeypatch.setattr("bots.trader.absence.time.monotonic", lambda: now[0])
    return now


def test_absence_takes_three_answers_and_the_time(passed: list[float]) -> None:
    absences = Absences(gone_after=30.0)
    assert [absences.proven(ORDER) for _ in range(4)] == [False] * 4  # often, but at once
    passed[0] += 30.0
    assert absences.proven(ORDER)
    assert not absences.proven(OTHER)  # long, but not often
    passed[0] += 60.0
    assert not absences.proven(OTHER)
    assert absences.proven(OTHER)


def test_who_was_seen_meanwhile_begins_anew(passed: list[float]) -> None:
    absences = Absences(gone_after=30.0)
    absences.proven(ORDER)
    absences.proven(ORDER)
    passed[0] += 60.0
    absences.keep([OTHER])
    assert not absences.is_waiting
    assert not absences.proven(ORDER)


@pytest.mark.django_db
@pytest.mark.role("engine")
def test_a_listed_order_that_was_given_up_stands_again(world: World) -> None:
    bot = world.bot()
    world.close()
    world.decide(bot)
    (order,) = world.accept(bot)
    world.hear(world.order_news(order, OrderState.CANCELLED, reason="not known to the venue any more"), bot)
    world.hear(world.order_news(order, OrderState.ACCEPTED), bot)
    with world.inside():
        order.refresh_from_db()
    assert order.state == "cancelled"  # a late message says nothing
    world.hear(world.order_news(order, OrderState.ACCEPTED), bot, listed=True)
    with world.inside():
        order.refresh_from_db()
    assert (order.state, order.reason) == ("accepted", "")

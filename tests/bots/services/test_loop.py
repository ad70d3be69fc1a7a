"""Wake, verdicts, cycle: one outcome per bot, symbol and close, whatever is repeated."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ailona.kit import clock
from bots.models import (
    Bot,
    BotState,
    EquityPoint,
    FeedStatus,
    IntentRow,
    OrderRow,
    Outcome,
    Plan,
    VerdictRow,
)  # fmt: skip
from bots.services import close, cycle
from bots.services.cycle import run_cycle
from bots.services.verdicts import run_verdicts
from bots.services.wake import begin_with, listened_symbols, wake
from bots.states import LISTENING
from tests.builders import START_MS
from tests.worlds import ALWAYS_LONG, LINEAR, MINUTE, NEVER, SOURCE, World
from trading_core.engine.cycle import Decision, decide
from trading_core.engine.snapshot import Snapshot
from trading_core.rules.shared.answers import Answers
from trading_core.rules.shared.plan import SharedPlan

pytestmark = [pytest.mark.django_db, pytest.mark.role("engine")]


def outcomes(world: World, bot: Bot) -> list[tuple[str, int, str]]:
    with world.inside():
        rows = Outcome.objects.filter(bot=bot).order_by("close_ms", "symbol")
        return [(row.symbol, (row.close_ms - START_MS) // MINUTE, row.code) for row in rows]


def test_wake_raises_only_bots_whose_timeframe_closes(world: World) -> None:
    minute, five = world.bot(), world.bot(timeframe="5m")
    paused = world.bot(start=False)
    for _ in range(4):
        close_ms = world.close()
    with world.inside():
        wanted = dict(Bot.objects.values_list("pk", "wanted"))
    assert wanted[minute.pk] == close_ms
    assert wanted[five.pk] == wanted[paused.pk] == 0
    close_ms = world.close()
    with world.inside():
        assert Bot.objects.get(pk=five.pk).wanted == close_ms


def test_the_feed_follows_what_rules_look_at(world: World) -> None:
    other = {"left": {"ticker": "funding_rate", "symbol": "SOLUSDT"}, "op": "<", "right": 0}
    world.bot(rules={"inline": {"schema": 2, "long": other}, "son": False})
    world.bot(universe={"symbols": ["ETHUSDT"]})
    stopped = {"left": {"price": "close", "symbol": "XRPUSDT"}, "op": "<", "right": 0}
    world.bot(rules={"inline": {"schema": 2, "long": stopped}, "son": False}, start=False)
    assert listened_symbols(SOURCE, LINEAR) == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


def test_wake_twice_wakes_once(world: World) -> None:
    world.bot()
    close_ms = world.close()
    assert wake(SOURCE, LINEAR, close_ms) == 0


def test_wake_reaches_bots_of_every_workspace(world: World, strangers_world: World) -> None:
    one, other = world.bot(), strangers_world.bot()
    close_ms = world.close()
    for owner, bot in ((world, one), (strangers_world, other)):
        with owner.inside():
            assert Bot.objects.get(pk=bot.pk).wanted == close_ms


def test_begin_with_lets_bots_started_before_the_feed_begin_after_its_first_close(world: World) -> None:
    bot = world.bot()
    FeedStatus.objects.create(source=SOURCE, market="test")
    begin_with(SOURCE, START_MS)
    with world.inside():
        bot.refresh_from_db()
    assert (bot.wanted, bot.done) == (START_MS, START_MS)
    assert FeedStatus.objects.get().last_close_ms == START_MS


def test_run_verdicts_answers_each_question_once_for_many_bots(
    world: World, strangers_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answer = SharedPlan.answer

    def listen(plan: SharedPlan, questions: Any, *given: Any, **named: Any) -> Answers:
        asked.extend(symbol for _, symbols in questions for symbol in symbols)
        return answer(plan, questions, *given, **named)

    monkeypatch.setattr(SharedPlan, "answer", listen)
    for owner in (world, world, strangers_world):
        owner.bot()
    close_ms = world.close()
    assert len(run_verdicts(SOURCE, LINEAR, close_ms)) == 3
    assert len(run_verdicts(SOURCE, LINEAR, close_ms)) == 3
    assert asked == ["BTCUSDT"]
    assert VerdictRow.objects.count() == 1


def test_run_close_decides_some_bots_here_and_rings_for_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = []
    monkeypatch.setattr(close, "enqueue", lambda task, **ids: rung.append((task, ids["bot_id"])))
    bots = [world.bot() for _ in range(close.HERE_MAX + 2)]
    close_ms = world.close()
    assert close.run_close(SOURCE, LINEAR, close_ms) == len(bots)
    decided = [bool(outcomes(world, bot)) for bot in bots]
    assert decided == [True] * close.HERE_MAX + [False] * 2
    assert rung == [("bots.cycle", bot.pk) for bot in bots[close.HERE_MAX :]]


def test_run_cycle_computes_a_verdict_that_nobody_stored(world: World) -> None:
    bot = world.bot()
    world.close()
    assert run_cycle(bot.pk, bot.workspace_id) == 1
    assert outcomes(world, bot) == [("BTCUSDT", 1, "entered")]
    assert VerdictRow.objects.count() == 1


def test_run_cycle_twice_decides_once(world: World) -> None:
    bot = world.bot()
    world.close()
    assert [run_cycle(bot.pk, bot.workspace_id) for _ in range(2)] == [1, 0]
    with world.inside():
        assert IntentRow.objects.filter(kind="place").count() == OrderRow.objects.count() == 1
        assert Plan.objects.get().trade == 1
        assert EquityPoint.objects.count() == 1


def test_run_cycle_records_one_outcome_for_every_symbol(world: World) -> None:
    bot = world.bot(universe={"symbols": ["BTCUSDT", "ETHUSDT"]}, rules={"inline": NEVER, "son": False})
    for _ in range(3):
        world.close()
        run_cycle(bot.pk, bot.workspace_id)
    expected = [(symbol, minute, "no_signal") for minute in (1, 2, 3) for symbol in ("BTCUSDT", "ETHUSDT")]
    assert outcomes(world, bot) == expected


def test_run_cycle_says_not_ready_of_a_symbol_without_a_candle(world: World) -> None:
    bot = world.bot(universe={"symbols": ["BTCUSDT", "ETHUSDT"]})
    world.close(symbols=("BTCUSDT",))
    run_cycle(bot.pk, bot.workspace_id)
    assert outcomes(world, bot) == [("BTCUSDT", 1, "entered"), ("ETHUSDT", 1, "not_ready")]


def test_run_cycle_after_an_outage_records_one_range_and_decides_the_latest(world: World) -> None:
    bot = world.bot(rules={"inline": NEVER, "son": False})
    world.close()
    run_cycle(bot.pk, bot.workspace_id)
    for _ in range(4):
        world.close()
    assert run_cycle(bot.pk, bot.workspace_id) == 1
    assert outcomes(world, bot) == [
        ("BTCUSDT", 1, "no_signal"), ("BTCUSDT", 4, "missed"), ("BTCUSDT", 5, "no_signal"),
    ]  # fmt: skip
    with world.inside():
        details = Outcome.objects.get(code="missed").details
    assert (details["closes"], details["from_ms"]) == (3, START_MS + 2 * MINUTE)


def test_run_cycle_calls_a_gap_of_the_market_no_miss(world: World) -> None:
    bot = world.bot(rules={"inline": NEVER, "son": False})
    world.close()
    run_cycle(bot.pk, bot.workspace_id)
    world.minute += 5
    world.close()
    run_cycle(bot.pk, bot.workspace_id)
    assert [code for _, _, code in outcomes(world, bot)] == ["no_signal", "no_signal"]


def test_run_cycle_refuses_an_entry_on_a_stale_close(world: World) -> None:
    bot = world.bot()
    close_ms = world.close()
    FeedStatus.objects.create(source=SOURCE, market="test", last_close_ms=close_ms + 2 * MINUTE)
    with world.inside():
        Bot.objects.filter(pk=bot.pk).update(rung_at=clock.now() - timedelta(minutes=2))
    run_cycle(bot.pk, bot.workspace_id)
    assert outcomes(world, bot) == [("BTCUSDT", 1, "stale_candle")]
    with world.inside():
        assert Outcome.objects.get(bot=bot).details == {"side": "long", "age": 120, "limit": 60}


def test_run_cycle_enters_as_long_as_the_rules_let_a_signal_live(world: World) -> None:
    bot = world.bot(rules={"inline": {**ALWAYS_LONG, "schema": 2, "expires": 2}, "son": False})
    close_ms = world.close()
    FeedStatus.objects.create(source=SOURCE, market="test", last_close_ms=close_ms + 2 * MINUTE)
    with world.inside():
        Bot.objects.filter(pk=bot.pk).update(rung_at=clock.now() - timedelta(minutes=2))
    run_cycle(bot.pk, bot.workspace_id)
    assert outcomes(world, bot) == [("BTCUSDT", 1, "entered")]


def test_run_cycle_refuses_a_symbol_that_another_bot_of_the_account_holds(world: World) -> None:
    account = world.shared_account()
    first, second = world.bot(account, name="First"), world.bot(account, name="Second")
    world.close()
    for bot in (first, second):
        run_cycle(bot.pk, bot.workspace_id)
    assert outcomes(world, first) == [("BTCUSDT", 1, "entered")]
    assert outcomes(world, second) == [("BTCUSDT", 1, "symbol_claimed")]
    with world.inside():
        assert Outcome.objects.get(bot=second).details["holder"] == "First"
        assert not IntentRow.objects.filter(bot=second).exists()


def test_run_cycle_parks_a_bot_that_fails_three_times(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bot, healthy = world.bot(), world.bot()
    sick_account = bot.account_id

    def decide_or_fail(snapshot: Snapshot) -> Decision:
        if failing:
            raise ZeroDivisionError("no such price")
        return decide(snapshot)

    monkeypatch.setattr(cycle, "decide", decide_or_fail)
    failing = True
    world.close()
    for _ in range(3):
        assert run_cycle(bot.pk, bot.workspace_id) == 0
    failing = False
    assert run_cycle(healthy.pk, healthy.workspace_id) == 1
    with world.inside():
        bot.refresh_from_db()
        assert bot.state == BotState.PARKED
        assert "ZeroDivisionError: no such price" in bot.state_reason
        assert not Outcome.objects.filter(bot=bot).exists()
        assert Bot.objects.get(pk=healthy.pk).account_id != sick_account


def test_run_cycle_does_nothing_for_a_bot_that_does_not_listen(world: World) -> None:
    bot = world.bot()
    world.close()
    with world.inside():
        Bot.objects.filter(pk=bot.pk).update(state=BotState.PARKED)
    assert BotState.PARKED not in LISTENING
    assert run_cycle(bot.pk, bot.workspace_id) == 0
    assert outcomes(world, bot) == []


@pytest.mark.django_db(transaction=True)
def test_run_cycle_by_several_workers_at_once_decides_once(
    world: World, eventually: Callable[..., object]
) -> None:
    bot = world.bot()
    world.close()

    def work(_: int) -> int:
        try:
            return run_cycle(bot.pk, bot.workspace_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 1
    assert outcomes(world, bot) == [("BTCUSDT", 1, "entered")]
    with world.inside():
        assert OrderRow.objects.count() == 1

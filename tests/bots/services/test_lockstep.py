"""The whole loop against a real venue: feed, cycle, trader and conductor, equal to a backtest."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import Workspace
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, BotState, CandleRow, FeedStatus, Outcome
from bots.services import quiet, store
from bots.services.conductor import Conductor, ConductorConfig
from bots.services.cycle import run_cycle
from bots.services.feed import Feed
from bots.services.feed_config import FeedConfig
from bots.services.lifecycle import create_paper_bot, settle_all_starting, start_bot
from bots.services.result import played_of, result_of
from bots.services.venue_control import VenueControl
from bots.services.wake import ring_those_behind
from bots.trader.config import TraderConfig
from bots.trader.service import Trader
from tests.worlds import ALWAYS_LONG, document, forget_everything, key
from trading_core.backtest.compare import first_difference
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run as backtest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

CANDLES = 24
AVERAGER: dict[str, Any] = {
    "name": "Averager",
    "rules": {"inline": ALWAYS_LONG, "son": False},
    "plan": {
        "entry": {"type": "market"},
        "size": {"mode": "quote", "quote": "200"},
        "averaging": {
            "legs": 3, "deviation_pct": "0.05", "step_scale": "1.2", "quote": "200", "volume_scale": "1.5",
            "resting": 2,
        },
        "take_profit": {"pct": "0.05", "base": "average"},
        "stop": {"pct": "0.6", "base": "average"},
        "exits": {"time_stop_minutes": 9, "on_rule": True},
    },
}  # fmt: skip


WHALE: dict[str, Any] = {
    **AVERAGER,
    "name": "Whale",
    "wallet": {"balance": "50000000"},
    "risk": {
        "leverage": "2",
        "max_open_positions": 1,
        "max_position_quote": "2000000",
        "cooldown_candles": 1,
    },
    "plan": {
        **AVERAGER["plan"],
        "size": {"mode": "quote", "quote": "400000"},
        "averaging": {**AVERAGER["plan"]["averaging"], "quote": "300000"},
    },
}
"""Orders beyond its share of a candle's volume: they are filled in parts."""


FOLLOWER: dict[str, Any] = {
    "name": "Follower",
    "timeframe": "3m",
    "rules": {"inline": ALWAYS_LONG, "son": False},
    "plan": {
        "entry": {"type": "post_only", "offset_pct": "0.01", "timeout_candles": 2, "requotes": 4},
        "size": {"mode": "quote", "quote": "2000"},
        "averaging": {
            "legs": 4, "deviation_pct": "0.03", "step_scale": "1", "quote": "500", "volume_scale": "1",
            "resting": 2, "min_minutes": 2, "unit": "pct",
        },
        "take_profit": {
            "pct": "0.12", "base": "average", "trailing_pct": "0.05",
            "steps": [{"pct": "0.03", "share_pct": "40"}, {"pct": "0.06", "share_pct": "30"}],
        },
        "stop": {
            "pct": "0.6", "base": "average", "trailing": {"activation_pct": "0.02", "distance_pct": "0.06"},
        },
        "exits": {"time_stop_minutes": 9, "on_rule": True},
    },
}  # fmt: skip
"""Wants to see every minute, also those between its closes."""
DRAWER: dict[str, Any] = {
    "name": "Drawer",
    "rules": {"inline": ALWAYS_LONG, "son": False},
    "plan": {
        "entry": {"type": "market", "slippage_pct": "0.05"},
        "size": {"mode": "risk_pct", "pct": "0.1"},
        "averaging": None,
        "take_profit": None,
        "stop": {
            "pct": "1", "base": "entry", "break_even": {"trigger_pct": "0.13", "offset_pct": "0.01"},
            "drawn": {"from": "atr", "multiple": "3", "candles": 5},
        },
        "exits": {"time_stop_minutes": 6, "on_rule": True},
    },
}  # fmt: skip


@pytest.fixture
def venue(tmp_path: Path, settings: Settings) -> Iterator[str]:
    """A venue in lock-step; its market stands still until it is stepped."""
    forget_everything()
    command = [
        sys.executable, "-m", "trading_core.venue", "--data-dir", str(tmp_path), "--mode", "candles",
        "--funding-rate-e8", "0",  # the backtest books none, and a run may cross 00:00, 08:00 or 16:00
        "--symbols", "BTCUSDT,ETHUSDT", "--limit", str(CANDLES), "--die-with-parent",
    ]  # fmt: skip
    environment = os.environ | {"VENUE_CONTROL_TOKEN": settings.VENUE_CONTROL_TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        settings.MASTER_KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()
        settings.VENUE_URL = process.stdout.readline().split()[1]
        yield settings.VENUE_URL
        process.terminate()


@contextmanager
def running(program: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """An asyncio program on a thread of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def main() -> None:
        loop.run_until_complete(program(stop))
        loop.close()

    thread = threading.Thread(target=main)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
    assert not thread.is_alive()


@contextmanager
def worker() -> Iterator[None]:
    """Does what the sweep and a Celery worker do: starts, and runs the cycle of whatever is behind."""
    stop = threading.Event()

    def main() -> None:
        while not stop.wait(0.02):
            settle_all_starting()
            with across_workspaces("sweep"):
                bots = list(Bot.objects.filter(state=BotState.RUNNING).values_list("pk", "workspace_id"))
            for bot in bots:
                run_cycle(*bot)
        connection.close()

    thread = threading.Thread(target=main)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


@contextmanager
def ended_after(seconds: float, stop: Callable[[], None]) -> Iterator[None]:
    """Stops what would play for ever, so that the test says what it waited for."""
    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@pytest.mark.timeout(400)
def test_lock_step_equals_the_backtest(venue: str, workspace: Workspace) -> None:
    documents = [
        document(**AVERAGER, universe={"symbols": ["BTCUSDT", "ETHUSDT"]}),
        document(name="Five minutes", timeframe="5m"),
        document(**WHALE, universe={"symbols": ["BTCUSDT"]}),
        document(**FOLLOWER, universe={"symbols": ["BTCUSDT", "ETHUSDT"]}),
        document(**DRAWER),
    ]
    with workspace_scope(workspace.pk):
        bots = [start_bot(create_paper_bot(raw)) for raw in documents]
    said: list[str] = []
    conductor = Conductor(ConductorConfig(control=VenueControl.from_settings, say=said.append))
    feed = Feed(replace(FeedConfig.from_settings(), recheck_s=0.1))
    trader = Trader(replace(TraderConfig.from_settings(), discover_every=0.1))
    with worker(), running(trader.run), running(feed.run), ended_after(300, conductor.stop):
        tally = conductor.play()
    assert tally.candles == CANDLES, said
    with workspace_scope(workspace.pk):
        for bot in bots:
            bot = Bot.objects.select_related("account").get(pk=bot.pk)
            played = played_of(bot)
            # To the market's end: what a bot decided at its last close is filled behind it.
            end_ms = played.end_ms + CANDLES * store.BASE.ms
            candles = {s: store.candles(key(s), 0, end_ms) for s in played.instruments}
            expected = backtest(played.document, candles, played.instruments, start_ms=played.start_ms)
            live = result_of(bot)
            assert first_difference(live, result_document(expected)) is None
            assert live["meta"]["wallet_end"] == result_document(expected)["meta"]["wallet_end"]
        averager = result_of(Bot.objects.select_related("account").get(name="Averager"))
        assert len(averager["decisions"]) == 2 * CANDLES
        assert averager["trades"]
        follower = result_of(Bot.objects.select_related("account").get(name="Follower"))
        reasons = {execution["reason"] for execution in follower["executions"]}
        assert {"take_profit", "trailing"} <= reasons
        drawer = result_of(Bot.objects.select_related("account").get(name="Drawer"))
        assert len({order["lots"] for order in drawer["orders"] if order["role"] == "entry"}) > 1
        whale = result_of(Bot.objects.select_related("account").get(name="Whale"))
        assert any(0 < order["filled"] < order["lots"] for order in whale["orders"])
        assert whale["trades"]
        assert not Outcome.objects.filter(code__in=["missed", "stale_candle"]).exists()


def test_feed_takes_over_history_names_the_market_and_wakes_nobody_twice(
    venue: str, workspace: Workspace
) -> None:
    config = replace(FeedConfig.from_settings(), history=50, recheck_s=0.05)
    control = VenueControl.from_settings()
    status = control.status()
    with running(Feed(config).run):
        _until(lambda: FeedStatus.objects.filter(connected=True, last_close_ms__gt=0).exists())
        assert FeedStatus.objects.get().market == status.name
        assert CandleRow.objects.count() == 2 * 50
        control.step()
        _until(lambda: CandleRow.objects.count() == 2 * 51)
        _until(lambda: FeedStatus.objects.get().last_close_ms == control.status().last_close_ms)
    assert not FeedStatus.objects.get().connected
    control.step()
    with running(Feed(config).run):
        _until(lambda: CandleRow.objects.count() == 2 * 52)
    assert ring_those_behind() == 0
    control.close()


def test_quiet_names_what_is_waited_for(venue: str, workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        bot = start_bot(create_paper_bot(document()))
    control = VenueControl.from_settings()
    assert quiet.activity("synthetic").busy == f"bot {bot.code} is starting"
    with workspace_scope(workspace.pk):
        Bot.objects.filter(pk=bot.pk).update(state=BotState.RUNNING, wanted=60_000)
    assert quiet.activity("synthetic", in_words=False).busy == quiet.BUSY
    assert "has not decided the close 60000" in quiet.activity("synthetic").busy
    with workspace_scope(workspace.pk):
        Bot.objects.filter(pk=bot.pk).update(state=BotState.STOPPED)
    seen = quiet.activity("synthetic")
    assert seen.busy == ""
    assert "the feed has heard the close 0" in quiet.difference(seen, control.status())
    heard = replace(seen, last_close_ms=control.status().last_close_ms)
    assert quiet.difference(heard, control.status()) == "nobody listens to the market"
    control.close()


def _until(claim: Callable[[], bool]) -> None:
    deadline = threading.Event()
    for _ in range(1_000):
        if claim():
            return
        deadline.wait(0.02)
    raise AssertionError("not true within 20 s")

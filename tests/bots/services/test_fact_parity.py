"""Rules about the bot itself: the live path over midnight, equal to a backtest of the same candles."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Workspace
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, TickerRow
from bots.services import store
from bots.services.conductor import Conductor, ConductorConfig
from bots.services.feed import Feed
from bots.services.feed_config import FeedConfig
from bots.services.lifecycle import create_paper_bot, start_bot
from bots.services.result import played_of, result_of
from bots.services.tickers import tickers_for
from bots.services.venue_control import VenueControl
from bots.trader.config import TraderConfig
from bots.trader.service import Trader
from tests.bots.services.test_lockstep import AVERAGER, ended_after, running, worker
from tests.worlds import LINEAR, SOURCE, document, forget_everything, key
from trading_core.backtest.compare import first_difference
from trading_core.backtest.result import result_document
from trading_core.backtest.run import run as backtest
from trading_core.market.recorded import Recorded

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.role("engine")]

START = "2025-03-04T23:50"
CANDLES = 24
MIDNIGHT_MS = 1_741_132_800_000
"""2025-03-05 00:00 UTC, when funding is settled."""
RATE_E8 = 50_000
SYMBOLS = ["BTCUSDT", "ETHUSDT"]


def says(left: dict[str, Any], op: str, right: float, **named: Any) -> dict[str, Any]:
    return {"left": left, "op": op, "right": right, **named}


ASKING = {
    "schema": 2,
    "long": {
        "all": [
            says({"portfolio": "open_positions"}, "<", 1, tags=["alone"]),
            says({"portfolio": "day_pnl_pct"}, ">", -0.5),
            {
                "any": [
                    says({"portfolio": "day_pnl"}, "<=", 0, id="behind", tags=["behind"]),
                    says({"price": "close"}, ">", 0, tags=["always"]),
                ]
            },
        ]
    },
    "exit_long": {
        "any": [
            says({"position": "pnl_pct"}, ">", 0.02),
            says({"position": "age"}, ">=", 4),
            {"all": [says({"position": "legs"}, ">=", 1), says({"position": "pnl_pct"}, ">", 0)]},
        ]
    },
    "average_long": says({"position": "pnl_pct"}, "<", -0.01),
}


LADDER = {
    "limits": {"day_loss": {"no_entries_pct": "0.05", "flatten_pct": "0.2"}, "gross": "0.9", "net": "0.9"},
    "guards": {
        "losses_in_a_row": 9, "cooldown_after_loss": 1, "orders_per_minute": 1, "price_band_pct": "5",
        "liquidation_pct": "10",
    },
}  # fmt: skip


@pytest.fixture
def venue(tmp_path: Path, settings: Settings) -> Iterator[str]:
    """A venue in lock-step ten minutes before midnight."""
    forget_everything()
    command = [
        sys.executable, "-m", "trading_core.venue", "--data-dir", str(tmp_path), "--mode", "candles",
        "--funding-rate-e8", str(RATE_E8),  # the run crosses 00:00
        "--start", START, "--symbols", ",".join(SYMBOLS), "--limit", str(CANDLES), "--die-with-parent",
    ]  # fmt: skip
    environment = os.environ | {"VENUE_CONTROL_TOKEN": settings.VENUE_CONTROL_TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        settings.MASTER_KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()
        settings.VENUE_URL = process.stdout.readline().split()[1]
        yield settings.VENUE_URL
        process.terminate()


def played_twice(raw: dict[str, Any], workspace: Workspace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Play a bot through the live path, then over the same candles in a backtest; return both results."""
    with workspace_scope(workspace.pk):
        start_bot(create_paper_bot(raw))
    said: list[str] = []
    conductor = Conductor(ConductorConfig(control=VenueControl.from_settings, say=said.append))
    feed = Feed(replace(FeedConfig.from_settings(), recheck_s=0.1, history=20))
    trader = Trader(replace(TraderConfig.from_settings(), discover_every=0.1))
    with worker(), running(trader.run), running(feed.run), ended_after(100, conductor.stop):
        tally = conductor.play()
    assert tally.candles == CANDLES, said
    with workspace_scope(workspace.pk):
        bot = Bot.objects.select_related("account").get()
        played = played_of(bot)
        candles = {s: store.candles(key(s), 0, played.end_ms) for s in played.instruments}
        expected = result_document(
            backtest(
                played.document,
                candles,
                played.instruments,
                start_ms=played.start_ms,
                recorded=dict.fromkeys(candles, Recorded({MIDNIGHT_MS: RATE_E8})),
            )
        )
        live = result_of(bot)
    _assert_every_close_has_its_ticker(played.start_ms, played.end_ms)
    return live, expected


def test_facts_of_the_live_path_are_those_of_the_backtest(venue: str, workspace: Workspace) -> None:
    raw = document(**{**AVERAGER, "rules": {"inline": ASKING, "son": False}}, universe={"symbols": SYMBOLS})
    live, expected = played_twice(raw, workspace)
    assert first_difference(live, expected) is None
    assert [row.get("details") for row in live["decisions"]] == [
        row.get("details") for row in expected["decisions"]
    ]
    assert [trade["tags"] for trade in live["trades"]] == [trade["tags"] for trade in expected["trades"]]
    _assert_it_was_worth_comparing(live)


def test_the_ladder_of_the_live_path_is_that_of_the_backtest(venue: str, workspace: Workspace) -> None:
    """Day loss, drawdown, a losing streak and cooldowns decide alike, to the numbers of each refusal."""
    rules = {
        "schema": 1,
        "long": says({"price": "close"}, ">", 0),
        "exit_long": says({"price": "close"}, ">", 0),
    }
    plain = document(**{**AVERAGER, "rules": {"inline": rules, "son": False}}, universe={"symbols": SYMBOLS})
    raw = {**plain, "risk": {**plain["risk"], "cooldown_candles": 0, **LADDER}}
    raw["plan"] = {**raw["plan"], "size": {"mode": "quote", "quote": "1500"}}

    live, expected = played_twice(raw, workspace)

    assert first_difference(live, expected) is None
    assert [row.get("details") for row in live["decisions"]] == [
        row.get("details") for row in expected["decisions"]
    ]
    codes = [row["code"] for row in live["decisions"]]
    assert {"entered", "locked", "result_cooldown", "order_rate"} <= set(codes)
    midnight = next(n for n, row in enumerate(live["decisions"]) if row["close"].endswith("T00:00:00Z"))
    assert "locked" in codes[:midnight]
    assert "entered" in codes[midnight:]


def _assert_it_was_worth_comparing(live: dict[str, Any]) -> None:
    codes = {row["code"] for row in live["decisions"]}
    assert {"entered", "in_position", "exit_rule", "no_signal"} <= codes
    assert {tuple(trade["tags"]) for trade in live["trades"]} <= {
        ("alone", "behind", "always"), ("alone", "always"),
    }  # fmt: skip
    assert live["trades"]
    assert live["funding"]
    gained = [row["details"]["facts"]["portfolio.day_pnl"] for row in live["decisions"]]
    midnight = [row["close"].endswith("T00:00:00Z") for row in live["decisions"]]
    assert {float(text) for text, at in zip(gained, midnight, strict=True) if at} == {0.0}
    assert len(set(gained)) > 5


def _assert_every_close_has_its_ticker(start_ms: int, end_ms: int) -> None:
    assert TickerRow.objects.count() == CANDLES * len(SYMBOLS)
    told = tickers_for(SYMBOLS, SOURCE, LINEAR, start_ms, end_ms)
    for symbol in SYMBOLS:
        closes = store.candles(key(symbol), start_ms, end_ms).close
        assert told[symbol].mark.tolist() == closes.tolist()
        assert set(told[symbol].funding_rate.tolist()) == {RATE_E8 / 10**6}

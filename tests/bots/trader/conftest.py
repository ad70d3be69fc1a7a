"""A real venue process, and a trader that serves this test's database."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import AccountStatus, ExchangeAccount, Workspace
from accounts.services import open_paper_account
from ailona.kit import clock
from bots.models import AccountLease, Bot, IntentRow, OrderRow, PositionRow
from bots.services import store
from bots.services.cycle import run_cycle
from bots.services.instruments import latest_instrument
from bots.services.lifecycle import create_bot, start_bot
from bots.services.venue_control import VenueControl
from bots.services.wake import wake
from bots.trader.config import Settle, TraderConfig
from bots.trader.service import Trader
from tests.conftest import wait_until
from tests.worlds import LINEAR, SOURCE, World, document, forget_everything, key
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.gate import Gate
from trading_core.market.candle import Candle
from trading_core.money import money

TOKEN = "a-control-token-for-tests"


@dataclass
class VenueProcess:
    """A venue in lock-step: its market stands still until a test lets it step."""

    url: str
    process: subprocess.Popen[str]
    control: VenueControl

    def step(self) -> dict[str, Any]:
        return self.control._ask("POST", "/control/step", {})

    def account(self, account: ExchangeAccount) -> dict[str, Any]:
        return self.control._ask("GET", f"/control/accounts/{account.venue_uid}")

    def clock_ms(self) -> int:
        return self.control.status().clock_ms

    def price(self, symbol: str = "BTCUSDT") -> float:
        session = BybitSession(endpoint=self.url, wall_ms=clock.wall_ms, gate=Gate("the test's own"))
        answer = session.get_tickers(category="linear", symbol=symbol)
        session.close()
        return float(answer["result"]["list"][0]["lastPrice"])


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    folder: Path = tmp_path_factory.mktemp("venue")
    command = [
        sys.executable, "-m", "trading_core.venue", "--data-dir", str(folder), "--mode", "candles",
        "--die-with-parent",
    ]  # fmt: skip
    environment = os.environ | {"VENUE_CONTROL_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        control = VenueControl(url, TOKEN)
        yield VenueProcess(url, process, control)
        control.close()
        process.terminate()


class RunningTrader:
    """A trader on a thread of its own."""

    def __init__(self, config: TraderConfig) -> None:
        self.config = config
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(Trader(self.config).run(self._stop))
        self._loop.close()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def config(venue: VenueProcess) -> TraderConfig:
    return TraderConfig(
        venue_url=venue.url, venue_token=TOKEN, poll_every=0.02, discover_every=0.1, renew_every=0.5,
        lookups=(0.05, 0.1, 0.2), settle=Settle(venue_ms=100), protect_every=0.5, unprotected_max=0.5,
    )  # fmt: skip


@pytest.fixture
def start(config: TraderConfig, transactional_db: None) -> Iterator[Callable[..., RunningTrader]]:
    running: list[RunningTrader] = []

    def begin(**changes: Any) -> RunningTrader:
        fresh = {"holder": f"test-{len(running)}"} | changes
        running.append(RunningTrader(replace(config, **fresh)))
        return running[-1]

    yield begin
    for trader in running:
        trader.stop()


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.MASTER_KEYS = "1:" + base64.b64encode(bytes(range(32))).decode()


@dataclass
class Desk:
    """A workspace whose bots trade on the venue, their closes driven by the test."""

    world: World
    venue: VenueProcess

    def account(self, balance: str = "10000") -> ExchangeAccount:
        with self.world.inside():
            return open_paper_account("Paper", money(balance))

    def opened_yet(self, account: ExchangeAccount) -> ExchangeAccount | None:
        with self.world.inside():
            row = ExchangeAccount.objects.get(pk=account.pk)
        ready = row.status == AccountStatus.READY and row.opened_generation == row.generation
        return row if ready else None

    def opened(self, account: ExchangeAccount) -> ExchangeAccount:
        """Wait until the trader has opened the account."""
        row = wait_until(lambda: self.opened_yet(account))
        assert row is not None
        return row

    def bot(self, account: ExchangeAccount, **changes: Any) -> Bot:
        return start_bot(create_bot(document(**changes), account))

    def close(self, bot: Bot) -> int:
        """A candle closes at the venue's price, and the bot decides."""
        minute = self.venue.clock_ms() // 60_000 * 60_000 + self.world.minute * 60_000
        self.world.minute += 1
        price = self.venue.price()
        store.add_closed(key(), [Candle(minute, price, price, price, price, 1.0, price)])
        wake(SOURCE, LINEAR, minute + 60_000)
        assert run_cycle(bot.pk, bot.workspace_id) == 1
        return minute + 60_000

    def intents(self, bot: Bot) -> list[IntentRow]:
        with self.world.inside():
            return list(IntentRow.objects.filter(bot=bot).order_by("pk"))

    def orders(self, bot: Bot) -> list[OrderRow]:
        with self.world.inside():
            return list(OrderRow.objects.filter(bot=bot).order_by("pk"))

    def position(self, bot: Bot) -> PositionRow | None:
        with self.world.inside():
            return PositionRow.objects.filter(account_id=bot.account_id).exclude(lots=0).first()

    def held(self, bot: Bot) -> PositionRow:
        row = wait_until(lambda: self.position(bot))
        assert row is not None
        return row

    def lease(self, account: ExchangeAccount) -> AccountLease:
        with self.world.inside():
            return AccountLease.objects.get_or_create(account_id=account.pk)[0]

    def settled(self, bot: Bot) -> list[IntentRow]:
        """Wait until no intent is on its way."""

        def found() -> list[IntentRow]:
            rows = self.intents(bot)
            waiting = [row for row in rows if row.state in ("planned", "sending", "unknown")]
            return [] if waiting else rows

        return wait_until(found)


@pytest.fixture
def desk(transactional_db: None, workspace: Workspace, venue: VenueProcess) -> Desk:
    world = World(workspace, symbols=())
    forget_everything()
    return Desk(world, venue)


@pytest.fixture
def instrument_known(desk: Desk) -> Callable[[], bool]:
    def known() -> bool:
        return latest_instrument(SOURCE, LINEAR, "BTCUSDT") is not None

    return known

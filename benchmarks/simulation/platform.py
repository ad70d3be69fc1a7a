"""The platform in one thread: feed, workers and traders around one database, each a process that may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

from django.db import DatabaseError

from accounts.models import ExchangeAccount, Interference, Workspace
from accounts.services import open_paper_account
from ailona.kit.tenancy import workspace_scope
from benchmarks.simulation.bots import Document
from benchmarks.simulation.clock import Clock
from benchmarks.simulation.wire import Wire
from benchmarks.simulation.work import Process, SimulatedWork
from bots import tasks
from bots.models import Bot, FeedStatus
from bots.services import doorbell, store
from bots.services.lifecycle import create_bot, start_bot
from bots.services.wake import wake
from bots.trader.config import Settle, TraderConfig
from bots.trader.service import Trader
from trading_core.market.candle import Candle
from trading_core.market.series import SeriesKey
from trading_core.money import money
from trading_core.venue.market.source import MINUTE_MS

SOURCE, LINEAR = "synthetic", "linear"
TASKS = {task.name: task for task in (tasks.verdicts, tasks.cycle, tasks.enforce, tasks.sweep)}
LOOK_S = 0.5
SWEEP_S = 8.0
TASK_S = (0.001, 0.3)
FEED_S = (0.05, 0.8)


@dataclass(slots=True)
class Losses:
    """How often the broker loses, or doubles, what it was given."""

    lost: float = 0.0
    doubled: float = 0.0


@dataclass(slots=True)
class Running:
    """A trader process."""

    process: Process
    task: asyncio.Task[None]
    stop: asyncio.Event


@dataclass
class Platform:
    """Everything that runs on our side."""

    clock: Clock
    wire: Wire
    draw: Random
    workspace: Workspace
    losses: Losses = field(default_factory=Losses)
    traders: list[Running] = field(default_factory=list)
    bots: list[Bot] = field(default_factory=list)
    accounts: list[ExchangeAccount] = field(default_factory=list)
    halted: dict[str, float] = field(default_factory=dict)
    """Since when an account, by its venue's uid, is halted."""
    errors: list[str] = field(default_factory=list)
    """What ended a part of the platform."""
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.worker = Process("worker", self.clock, self.draw)
        self._work = SimulatedWork(self.worker)

    @contextmanager
    def assembled(self) -> Iterator[None]:
        """Take tasks from the queue, and forget what rang in runs before."""
        bells: list[doorbell.Listener] = []
        with patch("ailona.kit.queue._send", self._enqueued), patch.object(doorbell, "_listeners", bells):
            yield

    def begin(self, documents: list[Document]) -> None:
        """Create accounts and bots and let them start."""
        FeedStatus.objects.create(source=SOURCE, market=self.wire.venue.exchange.source.name)
        with workspace_scope(self.workspace.pk):
            for document in documents:
                account = open_paper_account(document["name"], money(10_000))
                account.interference = self.draw.choice(list(Interference))
                account.save(update_fields=["interference"])
                self.accounts.append(account)
                self.bots.append(start_bot(create_bot(document, account)))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something run beside the rest; what ends it by an error fails the run."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.errors.append(f"{task.get_coro()}: {error!r}")

    # --- traders --------------------------------------------------------------------------------

    def start_trader(self) -> Running:
        """Start a trader process that waits for leases as any other does."""
        process = Process(f"trader-{len(self.traders)}", self.clock, self.draw)
        config = TraderConfig(
            venue_url=self.wire.url, venue_token=self.wire.token, holder=process.name, poll_every=4.0, halts_every=2.0,
            discover_every=8.0, reconcile_every=10.0, settle=Settle(venue_ms=1_000),
        )  # fmt: skip
        stop = asyncio.Event()
        trader = Trader(config, work=SimulatedWork(process), control=self.wire.control())
        running = Running(process, self.start(trader.run(stop)), stop)
        self.traders.append(running)
        return running

    # --- feed and workers -----------------------------------------------------------------------

    async def feed(self) -> None:
        """Store each minute that closed and wake the bots."""
        symbols = list(self.wire.venue.exchange.source.instruments)
        heard = self.wire.venue.exchange.clock_ms // MINUTE_MS * MINUTE_MS
        while True:
            await asyncio.sleep(LOOK_S)
            closed = min(self.wire.venue.exchange.last_closed.get(s, 0) for s in symbols) + MINUTE_MS
            if closed <= heard:
                continue
            await asyncio.sleep(self.draw.uniform(*FEED_S))
            candles = self._candles(symbols, heard, closed)
            with suppress(DatabaseError):
                await self._work.db(store_close, candles, closed)
                heard = closed

    def _candles(self, symbols: list[str], start_ms: int, end_ms: int) -> dict[str, list[Candle]]:
        source = self.wire.venue.exchange.source
        return {
            symbol: [c for t in range(start_ms, end_ms, MINUTE_MS) if (c := source.candle(symbol, t))]
            for symbol in symbols
        }

    async def sweep(self) -> None:
        """Ring again for whatever was forgotten."""
        while True:
            await asyncio.sleep(SWEEP_S)
            await self._run("bots.sweep", {})

    def _enqueued(self, task: str, ids: dict[str, int | str]) -> None:
        drawn = self.draw.random()
        if drawn < self.losses.lost or task not in TASKS:  # letters and the like are nobody's concern here
            return
        for _ in range(2 if drawn > 1 - self.losses.doubled else 1):
            self.start(self._later(task, ids))

    async def _later(self, task: str, ids: dict[str, Any]) -> None:
        await asyncio.sleep(self.draw.uniform(*TASK_S))
        await self._run(task, ids)

    async def _run(self, task: str, ids: dict[str, Any]) -> None:
        call: Callable[..., None] = TASKS[task].run
        with suppress(DatabaseError):  # the worker logs it; the sweep rings again
            await self._work.db(call, **ids)


def store_close(candles: dict[str, list[Candle]], close_ms: int) -> None:
    """What the feed does with a close."""
    for symbol, rows in candles.items():
        store.add_closed(SeriesKey(SOURCE, LINEAR, symbol, store.BASE), rows)
    wake(SOURCE, LINEAR, close_ms)

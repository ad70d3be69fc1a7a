"""One seeded run of the whole platform, from the first close to rest."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.db import DatabaseError, connection

from accounts.models import User, Workspace
from accounts.services import create_workspace
from ailona.kit.tenancy import workspace_scope
from benchmarks.simulation.blocking import sleep
from benchmarks.simulation.bots import documents
from benchmarks.simulation.clock import Clock, VirtualLoop, virtual_time
from benchmarks.simulation.faults import Misfortune
from benchmarks.simulation.judge import Judge
from benchmarks.simulation.platform import Platform
from benchmarks.simulation.wire import HOST, Wire
from bots.models import Bot, IntentRow, PositionRow
from bots.models.trading import UNSETTLED
from bots.services.instruments import forget_instruments
from bots.services.lifecycle import stop_bot
from bots.services.regimes import forget_regimes
from bots.services.series import forget_series
from bots.services.store import forget_candles
from bots.services.tickers import forget_tickers
from bots.services.verdicts import forget_verdicts
from trading_core.venue.config import VenueConfig
from trading_core.venue.hub import Venue
from trading_core.venue.pacer import Pacer

SYMBOLS = ("BTCUSDT", "ETHUSDT")
BOTS = (1, 1, 1, 2)
"""How many bots, each on an account of its own: drawn from these."""
TOKEN = "a-control-token-of-a-simulation"  # noqa: S105 - of a venue that nobody can reach
TROUBLE_S = 100.0
REST_MAX_S = 420.0
LOOK_S = 2.0


@dataclass(slots=True)
class Report:
    """What a run showed."""

    seed: int
    violations: list[str]
    faults: dict[str, int]
    orders: int
    executions: int
    bare_s: float
    digest: str
    rested_s: float
    """Seconds from the last fault to rest."""
    traders: int
    """Trader processes that were started."""

    def as_record(self) -> dict[str, Any]:
        """Plain values, for a journal of runs."""
        return asdict(self)


def play(seed: int, *, trouble_s: float = TROUBLE_S) -> Report:
    """Play one seed; everything it needs is made, and forgotten, here."""
    _forget()
    _empty()
    clock, draw = Clock(), Random(seed)  # noqa: S311 - a simulation
    loop = VirtualLoop(clock)
    with (
        tempfile.TemporaryDirectory(prefix="ailona-simulation-") as folder,
        virtual_time(clock, seed=seed, sleep=sleep, host=HOST),
    ):
        try:
            return loop.run_until_complete(_play(seed, clock, draw, Path(folder), trouble_s))
        finally:
            loop.close()


async def _play(seed: int, clock: Clock, draw: Random, folder: Path, trouble_s: float) -> Report:
    config = VenueConfig(
        data_dir=folder, control_token=TOKEN, symbols=SYMBOLS, seed=seed, history_days=1, request_limits=False
    )
    venue = Venue(config)
    venue.pacer = pacer = Pacer(venue)
    wire = Wire(venue, draw, TOKEN)
    platform = Platform(clock, wire, draw, _workspace(seed))
    judge = Judge(venue, clock, platform)
    misfortune = Misfortune(platform, draw)
    with platform.assembled(), wire.connected():
        platform.start_trader()
        for work in (pacer.run(), platform.feed(), platform.sweep()):
            platform.start(work)
        await asyncio.sleep(4.0)  # the trader tells the instruments before bots are made of them
        platform.begin(documents(draw, SYMBOLS[: draw.choice(BOTS)]))
        misfortune.begin()
        await misfortune.run(trouble_s)
        misfortune.end()
        rested_s = await _come_to_rest(platform)
        judge.at_rest()
        await _end_all()
    venue.journal.close()
    accounts = list(venue.exchange.accounts.values())
    return Report(
        seed, [*platform.errors, *judge.violations], dict(misfortune.struck),
        orders=sum(len(a.orders) for a in accounts),
        executions=sum(len(a.booked) for a in accounts), bare_s=judge.bare_s,
        digest=hashlib.sha256(repr(judge.history).encode()).hexdigest()[:16], rested_s=rested_s,
        traders=len(platform.traders),
    )  # fmt: skip


async def _come_to_rest(platform: Platform) -> float:
    """Close every bot and wait until nothing is under way; return how long it took."""
    began = platform.clock.seconds()
    if platform.traders[-1].process.died.is_set():
        platform.start_trader()
    await asyncio.sleep(12.0)
    for bot in platform.bots:
        with suppress(DatabaseError):
            stop_bot(bot, "close")
    while platform.clock.seconds() - began < REST_MAX_S:
        await asyncio.sleep(LOOK_S)
        if not _under_way(platform):
            await asyncio.sleep(15.0)  # a whole reconcile behind it
            if not _under_way(platform):
                break
    return platform.clock.seconds() - began


def _under_way(platform: Platform) -> bool:
    with workspace_scope(platform.workspace.pk, reading=True):
        waiting = IntentRow.objects.filter(state__in=UNSETTLED).exists()
        held = PositionRow.objects.exclude(lots=0).exclude(bot=None).exists()
        return waiting or held or Bot.objects.filter(state="stopping").exists()


def _workspace(seed: int) -> Workspace:
    user, _ = User.objects.get_or_create(email=f"seed-{seed}@example.com")
    return create_workspace(user, f"Seed {seed}")


def _empty() -> None:
    """Begin with a database that holds nobody's rows: a copy of how the first run found it."""
    connection.ensure_connection()
    if not _template:
        _template.append(sqlite3.connect(":memory:"))
        connection.connection.backup(_template[0])
    _template[0].backup(connection.connection)


_template: list[sqlite3.Connection] = []


def _forget() -> None:
    """A run is a process that has just started."""
    for forget in (
        forget_candles, forget_series, forget_tickers, forget_regimes, forget_instruments, forget_verdicts,
    ):  # fmt: skip
        forget()


async def _end_all() -> None:
    """Cancel what still waits; the dead don't get to clean up."""
    mine = asyncio.current_task()
    for _ in range(5):
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=1.0)

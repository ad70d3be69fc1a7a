"""The trader: finds the accounts of its shard, leases them, serves each, and lets go cleanly."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import DatabaseError

from accounts.entry_blocks import block_entries
from bots.services import doorbell
from bots.services.venue_control import VenueControl
from bots.trader import intents, opening, reconcile
from bots.trader import lease as leases
from bots.trader.actor import Actor
from bots.trader.config import VENUE_ENVIRONMENTS, TraderConfig
from bots.trader.halts import HaltWatch
from bots.trader.key_watch import EnteredKeys
from bots.trader.lease import Lease, Served
from bots.trader.markets import Market, ask_market, changed_statuses, keep_market
from bots.trader.refusals import read_block
from bots.trader.shut_out import ShutOut
from bots.trader.work import Work
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.gate import gate_of

log = logging.getLogger(__name__)

BACKOFF_MAX = 30.0
CONTROL_TIMEOUT_S = 5.0
STEADY_AFTER = 60.0
"""An actor that has lived this long starts again without a wait."""


class Silence(NamedTuple):
    """An environment that does not answer."""

    failures: int
    until: float
    """When it is asked again, monotonic seconds."""
    error: ExchangeError


class Trader:
    """Serves many accounts in one process; embed it or run it as a command."""

    def __init__(
        self, config: TraderConfig, *, work: Work | None = None, control: VenueControl | None = None
    ) -> None:
        self._config = config
        self._work = work or Work(
            database_threads=config.database_threads, network_threads=config.network_threads
        )
        self._control = control or VenueControl(
            config.venue_url, config.venue_token, timeout_s=CONTROL_TIMEOUT_S
        )
        self._markets: dict[str, Market] = {}
        self._read_at: dict[str, float] = {}
        """When an environment's instruments were asked for, on the monotonic clock."""
        self._silent: dict[str, Silence] = {}
        """Environments that have not answered yet."""
        self._entered = EnteredKeys(config, self._work)
        self._shut_out = ShutOut(self._work)
        self._halts = HaltWatch()
        self._actors: dict[int, Actor] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set; then finish what is in flight and give the leases back."""
        loop = asyncio.get_running_loop()

        def ring(account_id: int) -> None:
            loop.call_soon_threadsafe(self._ring, account_id)

        silence = doorbell.listen(ring)
        ending, over = asyncio.Event(), asyncio.Event()
        finding = [
            asyncio.create_task(self._repeat(self._discover, self._config.discover_every, ending)),
            asyncio.create_task(self._repeat(self._poll, self._config.poll_every, ending)),
            asyncio.create_task(self._repeat(self._carry_out_halts, self._config.halts_every, ending)),
            asyncio.create_task(self._repeat(self._refresh, self._config.discover_every, ending)),
            asyncio.create_task(self._repeat(self._tell_shut, self._config.discover_every, ending)),
        ]
        renewing = asyncio.create_task(self._repeat(self._renew, self._config.renew_every, over))
        log.info("trader %s: shard %d of %d", self._config.holder, *self._config.shard)
        try:
            await stop.wait()
        finally:
            silence()
            ending.set()
            # A lease that is being taken is taken first, so that it can be given back.
            await end_all([*finding, *self._entered.running()], patience=self._config.stop_within)
            # Leases are renewed until their last request has its answer.
            await self._let_go()
            over.set()
            await end_all([renewing], patience=self._config.stop_within)
            self._work.close()
            self._control.close()

    async def _repeat(self, step: Callable[[], Awaitable[None]], every: float, end: asyncio.Event) -> None:
        """Do one thing again and again; an error is logged and waited out."""
        failures = 0
        while not end.is_set():
            try:
                await step()
                failures = 0
            except Exception as e:  # noqa: BLE001 - the process' supervisor: one bad pass must not end the trader
                failures += 1
                log.log(logging.ERROR if failures == 1 else logging.INFO, "%s: %s", step.__name__, e)
            pause = every if not failures else min(BACKOFF_MAX, every + 0.5 * failures)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await end.wait()

    def _ring(self, account_id: int) -> None:
        actor = self._actors.get(account_id)
        if actor is not None:
            actor.ring()

    async def _discover(self) -> None:
        found = await self._work.db(leases.discover, self._config)
        ready = found.ready
        # Bots are made from instruments: they must be known before the first account exists.
        await self._prepare(VENUE_ENVIRONMENTS[0])
        for served in found.to_open:
            await self._end(served.account_id)
            if await self._open(served):
                ready.append(served)
        await self._end_those_not_in({served.account_id for served in ready})
        for served in ready:
            actor = self._actors.get(served.account_id)
            if actor is not None and actor.lease.served.key_revision != served.key_revision:
                # What it opened is no more: the next one opens the new key, and finds everything else again.
                await self._end(served.account_id)
            if served.account_id not in self._tasks and await self._prepare(served.environment):
                await self._begin(served, self._markets[served.environment])
        for served in self._entered.waiting(found.to_check):
            if await self._prepare(served.environment):
                self._entered.begin(served, self._markets[served.environment])
            else:
                reason = f"the key could not be checked yet: {self._silent[served.environment].error}"
                await self._work.db(opening.note_waiting, served, reason)
        for account_id in found.to_recheck:
            if account_id in self._actors:
                self._actors[account_id].check_key()

    async def _prepare(self, environment: str) -> bool:
        """Have an environment's instruments; one that doesn't answer holds up nobody else's accounts."""
        if environment in self._markets:
            return True
        silence = self._silent.get(environment)
        if silence is not None and time.monotonic() < silence.until:
            return False
        try:
            told = await self._work.net(ask_market, environment, self._config, self._control)
        except ExchangeError as e:
            self._silent[environment] = self._silence(environment, e)
            return False
        self._silent.pop(environment, None)
        gate_of(told.addresses.rest).share(self._config.shard[1])
        self._markets[environment] = await self._work.db(keep_market, told)
        self._read_at[environment] = time.monotonic()
        return True

    def _silence(self, environment: str, error: ExchangeError) -> Silence:
        """Ask later, and later each time; our own venue, which may only be starting, soon."""
        before = self._silent.get(environment)
        failures = 1 if before is None else before.failures + 1
        most = self._config.discover_every if environment in VENUE_ENVIRONMENTS else BACKOFF_MAX
        log.log(logging.WARNING if before is None else logging.INFO, "%s: %s", environment, error)
        return Silence(failures, time.monotonic() + min(most, 2.0 ** min(failures, 8)), error)

    async def _carry_out_halts(self) -> None:
        if await self._work.db(self._halts.look):
            for account_id in list(self._actors):
                self._ring(account_id)

    async def _tell_shut(self) -> None:
        served = [actor.lease.served for actor in list(self._actors.values())]
        await self._shut_out.look(served, self._markets)

    async def _refresh(self) -> None:
        """Read instruments again, daily and after a refusal that a changed one explains."""
        for environment, market in list(self._markets.items()):
            age = time.monotonic() - self._read_at[environment]
            asked = market.refresh_wanted.is_set() and age >= self._config.instruments_pause
            if not asked and age < self._config.instruments_every:
                continue
            self._read_at[environment] = time.monotonic()
            market.refresh_wanted.clear()
            told = await self._work.net(ask_market, environment, self._config, self._control)
            fresh = (await self._work.db(keep_market, told)).instruments
            changed = changed_statuses(market.instruments, fresh)
            # Actors hold this very table; a symbol that is gone stays known while something stands in it.
            market.instruments.update(fresh)
            await self._tell_statuses(environment, changed)

    async def _tell_statuses(self, environment: str, changed: dict[str, str]) -> None:
        """Say on the accounts that hold something in a contract that its status has changed."""
        if not changed:
            return
        log.warning("%s: contracts changed their status: %s", environment, changed)
        for actor in list(self._actors.values()):
            if actor.lease.served.environment == environment:
                await self._work.db(reconcile.note_statuses, actor.lease.served, changed)

    async def _open(self, served: Served) -> bool:
        """Open a paper account; safe to repeat, because a reference names one account."""
        balance = await self._work.db(opening.balance_of, served)
        if balance is None:
            return False
        reference = f"{served.code}-{served.generation}"
        try:
            issued = await self._work.net(self._control.open_account, reference=reference, balance=balance)
        except ExchangeError as e:
            await self._work.db(opening.note_waiting, served, f"waiting for the venue: {e.message}")
            return False
        return await self._work.db(opening.opened, served, issued, balance)

    async def _begin(self, served: Served, market: Market) -> None:
        taken = await self._work.db(leases.take, served, self._config)
        if taken is not None:
            self._actors[served.account_id] = Actor(taken, market, self._config, self._work)
            task = asyncio.create_task(self._serve(taken, market), name=f"account {served.code}")
            self._tasks[served.account_id] = task
            task.add_done_callback(lambda ended: self._forget(served.account_id, ended))

    def _forget(self, account_id: int, ended: asyncio.Task[None]) -> None:
        if self._tasks.get(account_id) is ended:
            del self._tasks[account_id]

    async def _serve(self, lease: Lease, market: Market) -> None:
        """Run the account's actor, and another one after each error: nobody else is concerned."""
        failures = 0
        while True:
            started = time.monotonic()
            try:
                await self._actors[lease.account_id].run()
            except Exception as e:  # the supervisor of one account: rests it for a while
                failures = 1 if time.monotonic() - started > STEADY_AFTER else failures + 1
                log.exception("account %s: starting again", lease.served.code)
                with suppress(DatabaseError):
                    await self._work.db(note_failure, lease.served, first_of(e))
            await asyncio.sleep(min(BACKOFF_MAX, 0.5 * 2.0 ** min(failures, 8)))
            self._actors[lease.account_id] = Actor(lease, market, self._config, self._work)

    async def _renew(self) -> None:
        held = {account_id: actor.lease for account_id, actor in self._actors.items()}
        for lost in await self._work.db(leases.renew, held.values(), self._config.lease_ttl):
            actor = self._actors.get(lost.account_id)
            if actor is not None and actor.lease is lost:  # not one that was given back meanwhile
                log.error("account %s: the lease was lost", lost.served.code)
                self._cancel(lost.account_id)

    async def _poll(self) -> None:
        if not self._actors:
            return
        rows = await self._work.db(intents.unsettled, list(self._actors))
        by_account = attrgetter("account_id")
        for account_id, group in groupby(sorted(rows, key=by_account), key=by_account):
            actor = self._actors.get(account_id)
            if actor is not None:
                actor.notice(group)

    async def _end_those_not_in(self, account_ids: set[int]) -> None:
        for account_id in set(self._tasks) - account_ids:
            await self._end(account_id)

    async def _let_go(self) -> None:
        await asyncio.gather(*(self._end(account_id) for account_id in list(self._actors)))

    async def _end(self, account_id: int) -> None:
        """End an account's actor; the lease goes back only if every signed request has its answer."""
        actor = self._actors.get(account_id)
        if actor is None:
            return
        answered = await actor.stop()
        task = self._cancel(account_id)
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)
        if answered:
            # Without the database it runs out by itself.
            with suppress(DatabaseError):
                await self._work.db(leases.release, actor.lease)

    def _cancel(self, account_id: int) -> asyncio.Task[None] | None:
        self._actors.pop(account_id, None)
        task = self._tasks.get(account_id)
        if task is not None:
            task.cancel()
        return task


def first_of(error: BaseException) -> BaseException:
    """Return an error, of a group the first one."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def note_failure(served: Served, error: BaseException) -> None:
    """Say on the account why it is served anew; a refused key halts its entries."""
    reconcile.note(served, f"starting again after {type(error).__name__}: {error}")
    block = read_block(error) if isinstance(error, ExchangeError) else None
    if block is not None:
        block_entries(served.account_id, served.workspace_id, block)


async def end_all(tasks: list[asyncio.Task[None]], *, patience: float) -> None:
    """Wait a while for tasks to end by themselves, then end them."""
    await asyncio.wait(tasks, timeout=patience)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

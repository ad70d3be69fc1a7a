"""Keys judged when it matters: as soon as they are entered, then daily, when asked, and after a refusal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from accounts.key_checks import record_entered, record_recheck
from accounts.keyring import credentials_for
from accounts.models import ExchangeAccount
from accounts.vault import SecretUnusable
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from bots.services.fees import fee_warnings
from bots.trader.check import Inspection, inspected
from bots.trader.config import TraderConfig
from bots.trader.lease import Served
from bots.trader.markets import Market
from bots.trader.opening import note_waiting
from bots.trader.reconcile import load
from bots.trader.work import Work
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.port import Credentials

log = logging.getLogger(__name__)


class KeyWatch:
    """Checks the key of one served live account again and again."""

    def __init__(self, served: Served, config: TraderConfig, work: Work) -> None:
        self._served = served
        self._config = config
        self._work = work
        self._wanted = asyncio.Event()
        self._refused = False

    def want(self) -> None:
        """Have the key checked soon."""
        self._wanted.set()

    async def check(self, exchange: BybitExchange) -> None:
        """Check the key now and keep what was found; raises an ``ExchangeError`` that says nothing of it."""
        self._wanted.clear()
        found = await self._work.net(inspected, exchange)
        served = self._served
        report = found.report
        self._refused = bool(report.refusals)
        dear = await self._work.db(fee_warnings, served.account_id, served.workspace_id, found.fees)
        report = replace(report, warnings=(*report.warnings, *dear))
        for words in report.refusals:
            log.error("account %s: %s", served.code, words)
        await self._work.db(record_recheck, served.account_id, served.workspace_id, report, at=clock.now())

    async def run(self, exchange: BybitExchange) -> None:
        """Check daily, sooner while the key is bad, and whenever it is wanted; the start made the first check."""
        while True:
            every = self._config.key_check_refused if self._refused else self._config.key_check_every
            try:
                async with asyncio.timeout(every):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            try:
                await self.check(exchange)
            except ExchangeError as e:
                log.warning("account %s: the key could not be checked: %s", self._served.code, e)
                self._wanted.set()
            await asyncio.sleep(self._config.key_check_pause)


class EnteredKeys:
    """Checks the keys that people entered: an account is ready when its key was found good."""

    def __init__(self, config: TraderConfig, work: Work) -> None:
        self._config = config
        self._work = work
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again_at: dict[int, float] = {}
        """By account, when to try again what the exchange didn't answer; monotonic seconds."""

    def waiting(self, served: Sequence[Served]) -> list[Served]:
        """Return those that may be checked now."""
        now = time.monotonic()
        return [
            s
            for s in served
            if s.account_id not in self._tasks and self._again_at.get(s.account_id, 0) <= now
        ]

    def begin(self, served: Served, market: Market) -> None:
        """Check one key, beside everything else."""
        self._again_at[served.account_id] = time.monotonic() + self._config.key_check_pause
        task = asyncio.create_task(self._check(served, market), name=f"key of account {served.code}")
        self._tasks[served.account_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(served.account_id, None))

    def running(self) -> list[asyncio.Task[None]]:
        """Return the checks that are still running."""
        return list(self._tasks.values())

    async def _check(self, served: Served, market: Market) -> None:
        try:
            _, credentials = await self._work.db(open_credentials, served)
            found = await self._work.net(_look, credentials, market)
        except (ExchangeError, SecretUnusable) as e:
            log.warning("account %s: the key could not be checked: %s", served.code, e)
            await self._work.db(note_waiting, served, f"the key could not be checked yet: {e}")
            return
        accepted = await self._work.db(
            record_entered, served.account_id, served.workspace_id, found.report, wallet=found.wallet,
            at=clock.now(),
        )  # fmt: skip
        log.info("account %s: the key was %s", served.code, "accepted" if accepted else "refused")


def open_credentials(served: Served) -> tuple[ExchangeAccount, Credentials]:
    """Return an account and its opened key; raises ``SecretUnusable``."""
    account = load(served)
    with workspace_scope(served.workspace_id):
        opened = credentials_for(account)
    return account, Credentials(opened.api_key, opened.api_secret)


def _look(credentials: Credentials, market: Market) -> Inspection:
    exchange = BybitExchange(
        endpoint=market.addresses.rest, credentials=credentials, instruments=market.instruments,
        wall_ms=clock.wall_ms,
    )  # fmt: skip
    try:
        return inspected(exchange)
    finally:
        exchange.close()

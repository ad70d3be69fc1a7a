"""What became of a request without an answer: found, proven absent, or asked again because it may be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from itertools import chain, repeat

from ailona.kit import clock
from bots.services import news as services
from bots.trader import intents, reconcile
from bots.trader.config import TraderConfig
from bots.trader.intents import Claimed
from bots.trader.lease import Lease
from bots.trader.work import Work
from trading_core.errors import ExchangeError
from trading_core.exchanges.port import Exchange, ExecutionNews, OrderNews
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import Role

log = logging.getLogger(__name__)

EMPTY_ANSWERS = 3
"""Successful answers without the order, after it expired, that prove its absence."""
PROOF_PAUSE = 0.2
ATTEMPTS_MAX = 5
"""How often an entry is sent again before it is given up; anything that protects is never given up."""


class Resolver:
    """Settles one unknown intent."""

    def __init__(self, lease: Lease, config: TraderConfig, work: Work, exchange: Exchange) -> None:
        self._lease = lease
        self._config = config
        self._work = work
        self._exchange = exchange
        self._settle_ms = config.settle.of(lease.served.environment)

    async def run(self, claimed: Claimed, *, at_once: bool) -> None:
        """Look until it is known; ``at_once`` skips the first wait."""
        if claimed.kind is IntentKind.PLACE:
            await self._place(claimed, at_once=at_once)
        else:
            await self._again(claimed)

    async def _place(self, claimed: Claimed, *, at_once: bool) -> None:
        empty = 0
        for wait in self._waits(at_once=at_once):
            # Once it has expired there is nothing to wait for but the proof.
            expired = clock.wall_ms() > claimed.expires_ms + self._settle_ms
            await asyncio.sleep(min(wait, PROOF_PAUSE) if expired else wait)
            try:
                found, executions = await self._work.net(
                    reconcile.look, self._exchange, claimed.symbol, claimed.link
                )
            except ExchangeError as e:
                log.info("account %s: lookup failed: %s", self._lease.served.code, e)
                empty = 0
                continue
            if found is not None or executions:
                await self._work.db(self._take_over, claimed, found, executions)
                return
            empty = empty + 1 if expired else 0
            if empty >= EMPTY_ANSWERS:
                await self._work.db(self._absent, claimed)
                return

    def _waits(self, *, at_once: bool) -> Iterator[float]:
        lookups = self._config.lookups
        return chain((0.0,) if at_once else (), lookups, repeat(lookups[-1]))

    def _take_over(self, claimed: Claimed, found: OrderNews | None, executions: list[ExecutionNews]) -> None:
        account = reconcile.load(self._lease.served)
        venue_order_id = found.venue_order_id if found else executions[0].venue_order_id
        intents.record_confirmed(self._lease, claimed, venue_order_id)
        for execution in executions:
            services.apply_execution(account, execution)
        if found is not None:
            services.apply_order(account, found)

    def _absent(self, claimed: Claimed) -> None:
        if claimed.role == Role.ENTRY and claimed.attempts >= ATTEMPTS_MAX:
            intents.record_denied(self._lease, claimed, f"no answer after {claimed.attempts} attempts")
        else:
            intents.record_planned(self._lease, claimed, "proven absent")

    async def _again(self, claimed: Claimed) -> None:
        """Ask again for what may be asked twice: stop, leverage, amend, cancel.

        The order is read first, so that what did happen is known before it is asked for again.
        """
        await asyncio.sleep(self._config.lookups[0])
        if claimed.link:
            try:
                found = await self._work.net(self._exchange.order, symbol=claimed.symbol, link=claimed.link)
            except ExchangeError as e:
                log.info("account %s: lookup failed: %s", self._lease.served.code, e)
            else:
                if found is not None and await self._work.db(self._happened, claimed, found):
                    return
        await self._work.db(intents.record_planned, self._lease, claimed, "asked again")

    def _happened(self, claimed: Claimed, found: OrderNews) -> bool:
        services.apply_order(reconcile.load(self._lease.served), found)
        asked = (claimed.params["lots"], claimed.params["ticks"])
        amended = claimed.kind is IntentKind.AMEND and (found.lots, found.ticks) == asked
        if found.state.is_final or amended:
            intents.record_confirmed(self._lease, claimed)
            return True
        return False

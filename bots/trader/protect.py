"""The watch over open positions: each has its stop on the venue, or it is closed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, IntentRow, IntentState, PositionRow
from bots.models.trading import UNSETTLED
from bots.services.market import market_ms
from bots.services.tending import locked_bot, tend_symbols
from bots.trader.config import TraderConfig
from bots.trader.lease import Served
from bots.trader.shut_out import let_in
from bots.trader.work import Work
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.gate import Gate
from trading_core.exchanges.port import Exchange, PositionNews
from trading_core.execution.intent import IntentKind

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Since when which position of an account has been seen without its stop (wall clock, ms)."""

    bare_since: dict[str, int] = field(default_factory=dict)

    def overdue(self, positions: list[PositionNews], *, now_ms: int, allowed_ms: int) -> list[str]:
        """Take in what the venue told; return the symbols that have stood bare for too long."""
        bare = {position.symbol for position in positions if position.lots and position.stop_ticks is None}
        self.bare_since = {symbol: self.bare_since.get(symbol, now_ms) for symbol in bare}
        return sorted(s for s, since in self.bare_since.items() if now_ms - since >= allowed_ms)


class Protection:
    """Watches over the open positions of one served account."""

    def __init__(
        self, served: Served, config: TraderConfig, work: Work, gate: Gate, planned: Callable[[], None]
    ) -> None:
        self._served = served
        self._config = config
        self._work = work
        self._gate = gate
        self._planned = planned
        """Called when requests were planned."""
        self._watch = Watch()
        self.holds_anything = False
        """Whether a bot of ours held a position at the last look."""
        self._wanted = asyncio.Event()

    def want(self) -> None:
        """Check soon."""
        self._wanted.set()

    async def run(self, exchange: Exchange, reconciled: asyncio.Event) -> None:
        """Check every few seconds, and soon after news, that each position has its stop."""
        await reconciled.wait()
        while True:
            pause = self._config.unprotected_max if self._watch.bare_since else self._config.protect_every
            try:
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            await let_in(self._gate)
            try:
                await self._check(exchange)
            except ExchangeError as e:
                log.warning("account %s: protection check failed: %s", self._served.code, e)
            await asyncio.sleep(min(1.0, self._config.protect_every))

    async def _check(self, exchange: Exchange) -> None:
        served = self._served
        self.holds_anything = await self._work.db(holds_anything, served)
        if not self.holds_anything:
            self._watch.bare_since.clear()
            return
        positions = await self._work.net(exchange.positions)
        allowed_ms = int(self._config.unprotected_max * 1000)
        for symbol in self._watch.overdue(positions, now_ms=clock.wall_ms(), allowed_ms=allowed_ms):
            since = self._watch.bare_since[symbol]
            done = await self._work.db(protect, served, symbol, bare_since_ms=since)
            log.warning("account %s: %s is bare: %s", served.code, symbol, done)
            self._planned()


def holds_anything(served: Served) -> bool:
    """Whether a bot of ours holds a position on the account."""
    with workspace_scope(served.workspace_id, reading=True):
        return (
            PositionRow.objects.filter(account_id=served.account_id)
            .exclude(lots=0)
            .exclude(bot=None)
            .exists()
        )


def protect(served: Served, symbol: str, *, bare_since_ms: int) -> str:
    """Have the stop of a bare position set; one whose stop was refused is closed at market.

    Returns what was done, for the log: ``waiting``, ``stop``, ``exit`` or ``nothing``.
    """
    with workspace_scope(served.workspace_id):
        row = PositionRow.objects.filter(account_id=served.account_id, symbol=symbol).exclude(lots=0).first()
        if row is None or row.bot_id is None:
            return "nothing"
        bot = locked_bot(row.bot_id)
        stops = IntentRow.objects.filter(bot=bot, symbol=symbol, kind=IntentKind.SET_STOP)
        if stops.filter(state__in=UNSETTLED).exists():
            return "waiting"
        refused = stops.filter(
            state=IntentState.REJECTED, settled_at__gte=datetime.fromtimestamp(bare_since_ms / 1000, UTC)
        )
        if refused.exists():
            return _exit(bot, symbol)
        PositionRow.objects.filter(pk=row.pk).update(stop_ticks=None)
        return _set_stop(bot, symbol)


def _set_stop(bot: Bot, symbol: str) -> str:
    written = tend_symbols(bot, [symbol], market_ms(bot.source), retry=True)
    log.warning("bot %s: %s stands without its stop: %d requests planned", bot.code, symbol, written)
    return "stop" if written else "nothing"


def _exit(bot: Bot, symbol: str) -> str:
    log.error("bot %s: the stop of %s was refused, closing at market", bot.code, symbol)
    tend_symbols(bot, [symbol], market_ms(bot.source), closing=True)
    return "exit"

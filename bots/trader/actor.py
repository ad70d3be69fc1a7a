"""One exchange account, served: its stream, its queue, its open questions, its protection.

The actor owns no truth. Whatever it is in the middle of when it dies, the next one finds it in the
database and goes on: sent intents without an answer are looked up, and everything else is read again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from contextlib import aclosing, suppress

from accounts.entry_blocks import block_entries
from ailona.kit import clock
from bots.trader import intents, reconcile
from bots.trader.absence import EMPTY_ANSWERS, Absences
from bots.trader.check import learned
from bots.trader.config import VENUE_ENVIRONMENTS, TraderConfig
from bots.trader.inbox import BATCH_MAX, INBOX_MAX, Batch, ReconcileWanted, after_last_gap
from bots.trader.intents import Claimed, Waiting
from bots.trader.key_watch import KeyWatch, open_credentials
from bots.trader.lease import Lease, mark_reconciled
from bots.trader.markets import Market
from bots.trader.news import apply_news
from bots.trader.protect import Protection
from bots.trader.refusals import Refusals
from bots.trader.resolve import Resolver
from bots.trader.send import Outcome, send
from bots.trader.shut_out import SHUT_LOOK, let_in
from bots.trader.sight import Sight
from bots.trader.work import Work
from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.errors import KEY_CODES, ORDER_GONE
from trading_core.exchanges.bybit.gate import gate_of
from trading_core.exchanges.bybit.streams import BybitPrivateStream
from trading_core.exchanges.port import Credentials, Exchange, PrivateNews, StreamGap
from trading_core.execution.intent import IntentKind

log = logging.getLogger(__name__)

FIRST_GAP_WAIT = 2.0
"""How long to wait for the stream before the first reconcile is made without it."""
NOT_SENT_PAUSE = 0.5
DIFFERING_PASSES = 3
DIFFERING_PAUSE = 0.5
DOUBT_S = 2.0
RIDDLES = 2
GONE_CODES = frozenset({ORDER_GONE, 110008, 110010})
REDUCE_ONLY_REFUSED = 110017


class Actor:
    """Serves one account under one lease until it is cancelled or stopped."""

    def __init__(self, lease: Lease, market: Market, config: TraderConfig, work: Work) -> None:
        self.lease = lease
        self._market = market
        self._config = config
        self._work = work
        self._bell = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._reconciled = asyncio.Event()
        self._turn = asyncio.Lock()
        self._inbox: asyncio.Queue[PrivateNews | ReconcileWanted] = asyncio.Queue(INBOX_MAX)
        self._doubt: asyncio.TimerHandle | None = None
        self._look_again: asyncio.TimerHandle | None = None
        self._sight = Sight(lease.served, config, work)
        self._stirred = False
        """Whether anything happened since the venue was last read in its turn: a trade may be over by then."""
        self._riddles = 0
        """Passes in a row whose wallet nothing explained."""
        self._absences = Absences(gone_after=config.gone_after)
        self._orphans = True
        self._gate = gate_of(market.addresses.rest)
        self._keys = KeyWatch(lease.served, config, work)
        self._refusals = Refusals()
        self._protection = Protection(lease.served, config, work, self._gate, self._bell.set)
        self._sending: set[int] = set()
        self._resolving: dict[int, asyncio.Task[None]] = {}
        self._idle.set()

    async def run(self) -> None:
        """Serve the account; returns only when an error or a cancellation ends it."""
        account, credentials = await self._work.db(open_credentials, self.lease.served)
        has_own_key = self.lease.served.environment not in VENUE_ENVIRONMENTS
        exchange = BybitExchange(
            endpoint=self._market.addresses.rest,
            credentials=credentials,
            instruments=self._market.instruments,
            wall_ms=clock.wall_ms,
            stop_trigger=self._market.stop_trigger,
            pacer=self._market.pacer_of(account.venue_uid),
        )
        try:
            if has_own_key:
                # Before anything is sent: what it finds stands on the account's row.
                await let_in(self._gate)
                await self._keys.check(exchange)
            async with asyncio.TaskGroup() as group:
                if has_own_key:
                    group.create_task(self._keys.run(exchange))
                group.create_task(self._listen(credentials))
                group.create_task(self._apply(exchange))
                group.create_task(self._carry_out(exchange, group))
                group.create_task(self._protection.run(exchange, self._reconciled))
                group.create_task(self._keep_reconciled())
                group.create_task(self._sight.run(self._protection, self._again))
        finally:
            for timer in (self._doubt, self._look_again):
                if timer is not None:
                    timer.cancel()
            exchange.close()

    def notice(self, waiting: Iterable[Waiting]) -> None:
        """Take in what the poll saw of this account's queue."""
        for row in waiting:
            if row.intent_id in self._sending or row.intent_id in self._resolving:
                continue
            self._orphans |= row.state in intents.ON_ITS_WAY
            self._bell.set()

    def check_key(self) -> None:
        """Have the account's key checked soon."""
        self._keys.want()

    def ring(self) -> None:
        """Look at the queue now."""
        self._bell.set()

    async def stop(self) -> bool:
        """Claim nothing more; return whether every request signed under the lease has its answer."""
        self._stopping.set()
        self._bell.set()
        try:
            async with asyncio.timeout(self._config.stop_within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return not self._sending and not self._resolving

    # --- the private stream -------------------------------------------------------------------

    async def _listen(self, credentials: Credentials) -> None:
        stream = BybitPrivateStream(
            base=self._market.addresses.private_stream,
            credentials=credentials,
            instruments=self._market.instruments,
            wall_ms=clock.wall_ms,
            pace=self._config.stream_pace,
        )
        self._sight.stream = stream
        async with aclosing(stream.news()) as source:
            async for news in source:
                await self._inbox.put(news)

    async def _apply(self, exchange: Exchange) -> None:
        """Apply news in order; a gap is a reconcile in its place."""
        batch = await self._first_batch()
        while True:
            gap = any(isinstance(entry, StreamGap) for entry in batch)
            if gap:
                # What came before the gap is read again by the reconcile.
                batch = after_last_gap(batch)
                await self._reconcile(exchange)
            news = [entry for entry in batch if not isinstance(entry, ReconcileWanted)]
            if news:
                await self._apply_news(news)
            if len(news) < len(batch):
                await self._reconcile(exchange, marks=False)
            batch = await self._next_batch()

    async def _first_batch(self) -> Batch:
        try:
            async with asyncio.timeout(FIRST_GAP_WAIT):
                return [await self._inbox.get()]
        except TimeoutError:
            return [StreamGap()]

    async def _next_batch(self) -> Batch:
        batch = [await self._inbox.get()]
        while len(batch) < BATCH_MAX and not self._inbox.empty():
            batch.append(self._inbox.get_nowait())
        return batch

    async def _apply_news(self, news: list[PrivateNews]) -> None:
        heard = await self._work.db(apply_news, self.lease, news)
        self._stirred = True
        self._note_doubt(agreed=not heard.differing)
        if heard.bare:
            self._protection.want()
        self._bell.set()

    def _note_doubt(self, *, agreed: bool) -> None:
        """Reconcile when the venue's position stays different: its news come in no order."""
        if self._doubt is not None:
            self._doubt.cancel()
            self._doubt = None
        if not agreed:
            self._doubt = asyncio.get_running_loop().call_later(DOUBT_S, self._want_reconcile)

    def _want_reconcile(self) -> None:
        self._look_again = None
        try:
            self._inbox.put_nowait(ReconcileWanted())
        except asyncio.QueueFull:
            self._note_doubt(agreed=False)

    async def _reconcile(self, exchange: Exchange, *, marks: bool = True) -> None:
        """Read the venue whole and bring our rows up to it."""
        await let_in(self._gate)
        served = self.lease.served
        differing: list[str] = []
        for attempt in range(DIFFERING_PASSES):
            if attempt:
                await asyncio.sleep(DIFFERING_PAUSE)
            last_ms = await self._work.db(reconcile.last_execution_ms, served)
            view = await self._work.net(reconcile.read, exchange, served, last_ms)
            applied = await self._work.db(reconcile.apply, served, view)
            await self._look_for(exchange, applied.missing)
            differing = applied.differing
            if not differing:
                await self._explain(exchange, view, unexplained=applied.unexplained)
                break
        if differing:
            await self._work.db(reconcile.note_differing, served, differing)
        if marks:
            await self._work.db(mark_reconciled, self.lease)
        self._sight.read()
        self._reconciled.set()
        self._protection.want()
        self._bell.set()

    async def _explain(self, exchange: Exchange, view: reconcile.View, *, unexplained: bool) -> None:
        """Find out about the wallet. A fill between two requests of a pass is no riddle: only two in a row are."""
        served = self.lease.served
        explained = not unexplained
        if unexplained:
            flows = await self._work.net(reconcile.read_flows, exchange)
            explained = await self._work.db(reconcile.explain_wallet, served, view, flows)
        self._riddles = 0 if explained else self._riddles + 1
        if explained:
            await self._work.db(reconcile.note_agreed, served)
        elif self._riddles >= RIDDLES:
            await self._work.db(reconcile.note_wallet, served)
        else:
            self._again(DOUBT_S)

    async def _look_for(self, exchange: Exchange, missing: list[reconcile.Missing]) -> None:
        """Look for standing orders that the venue didn't list; one that isn't found is not over at once."""
        self._absences.keep(missing)
        for order in missing:
            found, executions = await self._work.net(reconcile.look, exchange, order.symbol, order.link)
            if found is not None or executions or self._absences.proven(order):
                await self._work.db(reconcile.apply_lookup, self.lease.served, order, found, executions)
        if self._absences.is_waiting:
            self._again(self._config.gone_after / EMPTY_ANSWERS)

    def _again(self, seconds: float) -> None:
        """Reconcile once more in a while."""
        if self._look_again is None:
            self._look_again = asyncio.get_running_loop().call_later(seconds, self._want_reconcile)

    async def _keep_reconciled(self) -> None:
        """Read the venue again and again: a message that got lost leaves no gap to be seen.

        Where the market stands still between events, every message is waited for by its mark instead.
        """
        if self._market.lock_step:
            return
        await self._reconciled.wait()
        while True:
            for _ in range(self._config.reconcile_flat_times):
                await asyncio.sleep(self._config.reconcile_every * random.uniform(0.8, 1.2))  # noqa: S311 - a pause
                if self._stirred or await self._work.db(reconcile.anything_stands, self.lease.served):
                    break
            self._stirred = False
            self._want_reconcile()

    # --- the queue ----------------------------------------------------------------------------

    async def _carry_out(self, exchange: BybitExchange, group: asyncio.TaskGroup) -> None:
        """Send what is planned, one request at a time, and look up what has no answer."""
        await self._reconciled.wait()
        while True:
            await self._bell.wait()
            self._bell.clear()
            if self._orphans:
                self._orphans = False
                await self._adopt(exchange, group)
            while not self._stopping.is_set() and await self._send_next(exchange, group):
                pass

    async def _send_next(self, exchange: BybitExchange, group: asyncio.TaskGroup) -> bool:
        self._idle.clear()
        try:
            shut_for = self._gate.shut_for
            claimed = await self._work.db(intents.claim_next, self.lease, urgent_only=shut_for > 0)
            if claimed is None:
                await self._pause(min(shut_for, SHUT_LOOK))
                return False
            self._sending.add(claimed.intent_id)
            outcome = await self._work.net(send, exchange, claimed)
            await self._record(exchange, group, claimed, outcome)
            self._sending.discard(claimed.intent_id)
        finally:
            self._idle.set()
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait, but not for long once the actor is told to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _record(
        self, exchange: BybitExchange, group: asyncio.TaskGroup, claimed: Claimed, outcome: Outcome
    ) -> None:
        if isinstance(outcome, ExchangeError) and outcome.code:
            await self._learn(exchange, claimed, outcome)
        match outcome:
            case NotSent():
                await self._work.db(intents.record_planned, self.lease, claimed, str(outcome))
                await self._pause(max(NOT_SENT_PAUSE, self._gate.urgent_in))
            case Rejected():
                await self._rejected(exchange, claimed, outcome)
            case OutcomeUnknown():
                log.warning("account %s: %s", self.lease.served.code, outcome)
                await self._work.db(intents.record_unknown, self.lease, claimed, str(outcome))
                self._resolve(exchange, group, claimed, at_once=bool(outcome.code))
            case str():
                self._refusals.accepted()
                await self._work.db(intents.record_confirmed, self.lease, claimed, outcome)

    async def _learn(self, exchange: BybitExchange, claimed: Claimed, error: ExchangeError) -> None:
        """Do what a return code asks for beside its own request, before anything else is claimed."""
        served = self.lease.served
        await self._work.net(learned, exchange, self._market, error)
        block = self._refusals.block(error, claimed.symbol)
        if block is not None:
            log.error("account %s: %s", served.code, block.reason)
            await self._work.db(block_entries, served.account_id, served.workspace_id, block)
        if error.code in KEY_CODES:
            self._keys.want()

    async def _rejected(self, exchange: Exchange, claimed: Claimed, refusal: Rejected) -> None:
        log.warning("account %s: %s refused: %s", self.lease.served.code, claimed.kind.value, refusal)
        gone = refusal.code in GONE_CODES and claimed.kind in (IntentKind.CANCEL, IntentKind.AMEND)
        if gone:
            await self._read_order(exchange, claimed)
        if gone and claimed.kind is IntentKind.CANCEL:
            await self._work.db(intents.record_confirmed, self.lease, claimed)
        else:
            await self._work.db(intents.record_rejected, self.lease, claimed, str(refusal))
        if refusal.code == REDUCE_ONLY_REFUSED:
            self._want_reconcile()
        self._protection.want()

    async def _read_order(self, exchange: Exchange, claimed: Claimed) -> None:
        try:
            found = await self._work.net(exchange.order, symbol=claimed.symbol, link=claimed.link)
        except ExchangeError as e:
            log.info("account %s: lookup failed: %s", self.lease.served.code, e)
            self._want_reconcile()
            return
        missing = reconcile.Missing(claimed.order_id, claimed.symbol, claimed.link)
        await self._work.db(reconcile.apply_lookup, self.lease.served, missing, found)

    # --- open questions -----------------------------------------------------------------------

    async def _adopt(self, exchange: Exchange, group: asyncio.TaskGroup) -> None:
        """Take up sent intents nobody is waiting for: the ones another trader, or a crash, left."""
        rows = await self._work.db(intents.unsettled, [self.lease.account_id])
        for row in rows:
            known = row.intent_id in self._sending or row.intent_id in self._resolving
            if known or row.state not in intents.ON_ITS_WAY:
                continue
            claimed = await self._work.db(intents.adopt, self.lease, row.intent_id)
            if claimed is not None:
                self._resolve(exchange, group, claimed, at_once=True)

    def _resolve(
        self, exchange: Exchange, group: asyncio.TaskGroup, claimed: Claimed, *, at_once: bool
    ) -> None:
        resolver = Resolver(self.lease, self._config, self._work, exchange)
        task = group.create_task(resolver.run(claimed, at_once=at_once))
        self._resolving[claimed.intent_id] = task
        task.add_done_callback(lambda _: self._resolved(claimed.intent_id))

    def _resolved(self, intent_id: int) -> None:
        self._resolving.pop(intent_id, None)
        self._bell.set()

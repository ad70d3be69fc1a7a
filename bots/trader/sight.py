"""Whether a trader sees enough of an account to add to anything there: the dead-man rules.

Entries and legs wait while it doesn't; exits, cancels and stops go on with what is known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, blocks_of, lift_blocks
from bots.trader.config import TraderConfig
from bots.trader.lease import Served
from bots.trader.protect import Protection
from bots.trader.reconcile import load
from bots.trader.work import Work
from trading_core.exchanges.bybit.streams import BybitPrivateStream

CLEAN_PASSES = 2
"""Complete reconciles after which a trader that was blind counts as seeing again."""


class Sight:
    """What one actor has heard and read lately; monotonic seconds."""

    def __init__(self, served: Served, config: TraderConfig, work: Work) -> None:
        self.stream: BybitPrivateStream | None = None
        self._served, self._config, self._work = served, config, work
        self._heard_at = self._read_at = time.monotonic()
        self._passes = 0
        self._blind = False

    def read(self) -> None:
        """Note a complete reconcile."""
        self._read_at = time.monotonic()
        self._passes += 1

    async def run(self, protection: Protection, read_again: Callable[[float], None]) -> None:
        """Judge again and again; written down when it changes. ``read_again`` asks for a reconcile in a while."""
        self._blind = await self._work.db(was_blind, self._served)
        while True:
            await asyncio.sleep(self._config.look_every)
            reason = self.judge(holds_anything=protection.holds_anything)
            if bool(reason) is not self._blind:
                self._blind = bool(reason)
                note = (
                    partial(note_blind, self._served, reason)
                    if reason
                    else partial(note_seeing, self._served)
                )
                await self._work.db(note)
            if reason:
                read_again(self._config.look_every if self._hears else self._config.deaf_after / 3)

    @property
    def _hears(self) -> bool:
        return self.stream is not None and self.stream.is_up

    def judge(self, *, holds_anything: bool) -> str:
        """Return what is not seen, in words; empty if all is, for long enough."""
        now = time.monotonic()
        if self._hears:
            self._heard_at = now
        deaf_s, unread_s = now - self._heard_at, now - self._read_at
        reason = ""
        if deaf_s > self._config.deaf_after:
            reason = f"the private stream has been down for {deaf_s:.0f} s"
        elif holds_anything and unread_s > self._config.unread_after:
            reason = f"the account was last read whole {unread_s:.0f} s ago"
        if reason:
            self._passes = 0
        elif self._blind and self._passes < CLEAN_PASSES:
            reason = f"reading the account again: {self._passes} of {CLEAN_PASSES} complete passes"
        return reason


def note_blind(served: Served, reason: str) -> None:
    """Take no entries and no legs on an account that is not seen well enough."""
    block = EntryBlock(BlockKind.HALT, BlockCause.BLIND, reason)
    block_entries(served.account_id, served.workspace_id, block)


def note_seeing(served: Served) -> None:
    """Take them again."""
    lift_blocks(served.account_id, served.workspace_id, cause=BlockCause.BLIND)


def was_blind(served: Served) -> bool:
    """Whether somebody before has found the account not seen well enough."""
    return any(block.cause is BlockCause.BLIND for block in blocks_of(load(served)))

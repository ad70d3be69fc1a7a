"""Tells accounts that the exchange shuts our address out, and when it serves it again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from accounts.entry_blocks import BlockCause, BlockKind, EntryBlock, block_entries, lift_blocks
from ailona.kit import clock
from bots.trader.lease import Served
from bots.trader.markets import Market
from bots.trader.work import Work
from trading_core.exchanges.bybit.gate import Gate, gate_of

SHUT_LOOK = 1.0
"""How often to look whether the exchange serves our address again, in seconds."""


async def let_in(gate: Gate) -> None:
    """Wait until the exchange serves our address: what is read while it doesn't would only fail."""
    while True:
        shut_for = gate.shut_for
        if shut_for <= 0:
            return
        await asyncio.sleep(min(shut_for, SHUT_LOOK))


class ShutOut:
    """What the accounts of a process were told of the gates to their exchanges."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._told: dict[int, int] = {}
        """By account, which time of being shut out it was told of."""

    async def look(self, served: list[Served], markets: Mapping[str, Market]) -> None:
        """Tell every account what has changed since the last look."""
        for one in served:
            gate = gate_of(markets[one.environment].addresses.rest)
            shut_for = gate.shut_for
            times = gate.shut_times if shut_for > 0 else 0
            if self._told.get(one.account_id, 0) == times:
                continue
            self._told[one.account_id] = times
            if times:
                until_ms = clock.wall_ms() + int(shut_for * 1000)
                await self._work.db(
                    block_entries, one.account_id, one.workspace_id, _block(gate.host, until_ms)
                )
            else:
                await self._work.db(lift_blocks, one.account_id, one.workspace_id, cause=BlockCause.ADDRESS)


def _block(host: str, until_ms: int) -> EntryBlock:
    words = f"{host} shuts our address out (HTTP 403): only cancels, stops and exits are tried"
    return EntryBlock(BlockKind.PAUSE, BlockCause.ADDRESS, words, code=403, until_ms=until_ms)

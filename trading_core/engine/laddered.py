"""A snapshot on its risk ladder: what losses lock now, and what every lock means for each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trading_core.engine.snapshot import Snapshot
from trading_core.risk.levels import Level
from trading_core.risk.locks import Lock, standing
from trading_core.risk.tiers import new_locks


def laddered(
    snapshot: Snapshot, levels: Sequence[Level], known: Sequence[Lock], *, bot: str, zone: str
) -> tuple[Snapshot, tuple[Lock, ...]]:
    """Return the snapshot with ladder and locks, and the locks that losses set at this close.

    ``known`` are the locks written down before, ended and lifted ones too; the new ones hold at once.
    """
    now_ms = snapshot.close_ms
    fresh = new_locks(levels, known, bot=bot, now_ms=now_ms, zone=zone)
    locks = [*known, *fresh]
    symbols = snapshot.symbols
    if locks:
        symbols = {
            symbol: replace(facts, locks=standing(locks, bot=bot, symbol=symbol, now_ms=now_ms))
            for symbol, facts in symbols.items()
        }
    return replace(snapshot, levels=tuple(levels), symbols=symbols), fresh

"""The trader carries locks and halts out itself: a kill switch must not need a worker or a broker.

What is halted is a state in the database, not an act: a trader that starts reads it again, and an order
that fills meanwhile is tended under it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from accounts.platform_halt import standing_halt
from ailona.kit.tenancy import across_workspaces
from bots.models import IntentRow, RiskLock
from bots.services.enforcing import enforce_lock, enforce_platform_halt
from bots.services.locks import locks_of
from bots.services.market import market_ms
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import Role
from trading_core.risk.levels import What
from trading_core.risk.locks import Lock, standing

log = logging.getLogger(__name__)

LOOK_BACK = 200
"""Locks are looked for so many numbers back: one that was numbered first may be committed last."""


@dataclass(slots=True)
class HaltWatch:
    """What this process has carried out. Runs in one thread at a time."""

    _done: set[int] = field(default_factory=set)
    _newest: int = 0
    _platform: int = 0

    def look(self) -> int:
        """Carry out whatever is new; return how many requests that led to."""
        written = sum(self._carry_out(lock_id, workspace_id) for lock_id, workspace_id in self._new_locks())
        standing_now = standing_halt()
        if standing_now is not None and standing_now.number > self._platform:
            log.warning("platform: %s: %s", standing_now.what or "the halt is lifted", standing_now.reason)
            written += enforce_platform_halt() if standing_now.what else 0
            self._platform = standing_now.number
        return written

    def _new_locks(self) -> list[tuple[int, int]]:
        with across_workspaces("halt"):
            rows = RiskLock.objects.filter(lifted_at=None, pk__gt=self._newest - LOOK_BACK)
            rows = rows.exclude(what=What.WARN).exclude(pk__in=self._done).order_by("pk")
            return list(rows.values_list("pk", "workspace_id"))

    def _carry_out(self, lock_id: int, workspace_id: int) -> int:
        written = enforce_lock(lock_id, workspace_id)
        self._newest = max(self._newest, lock_id)
        self._done = {number for number in self._done if number > self._newest - LOOK_BACK} | {lock_id}
        return written


def halted(row: IntentRow) -> str:
    """Say which lock keeps a planned order from being sent; nothing for what takes risk away.

    Asked when it is claimed: a lock that was set after the decision holds for it too.
    """
    if row.kind != IntentKind.PLACE or row.order is None or row.order.reduce_only:
        return ""
    locks = locks_of(row.account)
    if not locks:
        return ""
    now_ms = _market_ms(row, locks)
    for lock in standing(locks, bot=row.bot.code, symbol=row.symbol, now_ms=now_ms):
        if lock.what.entries if row.order.role == Role.ENTRY else lock.what.legs:
            return f"not sent: {lock.where.words} is locked until {lock.until}: {lock.reason}"
    return ""


def _market_ms(row: IntentRow, locks: list[Lock]) -> int:
    """The market clock, asked for only if a lock has an end."""
    return market_ms(row.bot.source) if any(lock.until_ms is not None for lock in locks) else 0

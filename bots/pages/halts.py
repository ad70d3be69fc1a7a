"""The page of the kill switch: what each account has on the exchange, and what is halted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import ExchangeAccount
from bots.models import OrderRow, PositionRow, RiskLock
from bots.pages.limits import LockLine, lock_lines
from bots.services.halting import OPEN
from trading_core.execution.order import Role
from trading_core.risk.levels import Cause


@dataclass(frozen=True, slots=True)
class Exposed:
    """What stands on the exchange for an account."""

    name: str
    environment: str
    entries: int
    legs: int
    exits: int
    positions: int
    bare: int
    """Positions whose stop nobody has confirmed."""


def exposed(accounts: Iterable[ExchangeAccount]) -> list[Exposed]:
    """Return every account that has anything on the exchange: two queries."""
    held = PositionRow.objects.exclude(lots=0).exclude(bot=None).values("account_id")
    positions = {
        row["account_id"]: (row["held"], row["bare"])
        for row in held.annotate(held=Count("pk"), bare=Count("pk", filter=Q(stop_ticks=None)))
    }
    roles = {
        row["account_id"]: row
        for row in OrderRow.objects.filter(state__in=OPEN)
        .values("account_id")
        .annotate(
            entries=Count("pk", filter=Q(role=Role.ENTRY)), legs=Count("pk", filter=Q(role=Role.AVERAGE)),
            exits=Count("pk", filter=~Q(role__in=[Role.ENTRY, Role.AVERAGE])),
        )
    }  # fmt: skip
    nothing = {"entries": 0, "legs": 0, "exits": 0}
    return [
        Exposed(
            account.name, account.get_environment_display(), orders["entries"], orders["legs"], orders["exits"],
            *positions.get(account.pk, (0, 0)),
        )
        for account in accounts
        if (orders := roles.get(account.pk, nothing)) is not nothing or account.pk in positions
    ]  # fmt: skip


def halt_lines(locks: Iterable[RiskLock]) -> list[LockLine]:
    """Return what people have halted, the newest first."""
    return lock_lines([lock for lock in locks if lock.cause == Cause.MANUAL])

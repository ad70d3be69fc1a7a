"""How much of the compute process a workspace may have."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from accounts.models import AuditEvent
from ailona.kit import clock
from analytics.models import UNFINISHED, BacktestRun
from trading_core.errors import InvalidInput

DAY = timedelta(days=1)
REQUESTED = "backtest.requested"
"""The audit event that the count of a day goes by: deleting a run gives nothing back."""


class QuotaExceeded(InvalidInput):
    """A workspace has as much as it may have; the reason says of what, and what helps."""


def check_quota() -> None:
    """Raise QuotaExceeded if the active workspace may not ask for a backtest now.

    The caller holds the lock that makes the count true until it has written the run.
    """
    at_once, a_day, kept = (
        settings.BACKTESTS_AT_ONCE,
        settings.BACKTESTS_PER_DAY,
        settings.BACKTESTS_KEPT,
    )
    if BacktestRun.objects.filter(state__in=UNFINISHED).count() >= at_once:
        raise QuotaExceeded("", f"{at_once} backtests are under way already: wait for one, or cancel it")
    recent = AuditEvent.objects.filter(action=REQUESTED, at__gt=clock.now() - DAY)
    if recent.count() >= a_day:
        raise QuotaExceeded("", f"{a_day} backtests were asked for within 24 hours: that is all for now")
    if BacktestRun.objects.count() >= kept:
        raise QuotaExceeded("", f"{kept} backtests are kept, no more fit: delete some first")


def check_size(symbols: int, minutes: int) -> None:
    """Raise QuotaExceeded if a run of so many symbols over so many minutes is too long."""
    most = settings.BACKTEST_CANDLES
    if symbols * minutes > most:
        days = max(1, most // symbols // 1_440)
        raise QuotaExceeded(
            "from",
            f"{symbols * minutes:,} candles are more than the {most:,} of a backtest: "
            f"with {symbols} symbol{'s' if symbols > 1 else ''} that is {days:,} days at most",
        )

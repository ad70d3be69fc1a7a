"""What pages and API read of backtests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from analytics.models import BacktestPart, BacktestRun, BacktestState
from analytics.services.backtests.parts import PartName, unpacked
from trading_core.errors import InvalidInput

COMPARED_MAX = 5


class NoResult(InvalidInput):
    """A backtest has no result: it has not ended, or ended without one."""


def runs() -> QuerySet[BacktestRun]:
    """The workspace's backtests, newest first."""
    return BacktestRun.objects.select_related("bot", "result").order_by("-created_at", "-pk")


def part(run: BacktestRun, name: PartName) -> bytes:
    """Return a file of a run's result, compressed as it is kept; raise NoResult."""
    rows = BacktestPart.objects.filter(result_id=run.result_id, name=name)
    content = rows.values_list("content", flat=True).first() if run.result_id else None
    if content is None:
        raise NoResult("", f"{run.name} has no result: it is {BacktestState(run.state).label.lower()}")
    return bytes(content)


def shown(run: BacktestRun) -> dict[str, Any]:
    """Return what pages show of a result: all of it but decisions and orders, and ``bars``; raise NoResult."""
    return unpacked(part(run, "page"))


def chosen(codes: Collection[str]) -> list[BacktestRun]:
    """Return the backtests to compare, in the order asked for.

    Raise InvalidInput for more than five or the same twice, ``BacktestRun.DoesNotExist`` for one that
    isn't in the workspace, NoResult for one that isn't done.
    """
    if not 1 <= len(codes) <= COMPARED_MAX or len(set(codes)) < len(codes):
        raise InvalidInput("id", f"expected one to {COMPARED_MAX} different backtests, were {len(codes)}")
    found = {run.code: run for run in runs().filter(code__in=codes)}
    if missing := [code for code in codes if code not in found]:
        raise BacktestRun.DoesNotExist(missing[0])
    if unfinished := [run for run in found.values() if run.result is None]:
        raise NoResult(
            "id", f"{unfinished[0].name} has no result: it is {unfinished[0].get_state_display().lower()}"
        )
    return [found[code] for code in codes]

"""Loss tiers: equity of a day and its peak, and the locks that a loss sets.

A lock of a day's loss ends when the next day begins, in the zone of the workspace; one of a drawdown
when a person lifts it. A lock that was lifted isn't set again by the same day, or the same peak: the
next harder step still is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from trading_core.risk.levels import Cause, Level, Tiers, What, Where, lost_ppm
from trading_core.risk.locks import Lock

_HARDNESS = list(What)


@dataclass(frozen=True, slots=True)
class Mark:
    """What must be remembered of an equity: how the day began, and the highest it was. Money units."""

    day_ms: int
    day_start: int
    peak: int
    peak_ms: int
    equity: int
    """At ``equity_ms``, the last close it was seen at."""
    equity_ms: int


def day_begins(time_ms: int, zone: str) -> int:
    """The moment the day of that zone began in which a time lies; 00:00 itself begins one.

    Where the clocks skip midnight, it is the moment they are moved.
    """
    local = datetime.fromtimestamp(time_ms / 1000, ZoneInfo(zone))
    return _midnight(local)


def next_day(time_ms: int, zone: str) -> int:
    """The moment the next day of that zone begins."""
    local = datetime.fromtimestamp(time_ms / 1000, ZoneInfo(zone))
    return _midnight(local.replace(hour=12, fold=0) + timedelta(days=1))


def _midnight(local: datetime) -> int:
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int(midnight.timestamp()) * 1000


def advance(mark: Mark | None, equity: int, time_ms: int, zone: str) -> Mark:
    """The mark once equity was seen at a time; a day begins with the last equity known when it began."""
    day_ms = day_begins(time_ms, zone)
    if mark is None:
        return Mark(day_ms, equity, equity, time_ms, equity, time_ms)
    if time_ms < mark.equity_ms:
        return mark
    if day_ms > mark.day_ms:
        began_with = equity if time_ms == day_ms else mark.equity
        mark = replace(mark, day_ms=day_ms, day_start=began_with)
    if equity > mark.peak:
        mark = replace(mark, peak=equity, peak_ms=time_ms)
    return replace(mark, equity=equity, equity_ms=time_ms)


def new_locks(
    levels: Iterable[Level], known: Sequence[Lock], *, bot: str, now_ms: int, zone: str
) -> tuple[Lock, ...]:
    """The locks that losses set now and that ``known`` doesn't hold already.

    ``known`` are locks standing, ended and lifted. Of each rung and cause only the hardest step.
    """
    found: list[Lock] = []
    for level in levels:
        whose = bot if level.where is Where.BOT else ""
        for cause, tiers, base, since_ms, until_ms in (
            (Cause.DAY_LOSS, level.limits.day_loss, level.day_start, level.day_ms, next_day(now_ms, zone)),
            (Cause.DRAWDOWN, level.limits.drawdown, level.peak, level.peak_ms, None),
        ):
            step = _reached(tiers, base, level.equity)
            if step is None:
                continue
            what, limit = step
            lock = Lock(
                level.where, what, cause, _reason(level, cause, limit, base), now_ms, until_ms, bot=whose
            )
            if not any(_same(lock, one, since_ms) for one in known):
                found.append(lock)
    return tuple(found)


def _reached(tiers: Tiers, base: int, equity: int) -> tuple[What, int] | None:
    lost = lost_ppm(base, equity)
    return next(((what, ppm) for what, ppm in tiers.steps() if lost >= ppm and lost > 0), None)


def _same(wanted: Lock, known: Lock, since_ms: int) -> bool:
    """Whether a known lock, at least as hard, was set by the same day or peak."""
    return (
        (wanted.where, wanted.cause, wanted.bot) == (known.where, known.cause, known.bot)
        and _HARDNESS.index(known.what) >= _HARDNESS.index(wanted.what)
        and known.since_ms >= since_ms
        and (known.lifted or known.stands(wanted.since_ms))
    )


def _reason(level: Level, cause: Cause, limit: int, base: int) -> str:
    lost = lost_ppm(base, level.equity)
    name = "the day's loss" if cause is Cause.DAY_LOSS else "the drawdown"
    return f"{name} of {level.where.words} is {_percent(lost)} %, the limit {_percent(limit)} %"


def _percent(ppm: int) -> str:
    return f"{ppm // 10_000}.{ppm // 100 % 100:02d}"

"""The page of limits and locks: figures against limits, and what is locked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ailona.kit.templatetags.kit import utc
from bots.models import RiskLock
from bots.pages.words import Badge
from bots.services.limits import Ladder, Rung
from trading_core.money import PPM
from trading_core.risk.levels import Cause, Level, Tiers, What, Where

_TONES = {What.WARN: "", What.AVERAGING: "warn", What.ENTRIES: "warn", What.ALL: "warn", What.FLATTEN: "down"}
_WHAT = {
    What.WARN: "Warning", What.AVERAGING: "No averaging", What.ENTRIES: "No entries", What.ALL: "Closing only",
    What.FLATTEN: "Closing everything",
}  # fmt: skip
_CAUSE = {Cause.MANUAL: "by hand", Cause.DAY_LOSS: "loss of the day", Cause.DRAWDOWN: "drawdown"}
FULL, CLOSE = 100, 80
"""Percent of a limit: all of it, and where it is coloured."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure against its limit."""

    label: str
    value: str
    limit: str
    """Empty: not limited."""
    share: int
    """Percent of the limit, 100 at most."""
    tone: str
    steps: str = ""
    """The steps of a tier, in words."""


@dataclass(frozen=True, slots=True)
class RungLine:
    """One rung with its gauges."""

    where: str
    code: str
    name: str
    equity: int
    known: bool
    gauges: list[Gauge]
    limited: bool


@dataclass(frozen=True, slots=True)
class LockLine:
    """One lock in force."""

    code: str
    badge: Badge
    target: str
    symbol: str
    reason: str
    cause: str
    since: str
    until: str
    by: str


def rung_lines(ladder: Ladder) -> list[RungLine]:
    """Every rung, from the workspace down to the bots."""
    return [_line(rung) for rung in (*ladder.workspace, *ladder.accounts, *ladder.bots)]


def _line(rung: Rung) -> RungLine:
    gauges = gauges_of(rung.level)
    name = f"Workspace, {rung.name}" if rung.where is Where.WORKSPACE else rung.name
    return RungLine(
        rung.where.value, rung.code, name, rung.level.equity, rung.known, gauges, any(g.limit for g in gauges)
    )


def gauges_of(level: Level) -> list[Gauge]:
    """The figures of a rung against its limits."""
    limits, held = level.limits, level.others
    net = sum(one.worth for one in held)
    symbols = {one.symbol for one in held}
    most = max((sum(abs(h.worth) for h in held if h.symbol == s) for s in symbols), default=0)
    return [
        _loss("Loss of the day", level.day_lost_ppm, limits.day_loss),
        _loss("Drawdown", level.drawdown_ppm, limits.drawdown),
        _count("Positions", len(held), limits.max_positions),
        _multiple("Gross exposure", sum(abs(one.worth) for one in held), limits.gross_ppm, level.equity),
        _multiple("Net exposure", abs(net), limits.net_ppm, level.equity),
        _multiple("Largest symbol", most, limits.symbol_ppm, level.equity),
    ]


def _loss(label: str, lost: int, tiers: Tiers) -> Gauge:
    steps = list(reversed(tiers.steps()))
    coming = next((ppm for _, ppm in steps if lost < ppm), steps[-1][1] if steps else None)
    words = ", ".join(f"{_WHAT[what].lower()} at {_percent(ppm)}" for what, ppm in steps)
    return _gauge(label, lost, coming, _percent(lost), _percent(coming or 0), words)


def _count(label: str, value: int, limit: int | None) -> Gauge:
    return _gauge(label, value, limit, str(value), str(limit))


def _multiple(label: str, worth: int, limit_ppm: int | None, equity: int) -> Gauge:
    value = worth * PPM // equity if equity > 0 else 0
    return _gauge(label, value, limit_ppm, _times(value), _times(limit_ppm or 0))


def _gauge(label: str, value: int, limit: int | None, shown: str, limit_shown: str, steps: str = "") -> Gauge:
    if not limit:
        return Gauge(label, shown, "", 0, "", steps)
    share = min(FULL, FULL * value // limit)
    tone = "down" if share >= FULL else "warn" if share >= CLOSE else "up"
    return Gauge(label, shown, limit_shown, share, tone, steps)


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f} %"


def _times(ppm: int) -> str:
    return f"{ppm / PPM:.2f}\N{MULTIPLICATION SIGN}"


def lock_lines(locks: Iterable[RiskLock]) -> list[LockLine]:
    """The locks in force."""
    return [
        LockLine(
            code=row.code,
            badge=Badge(_WHAT[What(row.what)], _TONES[What(row.what)]),
            target=target_of(row),
            symbol=row.symbol,
            reason=row.reason,
            cause=_CAUSE[Cause(row.cause)],
            since=utc(row.since_ms),
            until=f"{utc(row.until_ms)} UTC" if row.until_ms else "somebody lifts it",
            by=row.set_by,
        )
        for row in locks
    ]


def target_of(row: RiskLock) -> str:
    """What a lock is about, by name."""
    if row.bot is not None:
        return row.bot.name
    if row.account is not None:
        return row.account.name
    return f"Workspace ({row.environment})" if row.environment else "Workspace"


def platform_words(ladder: Ladder) -> str:
    """What the platform limits every account to, in one sentence."""
    gauges = gauges_of(Level(Where.PLATFORM, ladder.platform, equity=0, day_start=0, peak=0))
    limited = [f"{one.label.lower()} {one.limit}" for one in gauges if one.limit]
    if ladder.platform.reserve_ppm:
        limited.append(f"reserve {_percent(ladder.platform.reserve_ppm)}")
    return ", ".join(limited) or "nothing"

"""The answer to a what-if question, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ailona.kit.templatetags.kit import NOTHING, grouped, signed, tone_of
from bots.models import Bot
from bots.pages.decisions import decision_url
from bots.pages.outcomes import ENTERED, Kind, kind_of
from bots.pages.words import words

CHART_WIDTH, CHART_HEIGHT = 720, 220


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure before and after."""

    label: str
    before: str
    after: str
    change: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Differing:
    """A close that comes to something else."""

    symbol: str
    close_ms: int
    url: str
    before: str
    before_kind: Kind
    after: str
    after_kind: Kind
    after_sentence: str

    @property
    def is_entry(self) -> bool:
        """Whether one of the two enters here, and the other does not."""
        return (self.before_kind is ENTERED) != (self.after_kind is ENTERED)


@dataclass(frozen=True, slots=True)
class Curves:
    """Equity of both on one picture."""

    before: str
    after: str
    high: str
    low: str
    from_ms: int
    to_ms: int
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out."""

    figures: list[Figure]
    entries: list[Differing]
    """Closes at which one of the two enters and the other does not."""
    others: list[Differing]
    shown: int
    count: int
    curves: Curves | None
    symbols: list[str]
    from_ms: int
    to_ms: int
    candles: int
    trust: str
    trusted: bool
    notes: list[str] = field(default_factory=list)


def answer(bot: Bot, result: Mapping[str, Any]) -> Answer:
    """The result of a study as pages show it."""
    trusted, trust = _trust(result["journal"])
    differing = [_differing(bot, one) for one in result["differing"]["shown"]]
    return Answer(
        figures=_figures(result["original"], result["changed"]),
        entries=[one for one in differing if one.is_entry],
        others=[one for one in differing if not one.is_entry],
        shown=len(differing),
        count=result["differing"]["count"],
        curves=_curves(result["equity"]),
        symbols=result["symbols"],
        from_ms=result["from_ms"],
        to_ms=result["to_ms"],
        candles=result["candles"],
        trust=trust,
        trusted=trusted,
        notes=list(result["notes"]),
    )


def _trust(journal: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the replay of today's rules decides what the bot decided."""
    compared, equal = journal["compared"], journal["equal"]
    if not compared:
        return False, "The bot's own journal has no decision in these days to hold the replay against."
    if compared == equal:
        return (
            True,
            f"With unchanged rules the replay decides as the bot did at all {compared:,} closes it recorded.",
        )
    return False, (
        f"With unchanged rules the replay decides as the bot did at {equal:,} of {compared:,} recorded closes: "
        "it starts flat and fills on candles, so trades may begin and end elsewhere."
    )


def _figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Figure]:
    whole = [
        ("Entry signals", "signals"),
        ("Entered", "entered"),
        ("Trades closed", "trades"),
        ("Won", "won"),
    ]
    money = [
        ("Profit after fees, USDT", "net", True),
        ("Fees, USDT", "fees", False),
        ("Wallet at the end, USDT", "wallet", False),
    ]
    found = [_whole(label, before[name], after[name]) for label, name in whole]
    found += [_money(label, before[name], after[name], good=good) for label, name, good in money]
    return [
        *found,
        _money("Deepest fall of equity, %", before["drawdown_pct"], after["drawdown_pct"], good=False),
    ]


def _whole(label: str, before: int, after: int) -> Figure:
    return Figure(label, f"{before:,}", f"{after:,}", signed(Decimal(after - before), 0))


def _money(label: str, before: str | None, after: str | None, *, good: bool) -> Figure:
    one, other = _decimal(before), _decimal(after)
    if one is None or other is None:
        return Figure(label, _shown(one), _shown(other), NOTHING)
    return Figure(
        label, _shown(one), _shown(other), signed(other - one, 2), tone_of(other - one) if good else ""
    )


def _decimal(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def _shown(value: Decimal | None) -> str:
    return NOTHING if value is None else grouped(value, 2)


def _differing(bot: Bot, one: Mapping[str, Any]) -> Differing:
    before, after = one["original"], one["changed"]
    return Differing(
        symbol=one["symbol"],
        close_ms=one["close_ms"],
        url=decision_url(bot, one["symbol"], one["close_ms"]),
        before=words(before["code"]),
        before_kind=kind_of(before["code"]),
        after=words(after["code"]),
        after_kind=kind_of(after["code"]),
        after_sentence=after["sentence"],
    )


def _curves(points: Sequence[Sequence[Any]]) -> Curves | None:
    """Both lines in one frame; None for fewer than two points."""
    if not points[1:]:
        return None
    times = [int(point[0]) for point in points]
    before, after = ([float(point[at]) for point in points] for at in (1, 2))
    low, high = min(*before, *after), max(*before, *after)
    return Curves(
        before=_line(times, before, low, high),
        after=_line(times, after, low, high),
        high=grouped(Decimal(str(high)), 2),
        low=grouped(Decimal(str(low)), 2),
        from_ms=times[0],
        to_ms=times[-1],
    )


def _line(times: Sequence[int], values: Sequence[float], low: float, high: float) -> str:
    span, long = (high - low) or 1.0, (times[-1] - times[0]) or 1
    room = CHART_HEIGHT - 8
    return " ".join(
        f"{CHART_WIDTH * (time - times[0]) / long:.1f},{4 + room * (high - value) / span:.1f}"
        for time, value in zip(times, values, strict=True)
    )

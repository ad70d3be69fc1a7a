"""What stood in the way of a bot, counted: outcomes, conditions, and by how much the nearest missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from bots.models import Bot
from bots.pages import paths
from bots.pages.decision import what_if_url
from bots.pages.decisions import RANGES, decision_url
from bots.pages.numbers import written
from bots.pages.outcomes import Kind, kind_of
from bots.pages.words import words
from bots.services.blockers import Bin, BlockerReport, ConditionReport, Miss, TreeReport, blocker_report
from bots.services.documents import document_of
from conditions.selectors import TREE_LABELS

SPANS: Mapping[str, tuple[str, int]] = {key: RANGES[key] for key in ("24h", "7d", "30d")}
SIDES = ("long", "short")
SMALLEST = 0.1
"""Percent below which a share is only said to be small."""
HUNDREDTH = 0.01
PICTURED_MAX = 3
"""Sole blockers whose misses are drawn."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which part of the journal is counted."""

    span: str = "7d"
    side: str = ""
    symbol: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], symbols: Sequence[str]) -> Query:
        """Read a query string; what is not known there is as if it were not said."""
        span, side, symbol = asked.get("range", "7d"), asked.get("side", ""), asked.get("symbol", "")
        return cls(
            span if span in SPANS else "7d",
            side if side in SIDES else "",
            symbol if symbol in symbols else "",
        )


@dataclass(frozen=True, slots=True)
class Share:
    """One bar of a histogram with its count and its base."""

    label: str
    count: int
    percent: str
    """Of the base."""
    width: float
    """Of the widest, 0 to 100."""
    kind: Kind
    url: str = ""


@dataclass(frozen=True, slots=True)
class ConditionBar:
    """A condition: at how many of the closes it was asked it was false, alone false, unknown."""

    text: str
    false: int
    sole: int
    unknown: int
    sole_width: float
    false_width: float
    """False, but not alone."""
    unknown_width: float
    what_if: str

    @property
    def unknown_x(self) -> float:
        """Where the unknown begin."""
        return self.sole_width + self.false_width


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a histogram of misses."""

    label: str
    closes: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A close that one condition kept from being an entry."""

    symbol: str
    close_ms: int
    url: str
    distance: str
    percent: str
    sigmas: str


@dataclass(frozen=True, slots=True)
class Picture:
    """How far a sole blocker missed."""

    text: str
    sentence: str
    sole: int
    columns: list[Column]
    nearest: list[NearMiss]
    what_if: str


@dataclass(frozen=True, slots=True)
class Side:
    """One tree over the period."""

    label: str
    closes: int
    true: int
    false: int
    unknown: int
    sole: int
    sentences: list[str]
    bars: list[ConditionBar]
    pictures: list[Picture]


@dataclass(frozen=True, slots=True)
class BlockersPage:
    """The page."""

    decisions: int
    from_ms: int
    to_ms: int
    outcomes: list[Share]
    sides: list[Side]
    notes: Sequence[str]


def blockers_page(bot: Bot, query: Query) -> BlockersPage:
    """Count the recorded truths of the last stretch before the bot's newest close."""
    to_ms = bot.done
    report = blocker_report(
        bot, symbol=query.symbol or None, from_ms=max(0, to_ms - SPANS[query.span][1] + 1), to_ms=to_ms
    )
    links = {spot.leaf: what_if_url(bot, spot) for spot in paths.spots(document_of(bot).rules)}
    wanted = (query.side,) if query.side else SIDES
    return BlockersPage(
        decisions=report.decisions,
        from_ms=report.from_ms,
        to_ms=report.to_ms,
        outcomes=_outcomes(bot, report, query),
        sides=[_side(bot, tree, links) for tree in report.trees if tree.tree in wanted],
        notes=report.notes,
    )


def _outcomes(bot: Bot, report: BlockerReport, query: Query) -> list[Share]:
    most = max(report.outcomes.values(), default=0)
    feed = reverse("bot-decisions", args=[bot.code])
    symbol = f"&symbol={query.symbol}" if query.symbol else ""
    return [
        Share(
            words(code),
            count,
            _percent(count, report.decisions),
            100 * count / most,
            kind_of(code),
            f"{feed}?range={query.span}&outcome={code}{symbol}",
        )
        for code, count in report.outcomes.items()
        if count
    ]


def _percent(count: int, base: int) -> str:
    share = 100 * count / base
    return "<0.1%" if 0 < share < SMALLEST else f"{share:.1f}%"


def _side(bot: Bot, tree: TreeReport, links: Mapping[int, str]) -> Side:
    alone = sorted((one for one in tree.conditions if one.sole), key=lambda one: -one.sole)
    return Side(
        label=TREE_LABELS[tree.tree],
        closes=tree.closes,
        true=tree.true,
        false=tree.false,
        unknown=tree.unknown,
        sole=tree.sole,
        sentences=[one.sentence for one in alone[:PICTURED_MAX]],
        bars=[_bar(one, tree.closes, links.get(one.leaf, "")) for one in tree.conditions],
        pictures=[_picture(bot, one, links.get(one.leaf, "")) for one in alone[:PICTURED_MAX]],
    )


def _bar(one: ConditionReport, closes: int, what_if: str) -> ConditionBar:
    base = closes or 1
    return ConditionBar(
        text=one.text,
        false=one.false,
        sole=one.sole,
        unknown=one.unknown,
        sole_width=100 * one.sole / base,
        false_width=100 * max(0, one.false - one.sole) / base,
        unknown_width=100 * (one.unknown - max(0, one.sole - one.false)) / base,
        what_if=what_if,
    )


def _picture(bot: Bot, one: ConditionReport, what_if: str) -> Picture:
    return Picture(
        text=one.text,
        sentence=one.sentence,
        sole=one.sole,
        columns=_columns(one.bins),
        nearest=[_near(bot, miss) for miss in one.nearest],
        what_if=what_if,
    )


def _columns(bins: Sequence[Bin]) -> list[Column]:
    """Columns of a picture 100 wide and 100 high; the tallest fills it."""
    most = max((one.closes for one in bins), default=0) or 1
    step = 100 / max(1, len(bins))
    return [
        Column(
            label=f"{one.low:g} to {one.high:g}" if one.high is not None else f"{one.low:g} or more",
            closes=one.closes,
            x=number * step + step * 0.08,
            y=100 - 100 * one.closes / most,
            width=step * 0.84,
            height=100 * one.closes / most,
        )
        for number, one in enumerate(bins)
    ]


def _near(bot: Bot, miss: Miss) -> NearMiss:
    return NearMiss(
        symbol=miss.symbol,
        close_ms=miss.close_ms,
        url=decision_url(bot, miss.symbol, miss.close_ms),
        distance=written(abs(miss.distance)),
        percent="" if miss.percent is None else _small(abs(miss.percent), "%"),
        sigmas="" if miss.sigmas is None else _small(abs(miss.sigmas), " sd"),
    )


def _small(value: float, unit: str) -> str:
    return f"<{HUNDREDTH:g}{unit}" if 0 < value < HUNDREDTH else f"{value:,.2f}{unit}"

"""The analytics page: figures with their definitions, days as a calendar, and where the result came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from ailona.kit.templatetags.kit import change, grouped, money, tone_of
from analytics.services.live import DayLine, Live
from trading_core.money import amount, plain
from trading_core.performance.definitions import DEFINITIONS, GROUPS
from trading_core.performance.metric import Metric

WAYS = (
    ("symbol", "Symbol"),
    ("exit_reason", "Exit reason"),
    ("hour", "Hour"),
    ("weekday", "Weekday"),
    ("legs", "Averaging legs"),
)
SHADES = 3
"""A day's colour has so many depths on each side."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its definition; one that is missing with its reason."""

    label: str
    says: str
    value: str
    tone: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a breakdown."""

    name: str
    trades: int
    win_rate: str
    net: str
    fees: str
    tone: str
    bar: int
    """Length in percent of the longest."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the calendar; an empty one lies outside the span."""

    shade: str
    title: str
    label: str


@dataclass(frozen=True, slots=True)
class Page:
    """All of it but for the charts."""

    live: Live
    kpis: list[Figure]
    groups: list[tuple[str, list[Figure]]]
    ways: list[tuple[str, list[Part]]]
    weeks: list[tuple[str, list[Cell]]]
    days: list[DayLine]
    """Newest first."""


def page(live: Live) -> Page:
    """Everything the page shows."""
    metrics = live.report.metrics if live.report else {}
    parts = live.report.breakdown if live.report else {}
    return Page(
        live=live,
        kpis=_kpis(live),
        groups=[
            (group, [figure(name, metrics[name]) for name in names if name in metrics])
            for group, names in GROUPS.items()
        ] if metrics else [],
        ways=[(label, _parts(parts[way])) for way, label in WAYS if parts.get(way)],
        weeks=calendar(live.days),
        days=list(reversed(live.days)),
    )  # fmt: skip


def _kpis(live: Live) -> list[Figure]:
    result = sum(day.result for day in live.days)
    fees, funding = sum(day.fees for day in live.days), sum(day.funding for day in live.days)
    told = [
        Figure(
            "Result", "What trading made of the span, open positions at market; deposits and withdrawals are no part.",
            change(result), tone_of(result),
        ),
        Figure("Fees", "Paid to the exchange for executions.", money(fees)),
        Figure(
            "Funding", "Paid to the other side of the contracts; a minus is what was received.",
            money(funding), tone_of(-funding),
        ),
    ]  # fmt: skip
    if linked := time_weighted(live.days):
        told.insert(1, linked)
    metrics = live.report.metrics if live.report else {}
    return told + [
        figure(name, metrics[name])
        for name in ("max_drawdown_pct", "profit_factor", "win_rate_pct")
        if name in metrics
    ]


def time_weighted(days: Sequence[DayLine]) -> Figure | None:
    """The days' returns linked, so that the size and the time of deposits don't matter; None for one bot."""
    percents = [day.percent for day in days]
    if not percents or any(percent is None for percent in percents):
        return None
    *_, product = accumulate((1 + (percent or 0) / 100 for percent in percents), lambda a, b: a * b)
    value = Decimal(str(round(100 * (product - 1), 4)))
    says = "Each day's result over the equity it began with, linked: deposits and withdrawals don't move it."
    return Figure("Return", says, f"{grouped(value, 2)}%", tone_of(value))


def figure(name: str, metric: Metric) -> Figure:
    """A metric in words."""
    told = DEFINITIONS[name]
    if metric.value is None:
        return Figure(told.label, told.says, "none", reason=metric.reason)
    value = metric.value
    if told.unit in ("count", "name", "UTC"):
        shown = f"{value:,}" if isinstance(value, int) else str(value).replace("T", " ").removesuffix("Z")
        return Figure(told.label, told.says, shown)
    return Figure(told.label, told.says, grouped(Decimal(value), 2) + ("%" if told.unit == "%" else ""))


def _parts(parts: Mapping[str, Mapping[str, Any]]) -> list[Part]:
    nets = {name: Decimal(part["net"]) for name, part in parts.items()}
    longest = max((abs(net) for net in nets.values()), default=Decimal(0)) or Decimal(1)
    return [
        Part(
            name=name.replace("_", " "), trades=part["trades"],
            win_rate=grouped(Decimal(part["win_rate_pct"]), 1), net=grouped(nets[name], 2),
            fees=grouped(Decimal(part["fees"]), 2), tone=tone_of(nets[name]),
            bar=round(100 * abs(nets[name]) / longest),
        )
        for name, part in parts.items()
    ]  # fmt: skip


def calendar(days: Sequence[DayLine]) -> list[tuple[str, list[Cell]]]:
    """Weeks from Monday to Sunday, each named by its Monday; the deeper the colour, the larger the result."""
    if not days:
        return []
    by_day = {line.day: line for line in days}
    largest = max(abs(line.result) for line in days) or 1
    first = days[0].day - timedelta(days=days[0].day.weekday())
    weeks = []
    while first <= days[-1].day:
        cells = [
            _cell(by_day.get(first + timedelta(days=n)), first + timedelta(days=n), largest) for n in range(7)
        ]
        weeks.append((f"{first:%d %b}", cells))
        first += timedelta(days=7)
    return weeks


def _cell(line: DayLine | None, day: date, largest: int) -> Cell:
    if line is None:
        return Cell("none", "", f"{day:%d}")
    depth = -(-abs(line.result) * SHADES // largest)
    shade = "even" if not line.result else f"{'up' if line.result > 0 else 'down'}-{depth}"
    return Cell(shade, f"{day:%a %d %b}: {change(line.result)}", f"{day:%d}")


def equity_points(live: Live) -> dict[str, Any]:
    """The equity curve for the chart: money as strings, times in seconds."""
    points = [[point.close_ms // 1000, plain(amount(point.equity))] for point in live.curve]
    return {"base": points[0][1] if points else "0", "points": points}


def drawdown_points(live: Live) -> dict[str, Any]:
    """How far equity was below its peak, in percent, for the chart."""
    peaks = accumulate((point.equity for point in live.curve), max)
    points = [
        [point.close_ms // 1000, f"{-100 * (peak - point.equity) / peak if peak > 0 else 0:.4f}"]
        for point, peak in zip(live.curve, peaks, strict=True)
    ]
    return {"base": "0", "points": points}

"""Backtests as pages show them: a list, one that is under way, one that is done, several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from ailona.kit import clock
from analytics.forms import DAYS, PASTED
from analytics.models import BacktestRun, BacktestState
from analytics.report.downloads import FILES
from analytics.report.view import figure
from analytics.services.backtests.available import Span, spans, together
from analytics.services.backtests.reading import COMPARED_MAX, shown
from bots.models import Bot
from bots.pages.words import Badge
from trading_core.performance.definitions import DEFINITIONS

LONG = timedelta(seconds=20)
TONES = {
    BacktestState.QUEUED: "",
    BacktestState.RUNNING: "accent",
    BacktestState.DONE: "up",
    BacktestState.FAILED: "down",
    BacktestState.CANCELLED: "",
}
COMPARED = (
    "net_profit", "net_profit_pct", "cagr_pct", "market_change_pct", "alpha_pct", "max_drawdown_pct",
    "max_drawdown", "sharpe", "sortino", "calmar", "profit_factor", "expectancy", "win_rate_pct", "trades",
    "average_win", "average_loss", "fees", "funding", "exposure_time_pct", "max_exposure_pct",
)  # fmt: skip
"""Figures of a comparison, in their order."""


@dataclass(frozen=True, slots=True)
class Row:
    """A backtest in the list."""

    run: BacktestRun
    badge: Badge
    figures: Mapping[str, Any]
    percent: int
    days: str
    waits_long: bool
    """Whether it waits so long that somebody may wonder."""

    @property
    def is_comparable(self) -> bool:
        """Whether it has a result."""
        return self.run.result_id is not None


def row_of(run: BacktestRun) -> Row:
    """A backtest as the list shows it."""
    state = BacktestState(run.state)
    label = "Cancelling" if run.is_unfinished and run.cancel_requested else state.label
    figures = run.result.figures if run.result else {}
    return Row(
        run,
        Badge(label, TONES[state]),
        {
            name: figure(name, figures[name])
            for name in figures
            if figures[name] is not None and name != "grade"
        },
        int(run.progress * 100),
        _length(run.end_ms - run.start_ms),
        state is BacktestState.QUEUED and clock.now() - run.created_at > LONG,
    )


def _length(span_ms: int) -> str:
    days = span_ms / 86_400_000
    return f"{days:,.0f} days" if days >= 2 else f"{span_ms / 3_600_000:,.1f} hours"  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Available:
    """What is stored for a bot's symbols, and the period that is suggested."""

    bot: Bot
    span: Span | None
    symbols: Sequence[str]

    @property
    def told(self) -> str:
        """What is stored, in words."""
        if self.span is None:
            return "no candles are stored yet"
        first, last = (
            datetime.fromtimestamp(ms / 1000, UTC) for ms in (self.span.start_ms, self.span.end_ms)
        )
        return f"candles from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def available(bots: Sequence[Bot]) -> list[Available]:
    """What there is to play for each bot."""
    found = []
    for bot in bots:
        symbols = bot.document["universe"]["symbols"]
        found.append(Available(bot, together(spans(bot.source, bot.category, symbols)), symbols))
    return found


def first_values(bots: Sequence[Available], asked: str, today: date) -> dict[str, Any]:
    """Values the form starts with: the bot asked for, or the first; the last 90 days that are stored."""
    chosen = next((one for one in bots if one.bot.code == asked), bots[0] if bots else None)
    last = today
    first = today - timedelta(days=DAYS)
    if chosen is not None and chosen.span is not None:
        last = _date(chosen.span.end_ms - 1)
        first = max(last - timedelta(days=DAYS - 1), _date(chosen.span.start_ms))
    values: dict[str, Any] = {"start": first, "end": last, "bot": chosen.bot.code if chosen else PASTED}
    if chosen is not None:
        values["balance"] = chosen.bot.document["wallet"]["balance"]
    return values


def _date(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def downloads(run: BacktestRun) -> list[tuple[str, str]]:
    """Address and label of each file of a result."""
    return [
        (reverse("api-backtest-export", args=[run.code, kind]), file.label) for kind, file in FILES.items()
    ]


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one of several backtests."""

    value: str
    tone: str
    reason: str
    best: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several backtests side by side."""

    runs: list[BacktestRun]
    periods: list[str]
    rows: list[tuple[str, str, list[Cell]]]
    """Label, definition, and a cell for each backtest."""
    curves: list[dict[str, Any]]
    """For the chart: name and points (close, percent gained since the start)."""
    same_period: bool
    cut: int = COMPARED_MAX


LESS_IS_BETTER = frozenset({"max_drawdown_pct", "max_drawdown"})
NOT_JUDGED = frozenset(
    {"market_change_pct", "trades", "fees", "funding", "exposure_time_pct", "max_exposure_pct"}
)


def comparison(runs: Sequence[BacktestRun]) -> Comparison:
    """Set the results of these backtests side by side."""
    results = [shown(run) for run in runs]
    metrics = [result["metrics"] for result in results]
    periods = [(result["meta"]["from"], result["meta"]["to"]) for result in results]
    return Comparison(
        list(runs),
        [f"{first[:10]} to {last[:10]}" for first, last in periods],
        [(DEFINITIONS[name].label, DEFINITIONS[name].says, _cells(name, metrics)) for name in COMPARED],
        [_curve(run, result) for run, result in zip(runs, results, strict=True)],
        len(set(periods)) == 1,
    )


def _cells(name: str, metrics: Sequence[Mapping[str, Any]]) -> list[Cell]:
    values = [None if isinstance(one[name], Mapping) else Decimal(str(one[name])) for one in metrics]
    known = [value for value in values if value is not None]
    judged = name not in NOT_JUDGED and len(set(known)) > 1
    best = (min if name in LESS_IS_BETTER else max)(known) if judged else None
    shown_as = [figure(name, one[name]) for one in metrics]
    return [
        Cell(told["value"], told["tone"], told.get("reason", ""), best is not None and value == best)
        for told, value in zip(shown_as, values, strict=True)
    ]


def _curve(run: BacktestRun, result: Mapping[str, Any]) -> dict[str, Any]:
    start = Decimal(result["meta"]["wallet_start"])
    points = [
        [point["close"], float(100 * (Decimal(point["equity"]) - start) / start)]
        for point in result["equity"]
    ]
    return {"code": run.code, "name": run.name, "points": points}

"""Candles around one decision, with what was entered, refused and nearly signalled on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bots.models import Bot
from bots.pages import blame, chart
from bots.pages.outcomes import ENTERED, NEAR, REFUSED, Kind, kind_of
from bots.services import journal, store
from bots.services.documents import document_at
from bots.services.instruments import latest_instruments
from bots.services.journal import Decision
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe

CANDLES_BEFORE, CANDLES_AFTER = 60, 30
_SHOWN = (ENTERED, REFUSED, NEAR)


@dataclass(frozen=True, slots=True)
class _Window:
    start_ms: int
    end_ms: int


def decision_chart(bot: Bot, decision: Decision) -> dict[str, Any]:
    """The chart's numbers, JSON-able; times in seconds. A decision stands on the candle that closed."""
    timeframe = Timeframe(bot.timeframe)
    instrument = latest_instruments(bot.source, bot.category, [decision.symbol]).get(decision.symbol)
    window = _Window(
        decision.close_ms - CANDLES_BEFORE * timeframe.ms, decision.close_ms + CANDLES_AFTER * timeframe.ms
    )
    key = SeriesKey(bot.source, bot.category, decision.symbol, timeframe)
    candles = store.candles(key, window.start_ms, window.end_ms)
    around = journal.decisions(
        bot, symbol=decision.symbol, from_ms=window.start_ms + 1, to_ms=window.end_ms, newest_first=False
    )
    return {
        "symbol": decision.symbol,
        "step": timeframe.ms // 1000,
        "precision": chart.places(instrument),
        "tick": float(instrument.tick_size) if instrument else 0.01,
        "candles": chart.rows(candles),
        "executions": chart.marks(
            bot, decision.symbol, instrument, window.start_ms, timeframe, window.end_ms
        ),
        "decisions": list(_marks(bot, around, decision, timeframe.ms)),
        "lines": [],
        "whole": True,
    }


def _marks(bot: Bot, around: Sequence[Decision], chosen: Decision, step_ms: int) -> Iterable[dict[str, Any]]:
    near = blame.near_misses(document_at(bot, chosen.close_ms).rules, around, step_ms)
    for one in around:
        kind = kind_of(one.code, near=(one.symbol, one.close_ms) in near)
        here = one.close_ms == chosen.close_ms
        if here or kind in _SHOWN:
            yield mark(one.close_ms, step_ms, kind, "this close" if here else "")


def mark(close_ms: int, step_ms: int, kind: Kind, text: str) -> dict[str, Any]:
    """A decision on the candle that closed with it."""
    return {"time": (close_ms - step_ms) // 1000, "kind": kind.key, "text": text}

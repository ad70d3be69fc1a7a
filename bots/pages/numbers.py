"""The numbers behind many closes at once: each series is computed once for the whole stretch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ailona.kit.templatetags.kit import MINUS
from bots.models import Bot
from bots.services.frames import StoreFrames
from bots.services.tickers import tickers_for
from trading_core.backtest.inputs import symbols_needed
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Floats
from trading_core.rules.columns import Closes, Evaluation, Scope
from trading_core.rules.compile import Leaf, compile_rules, numbers
from trading_core.rules.facts import fact_number
from trading_core.rules.model import Condition, Constant, asks_facts, operands
from trading_core.rules.requirements import frame_start

DIGITS = 6
NOT_READY = "not ready"
NONE = "none"
"""In place of a number about a position that there is not."""
TINY = 1e-4
"""Below this a number is written with its power of ten."""
CLOSES_MAX = 12_000
"""A longer stretch is not computed for a page: its decisions show their numbers on their own pages."""


@dataclass(frozen=True, slots=True)
class NumbersAt:
    """Left and right of every condition at one close."""

    values: Sequence[tuple[float, ...]]
    fixed: Sequence[tuple[bool, ...]]
    """Which of them are written in the rules."""

    def said(self, leaf: int) -> str:
        """A condition's numbers in words: ``41.3 against 32``."""
        return _against(
            f"{value:g}" if fixed else written(value)
            for value, fixed in zip(self.values[leaf], self.fixed[leaf], strict=True)
        )


def own_numbers(condition: Condition, facts: Mapping[str, float]) -> str:
    """The numbers of a condition about the bot itself in words, as they were when it decided.

    ``facts``: numbers by the text of their operand; one that is left out there was none of.
    """
    return _against(
        f"{each.value:g}" if isinstance(each, Constant) else _own(fact_number(each, facts))
        for each in operands(condition)
    )


def _own(value: float) -> str:
    return written(value) if np.isfinite(value) else NONE


def _against(said: Iterable[str]) -> str:
    left, *bounds = said
    return f"{left} against {' to '.join(bounds)}" if bounds else left


def numbers_at(bot: Bot, document: BotDocument, symbol: str, closes: Sequence[int]) -> dict[int, NumbersAt]:
    """The numbers of a document's conditions at some closes of the bot's market, from the stored candles."""
    timeframe, rules = document.timeframe, document.rules
    step, first, last = timeframe.ms, min(closes), max(closes)
    rows = (last - first) // step + 1
    if rows > CLOSES_MAX:
        return {}
    compiled = compile_rules(rules, timeframe)
    start = frame_start(rules, symbol=symbol, timeframe=timeframe, close_ms=first)
    frames = StoreFrames(bot.source, bot.category, start_ms=max(0, start), close_ms=last)
    tickers = tickers_for(symbols_needed(document), bot.source, bot.category, first, last)
    scope = Evaluation(frames, tickers).scope(symbol, Closes(timeframe, last // step - 1, rows))
    with np.errstate(all="ignore"):
        columns = [_columns(leaf, scope, rows) for leaf in compiled.leaves]
    fixed = [tuple(isinstance(part, float) for part in leaf.operands) for leaf in compiled.leaves]
    return {
        close_ms: NumbersAt([tuple(float(column[at]) for column in leaf) for leaf in columns], fixed)
        for close_ms in closes
        if 0 <= (at := (close_ms - first) // step) < rows
    }


def _columns(leaf: Leaf, scope: Scope, rows: int) -> list[Floats]:
    """Each operand of a condition at every close; what the bot knows of itself is not kept in candles."""
    if asks_facts(leaf.condition):
        return [np.full(rows, np.nan) for _ in operands(leaf.condition)]
    return [np.broadcast_to(numbers(part, scope), rows) for part in leaf.operands]


def written(value: float | None) -> str:
    """A number of an indicator in at most six digits; a word where there is none."""
    if value is None or not np.isfinite(value):
        return NOT_READY
    if 0 < abs(value) < TINY:
        return f"{value:.2e}".replace("-", MINUS)
    digits = max(0, DIGITS - len(str(int(abs(value)))))
    text = f"{value:,.{min(digits, 4 if abs(value) >= 1 else DIGITS)}f}"
    return (text if any(digit in text for digit in "123456789") else text.lstrip("-")).replace("-", MINUS)

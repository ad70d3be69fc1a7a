"""Rule-sets to start from, each with a word on what it does badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conditions.son import SON
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text


@dataclass(frozen=True, slots=True)
class RuleTemplate:
    """A rule-set to start from."""

    name: str
    summary: str
    weakness: str
    rules: RuleSet


_TEMPLATES = {
    "eager_scalper": RuleTemplate(
        "Eager scalper",
        "Goes with every small move and leaves when it tires: many short trades.",
        "Pays fees on nearly every candle; in a market that goes nowhere they eat it.",
        RuleSet(
            long=parse_text("close > ema(3)"),
            short=parse_text("close < ema(3)"),
            exit_long=parse_text("rsi(7) > 80 or ema(3) crosses below ema(8)"),
            exit_short=parse_text("rsi(7) < 20 or ema(3) crosses above ema(8)"),
        ),
    ),
    "mean_reversion": RuleTemplate(
        "Mean reversion scalp",
        "Buys below the lower Bollinger band, sells above the upper one, leaves at the middle.",
        "Stands against every strong trend: one long move can undo many small gains.",
        RuleSet(
            long=parse_text("bollinger(20, 2).percent_b < 0.05 and rsi(7) < 32"),
            short=parse_text("bollinger(20, 2).percent_b > 0.95 and rsi(7) > 68"),
            exit_long=parse_text("close >= bollinger(20, 2).middle"),
            exit_short=parse_text("close <= bollinger(20, 2).middle"),
            average_long=parse_text("rsi(7) < 22"),
            average_short=parse_text("rsi(7) > 78"),
        ),
    ),
    "trend_pullback": RuleTemplate(
        "Trend pullback",
        "Waits for a pause in a trend of the higher timeframe and enters when it goes on.",
        "Late at turns, and idle for hours while nothing trends.",
        RuleSet(
            long=parse_text(
                "ema(9)@5m > ema(21)@5m and rsi(7) crosses above 40 within 3 and close > ema(50)"
            ),
            short=parse_text(
                "ema(9)@5m < ema(21)@5m and rsi(7) crosses below 60 within 3 and close < ema(50)"
            ),
            exit_long=parse_text("ema(9) crosses below ema(21)"),
            exit_short=parse_text("ema(9) crosses above ema(21)"),
        ),
    ),
    "breakout": RuleTemplate(
        "Breakout",
        "Enters when the close leaves the range of the last 20 candles on more volume than usual.",
        "Most breakouts fail: it loses often and lives on a few large moves.",
        RuleSet(
            long=parse_text("close > donchian(20).upper[1] and volume > volume_sma(20) * 1.2"),
            short=parse_text("close < donchian(20).lower[1] and volume > volume_sma(20) * 1.2"),
            exit_long=parse_text("close < donchian(10).lower[1]"),
            exit_short=parse_text("close > donchian(10).upper[1]"),
        ),
    ),
    "son": RuleTemplate(
        "SON",
        "The platform's defaults: with a trend that has strength, after a pause in it.",
        "Trades seldom, and gives back part of each move before it leaves.",
        SON,
    ),
}

RULE_TEMPLATES: Mapping[str, RuleTemplate] = MappingProxyType(_TEMPLATES)
"""By code, the most active first."""

"""SON: the platform's default rule-set, a rule-set like any other."""

from __future__ import annotations

from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text

SON = RuleSet(
    long=parse_text(
        "close > ema(100) and ema(9) > ema(21) and rsi(14) crosses above 45 within 5 and adx(14) > 18"
    ),
    short=parse_text(
        "close < ema(100) and ema(9) < ema(21) and rsi(14) crosses below 55 within 5 and adx(14) > 18"
    ),
    exit_long=parse_text("ema(9) crosses below ema(21) or rsi(14) > 78"),
    exit_short=parse_text("ema(9) crosses above ema(21) or rsi(14) < 22"),
    average_long=parse_text("rsi(14) < 35 and close > bollinger(20, 2.5).lower"),
    average_short=parse_text("rsi(14) > 65 and close < bollinger(20, 2.5).upper"),
)
"""Trades with a trend that has strength, after a pause in it."""

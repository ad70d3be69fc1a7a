"""SON: the platform's default rule-set, a rule-set like any other, and how it is layered under others."""

from __future__ import annotations

from trading_core.rules.model import All, AnyOf, RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text

SON_VERSION = 2
"""Counts up whenever SON says something else, or says it by other names."""

SON_NOTE = "Each condition has a name, so that a layer can replace it or switch it off."
"""What the newest version changed."""

SON = RuleSet(
    long=parse_text(
        "long_side: close > ema(100) #son and long_trend: ema(9) > ema(21)"
        " and long_pause: rsi(14) crosses above 45 within 5 and long_strength: adx(14) > 18"
    ),
    short=parse_text(
        "short_side: close < ema(100) #son and short_trend: ema(9) < ema(21)"
        " and short_pause: rsi(14) crosses below 55 within 5 and short_strength: adx(14) > 18"
    ),
    exit_long=parse_text("long_turned: ema(9) crosses below ema(21) or long_spent: rsi(14) > 78"),
    exit_short=parse_text("short_turned: ema(9) crosses above ema(21) or short_spent: rsi(14) < 22"),
    average_long=parse_text("long_sold_out: rsi(14) < 35 and long_in_band: close > bollinger(20, 2.5).lower"),
    average_short=parse_text(
        "short_bought_out: rsi(14) > 65 and short_in_band: close < bollinger(20, 2.5).upper"
    ),
)
"""Trades with a trend that has strength, after a pause in it."""


def over_son(own: RuleSet) -> RuleSet:
    """Return these rules with SON layered under them; raise RulesInvalid if together they won't do.

    A tree that only SON has stands as it is. Where both have one, an entry or a leg needs both to say
    so, and either is enough to leave: what is layered never enters more, nor leaves less, than SON.
    """
    trees = {}
    for name, default in SON.trees():
        mine = getattr(own, name)
        both = AnyOf if name.startswith("exit_") else All
        trees[name] = both((default, mine)) if default is not None and mine is not None else mine or default
    return parse_rules(RuleSet(**trees, expires=own.expires).canonical())

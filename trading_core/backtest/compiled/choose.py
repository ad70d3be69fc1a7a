"""Which documents the compiled run carries; the others are played by the engine itself, to the same result."""

from __future__ import annotations

from collections.abc import Mapping

from trading_core.backtest.compiled.layout import MONEY_MAX
from trading_core.backtest.compiled.prepare import LEGS_MAX
from trading_core.engine.document import BotDocument
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.plan.params import ladder
from trading_core.risk.levels import Guards, Limits

TICKS_MAX = 1 << 31
"""Prices in ticks that a product with parts per million and a position's lots leaves room for."""


def why_not(document: BotDocument, instruments: Mapping[str, Instrument]) -> str:
    """Why a document is not carried; empty if it is."""
    if document.rules.needs_facts:
        return "its rules ask what the bot knows of itself"
    if document.limits != Limits() or document.guards != Guards():
        return "its risk section asks for more than the first limits"
    if len(ladder(document.plan.averaging)) > LEGS_MAX:
        return f"more than {LEGS_MAX} averaging legs"
    for symbol in document.symbols:
        if not _fits(document, instruments[symbol]):
            return f"positions of {symbol} may be worth more than 64 bits hold"
    return ""


def _fits(document: BotDocument, instrument: Instrument) -> bool:
    """Whether all products of a position stay below 2⁶³, a price four times as high included."""
    highest = 4 * max(document.risk.max_position_quote, document.balance)
    tick_lots = instrument.tick_lots_floor(highest)
    num, den = instrument.value_scale
    return max(tick_lots * 2 * PPM, highest, max(num, den) * TICKS_MAX) < MONEY_MAX

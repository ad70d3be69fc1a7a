"""Which documents the compiled run carries; the others are played by the engine itself, to the same result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trading_core.backtest.compiled.prepare import LEGS_MAX
from trading_core.engine.document import BotDocument
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.plan.distances import is_fixed
from trading_core.plan.params import PlanParams, Unfilled, ladder
from trading_core.risk.levels import Guards, Limits

TICKS_MAX = 1 << 31
"""The highest price in ticks that is reckoned with."""
PRODUCT_MAX = 1 << 62


def why_not(document: BotDocument, instruments: Mapping[str, Instrument]) -> str:
    """Why a document is not carried; empty if it is."""
    if asked := next(_not_compiled(document.plan), ""):
        return f"its plan has {asked}"
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


def _not_compiled(plan: PlanParams) -> Iterator[str]:
    """What a plan asks for that only the engine itself carries out."""
    entry, legs = plan.entry, plan.averaging
    if entry.unfilled is not Unfilled.KEEP:
        yield "a rule for entries filled in part"
    if legs is not None and (not is_fixed(legs) or legs.cap_equity_ppm is not None):
        yield "legs whose distances or number are drawn from the market"
    if legs is not None and (legs.retrace_ppm or legs.min_minutes):
        yield "legs that wait"


def _fits(document: BotDocument, instrument: Instrument) -> bool:
    """Whether all products stay below 2⁶³: twice the cap of a position, times two million at most."""
    tick_lots = instrument.tick_lots_floor(2 * document.risk.max_position_quote)
    num, den = instrument.value_scale
    return max(tick_lots * 2 * PPM, 4 * document.balance, max(num, den) * TICKS_MAX) < PRODUCT_MAX

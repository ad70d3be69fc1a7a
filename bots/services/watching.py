"""What plans see of the market beside its last price: the minute that has just closed, the candles before an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bots.models import Bot, Claim
from bots.services import store
from bots.services.documents import document_of
from trading_core.engine.document import BotDocument
from trading_core.engine.entries import asks_entry
from trading_core.engine.snapshot import SymbolFacts
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.plan.frame import Frame, recent_of
from trading_core.plan.recent import Recent, Tick, candles_needed


def due_close(bot: Bot) -> int:
    """The close a bot that is behind sees next: the latest of its timeframe, else the latest minute."""
    step = Timeframe(bot.timeframe).ms
    latest = bot.wanted // step * step
    return latest if latest > bot.done else bot.wanted


def followed_symbols(bot: Bot) -> list[str]:
    """The symbols of the trades a bot has under way."""
    return sorted(Claim.objects.filter(bot=bot).values_list("symbol", flat=True))


def seen(bot: Bot, facts: Mapping[str, SymbolFacts], close_ms: int) -> dict[str, SymbolFacts]:
    """The facts with what the bot's plan wants to see of the market at a close."""
    document = document_of(bot)
    if not document.plan.follows and not candles_needed(document.plan):
        return dict(facts)
    return {symbol: _seen(document, symbol, one, close_ms) for symbol, one in facts.items()}


def _seen(document: BotDocument, symbol: str, facts: SymbolFacts, close_ms: int) -> SymbolFacts:
    instrument, needed = facts.instrument, candles_needed(document.plan)
    tick, recent = None, None
    if document.plan.follows and not facts.plan.is_flat:
        tick = _tick(document, symbol, instrument, close_ms)
    if needed and asks_entry(facts.verdict):
        recent = _recent(document, symbol, instrument, close_ms, needed)
    return replace(facts, tick=tick, recent=recent)


def _tick(document: BotDocument, symbol: str, instrument: Instrument, close_ms: int) -> Tick | None:
    """The minute that closed then, if it has a candle."""
    key = SeriesKey(document.market.source, document.market.category, symbol, store.BASE)
    found = store.candles(key, close_ms - store.BASE.ms, close_ms)
    if not len(found):
        return None
    return Tick(
        *(instrument.nearest_ticks(float(column[-1])) for column in (found.high, found.low, found.close))
    )


def _recent(
    document: BotDocument, symbol: str, instrument: Instrument, close_ms: int, count: int
) -> Recent | None:
    timeframe = document.timeframe
    found = store.candles(document.series(symbol), close_ms - count * timeframe.ms, close_ms)
    return recent_of(Frame(timeframe, instrument, found), close_ms, count)

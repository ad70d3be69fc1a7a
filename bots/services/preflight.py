"""Preflight of bots and documents on the market as it stands; an unsafe plan does not start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.models import Environment
from bots.models import Bot, PositionRow
from bots.services.documents import document_of
from bots.services.facts import position_of, reserved_margin
from bots.services.frames import StoreFrames
from bots.services.instruments import latest_instruments
from bots.services.latest import last_closes
from bots.services.market import market_ms
from trading_core.engine.document import BotDocument
from trading_core.engine.preflight import Preflight, preflight
from trading_core.errors import InvalidInput
from trading_core.market.instrument import Instrument
from trading_core.plan.frame import Frame, recent_of
from trading_core.plan.recent import Recent, candles_needed


class PlanUnsafe(InvalidInput):
    """A bot whose worst case forbids to start it; ``result`` is the whole table."""

    def __init__(self, result: Preflight) -> None:
        first, *others = result.refused
        more = f" ({len(others)} more)" if others else ""
        where = f"{first.symbol}: " if first.symbol else ""
        super().__init__("plan", f"the plan is unsafe: {where}{first.text}{more}")
        self.result = result


@dataclass(frozen=True, slots=True)
class Means:
    """What a bot has to trade with, money units."""

    equity: int
    available: int
    """Wallet less what other bots of the account have tied up; losses not yet realised count."""


def preflight_document(document: BotDocument, means: Means | None = None) -> Preflight:
    """Judge a document at the newest closes; without ``means`` on the balance it asks for."""
    source, category = document.market.source, document.market.category
    instruments = latest_instruments(source, category, document.symbols)
    closes = last_closes((source, category, symbol) for symbol in document.symbols)
    prices = {
        symbol: instruments[symbol].nearest_ticks(close)
        for (_, _, symbol), close in closes.items()
        if symbol in instruments
    }
    has = means or Means(document.balance, document.balance)
    recents = _recents(document, instruments)
    return preflight(
        document, instruments, prices, equity=has.equity, available=has.available, recents=recents
    )


def _recents(document: BotDocument, instruments: Mapping[str, Instrument]) -> dict[str, Recent]:
    """The latest candles that distances are drawn from, where the plan needs any and they stand in a row."""
    needed, step = candles_needed(document.plan), document.timeframe
    if not needed:
        return {}
    market = document.market
    close_ms = market_ms(market.source) // step.ms * step.ms
    frames = StoreFrames(
        market.source, market.category, start_ms=close_ms - needed * step.ms, close_ms=close_ms
    )
    found = {
        symbol: recent_of(Frame(step, instrument, frames[symbol, step]), close_ms, needed)
        for symbol, instrument in instruments.items()
    }
    return {symbol: recent for symbol, recent in found.items() if recent is not None}


def preflight_bot(bot: Bot) -> Preflight:
    """Judge a bot (its account loaded) with what its account has; not yet opened, with what it will have."""
    return preflight_document(document_of(bot), _means(bot))


def check_start(bot: Bot) -> None:
    """Raise PlanUnsafe if the bot must not start; an account of unknown means is judged once they are known."""
    if not _is_known(bot):
        return
    result = preflight_bot(bot)
    if result.refused:
        raise PlanUnsafe(result)


def _is_known(bot: Bot) -> bool:
    account = bot.account
    return account.environment == Environment.PAPER or account.opened_generation == account.generation


def _means(bot: Bot) -> Means | None:
    account = bot.account
    if account.opened_generation != account.generation:
        return Means(account.paper_balance, account.paper_balance) if account.paper_balance else None
    held = list(PositionRow.objects.filter(account_id=bot.account_id).exclude(lots=0))
    equity = account.wallet + _unrealised(bot, held)
    others = [row for row in held if row.bot_id != bot.pk]
    return Means(equity, min(account.wallet, equity) - reserved_margin(bot, others))


def _unrealised(bot: Bot, held: Sequence[PositionRow]) -> int:
    instruments = latest_instruments(bot.source, bot.category, [row.symbol for row in held])
    closes = last_closes((bot.source, bot.category, row.symbol) for row in held)
    return sum(
        position_of(row).unrealised(instrument.nearest_ticks(close), instrument)
        for row in held
        if (instrument := instruments.get(row.symbol)) is not None
        and (close := closes.get((bot.source, bot.category, row.symbol))) is not None
    )

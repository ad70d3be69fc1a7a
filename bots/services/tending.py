"""Carries out the difference between what should stand and what does, for some symbols of one bot."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.platform_halt import ANNOTATION, newest
from bots.models import Bot, BotState, StopMode
from bots.services.commit import Occasion, commit_intents, commit_plans, release_claims
from bots.services.documents import document_of
from bots.services.facts import facts_of
from bots.services.watching import seen
from trading_core.engine.tend import close_out, tend

LEFT = "left"


def tend_symbols(
    bot: Bot,
    symbols: Sequence[str],
    now_ms: int,
    *,
    closing: bool = False,
    retry: bool = False,
    minute_closed: bool = False,
    patience_ms: int = 0,
) -> int:
    """Plan what the facts ask for now; return how many intents were written down.

    The caller holds the transaction with the bot's row locked. ``now_ms`` is the market clock.

    ``closing`` closes whatever there is, ``patience_ms`` lets it wait for its price so long, ``retry`` lets
    requests that were refused be made again, ``minute_closed`` shows plans that follow the market the minute
    that closed at ``now_ms``.
    """
    facts = facts_of(bot, symbols, at_ms=now_ms)
    if minute_closed:
        facts = seen(bot, facts, now_ms)
    document = document_of(bot)
    written = 0
    plans = {}
    for symbol in symbols:
        one = facts[symbol]
        if closing:
            tended = close_out(document, rests_as(bot), symbol, one, now_ms=now_ms, patience_ms=patience_ms)
        else:
            tended = tend(document, rests_as(bot), symbol, one, now_ms=now_ms, retry=retry)
        plans[symbol] = tended.plan
        commit_intents(bot, facts, tended.intents, Occasion(now_ms))
        written += len(tended.intents)
    commit_plans(bot, facts, plans)
    release_claims(bot, plans)
    return written


def rests_as(bot: Bot) -> str:
    """What may rest on the exchange for a bot: that of its state, but for one that was left as it stood."""
    return LEFT if bot.state == BotState.STOPPED and bot.stop_mode == StopMode.LEAVE else bot.state


def locked_bot(bot_id: int) -> Bot:
    """Return a bot of the active workspace with its row locked until the transaction ends."""
    rows = Bot.objects.select_for_update(of=("self",), no_key=True).select_related("account__workspace")
    bot = rows.annotate(**{ANNOTATION: newest()}).get(pk=bot_id)
    bot.account.__dict__[ANNOTATION] = bot.__dict__[ANNOTATION]
    return bot

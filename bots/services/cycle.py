"""A bot's turn at a close: claimed, decided, written down, once.

The lease of a bot is its row, taken by a conditional UPDATE at the beginning of the transaction that
writes the decision: a worker that dies gives it back with its connection, and nothing is half done.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from django.db import Error as DatabaseError
from django.db.models import F

from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, EquityPoint, Outcome
from bots.services import store
from bots.services.commit import commit_decision, release_claims
from bots.services.documents import document_of
from bots.services.facts import snapshot_of, symbols_of, unrealised_of
from bots.services.guards import may_enter
from bots.services.locks import locks_of, set_by_losses
from bots.services.market import market_ms
from bots.services.parking import note_failure
from bots.services.rungs import account_on_ladder, save_mark
from bots.services.stopping import settle_stopping
from bots.services.tending import tend_symbols
from bots.services.verdicts import verdicts_for
from bots.services.watching import due_close, followed_symbols
from bots.states import LISTENING
from trading_core.engine.cycle import decide
from trading_core.engine.laddered import laddered
from trading_core.engine.outcome import OutcomeCode
from trading_core.engine.snapshot import Snapshot
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.rules.verdict import Verdict

logger = logging.getLogger(__name__)


def run_cycle(bot_id: int, workspace_id: int) -> int:
    """Decide every close a bot has not seen; return how many were decided.

    Safe to call at any time and from several workers: with nothing to do it returns 0.
    """
    decided = 0
    try:
        while (bot := _behind(bot_id, workspace_id)) is not None:
            decided += _turn(bot)
            if bot.done == bot.wanted:
                break  # whoever raised it meanwhile rings again after us
    except DatabaseError:
        raise  # not the bot's fault: the sweep rings again
    except Exception as error:  # a bot that fails must not stop the others
        logger.exception("bot %s failed in its cycle", bot_id)
        note_failure(bot_id, workspace_id, error)
    return decided


def _behind(bot_id: int, workspace_id: int) -> Bot | None:
    with workspace_scope(workspace_id, reading=True):
        return Bot.objects.filter(pk=bot_id, wanted__gt=F("done"), state__in=LISTENING).first()


def _turn(bot: Bot) -> bool:
    """See the latest close; whether it was decided: not if somebody else did, or trades were only shown a minute."""
    with workspace_scope(bot.workspace_id, reading=True):
        # Computed, if need be, before the transaction: on SQLite that would keep every writer waiting.
        close_ms = due_close(bot)
        decides = Timeframe(bot.timeframe).closes_at(close_ms)
        verdicts = verdicts_for(bot, close_ms) if decides else {}
    with workspace_scope(bot.workspace_id):
        if not _claim(bot, close_ms):
            return False
        bot.account = account_on_ladder(bot.account_id, locking=may_enter(verdicts))
        if decides:
            _decide(bot, close_ms, verdicts)
        else:
            tend_symbols(bot, followed_symbols(bot), close_ms, minute_closed=True)
            bot.done, bot.failures = close_ms, 0
    return decides


def _claim(bot: Bot, close_ms: int) -> bool:
    """Take the bot's row, if it is still as it was read, for the rest of the transaction.

    The close counts as done from here on: whatever goes wrong later undoes that too.
    """
    as_read = Bot.objects.filter(
        pk=bot.pk, wanted=bot.wanted, done=bot.done, state=bot.state, lease_token=bot.lease_token
    )
    return bool(
        as_read.update(lease_holder=_holder(), lease_token=bot.lease_token + 1, done=close_ms, failures=0)
    )


def _decide(bot: Bot, close_ms: int, verdicts: Mapping[str, Verdict | None]) -> None:
    _record_missed(bot, close_ms)
    snapshot = snapshot_of(bot, close_ms=close_ms, verdicts=verdicts, age_ms=_age_ms(bot, close_ms))
    snapshot, locks = laddered(
        snapshot,
        snapshot.levels,
        locks_of(bot.account),
        bot=bot.code,
        zone=bot.account.workspace.timezone,
    )
    decision = decide(snapshot)
    commit_decision(bot, snapshot, decision)
    release_claims(bot, decision.plans)
    _record_equity(bot, snapshot)
    save_mark(bot, snapshot)
    set_by_losses(bot, locks)
    bot.done, bot.failures = close_ms, 0
    settle_stopping(bot)
    tell(bot.workspace_id, {"type": "bot.decided", "bot": bot.code, "close_ms": close_ms})


def _holder() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}"


def _record_missed(bot: Bot, close_ms: int) -> None:
    """Write one range record for the closes that passed while nobody looked; they are not traded.

    A close without a candle of any of the bot's symbols was none: the market stood still.
    """
    step = Timeframe(bot.timeframe).ms
    if not bot.done or bot.done + step >= close_ms:
        return
    symbols = symbols_of(bot)
    closes = sorted(set().union(*(_closes_between(bot, symbol, bot.done, close_ms) for symbol in symbols)))
    if not closes:
        return
    details = {
        "from_ms": closes[0], "to_ms": closes[-1], "closes": len(closes), "reason": "it was down or too slow",
    }  # fmt: skip
    missed = partial(Outcome, bot=bot, close_ms=closes[-1], code=OutcomeCode.MISSED.value, leaves=b"")
    Outcome.objects.bulk_create(
        [missed(symbol=symbol, details=details) for symbol in symbols], ignore_conflicts=True
    )


def _closes_between(bot: Bot, symbol: str, after_ms: int, before_ms: int) -> set[int]:
    """Return the closes of the bot's timeframe, strictly between two, at which a base candle closed."""
    timeframe = Timeframe(bot.timeframe)
    key = SeriesKey(bot.source, bot.category, symbol, store.BASE)
    times = store.candles(key, after_ms, before_ms - store.BASE.ms).open_time
    return {int(time) + store.BASE.ms for time in times if timeframe.closes_at(int(time) + store.BASE.ms)}


def _age_ms(bot: Bot, close_ms: int) -> int:
    """How far the market's clock has gone on since a close, by the last close that was heard.

    Asked only for a bot that was woken longer ago than its signals live: any later close would have
    woken it again.
    """
    lives_ms = document_of(bot).rules.expires * Timeframe(bot.timeframe).ms
    if bot.rung_at is not None and (clock.now() - bot.rung_at) < timedelta(milliseconds=lives_ms):
        return 0
    return max(0, market_ms(bot.source) - close_ms)


def _record_equity(bot: Bot, snapshot: Snapshot) -> None:
    EquityPoint.objects.bulk_create(
        [
            EquityPoint(
                bot=bot,
                close_ms=snapshot.close_ms,
                wallet=snapshot.wallet,
                unrealised=unrealised_of(snapshot.symbols.values()),
                generation=bot.account.generation,
            )
        ],
        ignore_conflicts=True,
    )

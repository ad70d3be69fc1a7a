"""A counterfactual computed: what it needs is read first, then worked out without a database.

The result, JSON-able (times in ms, money as decimal strings)::

    {"symbols": ["BTCUSDT"], "from_ms": ..., "to_ms": ..., "candles": 43200,
     "original": SIDE, "changed": SIDE,
     "differing": {"count": 12, "shown": [{"symbol", "close_ms", "original": {"code", "sentence"},
                                           "changed": {"code", "sentence"}}, ...]},
     "equity": [[close_ms, original, changed], ...],
     "journal": {"compared", "equal", "same_answers", "missed",
                 "first_difference": null or {"symbol", "close_ms", "recorded", "replayed"}},
     "notes": ["Fees as in the bot's document.", ...]}

    SIDE = {"signals": 31, "entered": 28, "trades": 27, "won": 15, "net": "12.5", "fees": "3.2",
            "wallet": "10012.5", "drawdown_pct": "1.2", "outcomes": {"no_signal": 40000, ...}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.models import Bot
from bots.services import journal, store
from bots.services.documents import document_of, document_since
from bots.services.instruments import latest_instruments
from bots.services.journal import Decision
from bots.services.market import market_ms
from bots.services.tickers import tickers_for
from trading_core.backtest.inputs import symbols_needed
from trading_core.backtest.interpreter import Progress
from trading_core.backtest.result import Played
from trading_core.backtest.whatif import Differing, WhatIf, changed_document, signals, what_if
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode, sentence
from trading_core.errors import InvalidInput
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.money import amount, plain
from trading_core.performance.ledger import DecisionRecord
from trading_core.performance.metrics import max_drawdown, outcome_counts
from trading_core.performance.trades import trades_of
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.requirements import frame_start

SHOWN_MAX = 200
POINTS_MAX = 400


@dataclass(frozen=True, slots=True)
class Question:
    """Everything a counterfactual needs."""

    document: BotDocument
    changed: BotDocument
    start_ms: int
    end_ms: int
    candles: Mapping[str, Candles]
    instruments: Mapping[str, Instrument]
    tickers: TickersBySymbol
    recorded: Sequence[Decision]
    """What the bot itself decided in that time, under the document it has now."""


def gather(bot: Bot, change: object, days: int) -> Question:
    """Read what is needed; raise InvalidInput if there are no candles for it."""
    document = document_of(bot)
    changed = changed_document(document, change)
    end_ms = max(bot.done, market_ms(bot.source)) // store.BASE.ms * store.BASE.ms
    start_ms = max(0, end_ms - days * Timeframe.D1.ms)
    known = document_since(bot)
    recorded = journal.decisions(bot, from_ms=max(known, start_ms) + 1, to_ms=end_ms, newest_first=False)
    if recorded and known < start_ms:
        # A bot that began in that time is replayed from its beginning, flat as it was then.
        start_ms = max(start_ms, recorded[0].close_ms - document.timeframe.ms)
    needed = sorted({*symbols_needed(document), *symbols_needed(changed)})
    told = {
        one
        for rules in (document.rules, changed.rules)
        for symbol in document.symbols
        for one in ticker_symbols(rules, symbol)
    }
    first_ms = min(
        frame_start(one.rules, symbol="", timeframe=one.timeframe, close_ms=start_ms)
        for one in (document, changed)
    )
    candles = {
        symbol: store.candles(
            SeriesKey(bot.source, bot.category, symbol, store.BASE), max(0, first_ms), end_ms
        )
        for symbol in needed
    }
    empty = [symbol for symbol in document.symbols if not len(candles[symbol].between(start_ms, end_ms))]
    if empty:
        raise InvalidInput("days", f"there are no candles of {', '.join(empty)} in that time")
    return Question(
        document,
        changed,
        start_ms,
        end_ms,
        candles,
        latest_instruments(bot.source, bot.category, document.symbols),
        tickers_for(told, bot.source, bot.category, first_ms, end_ms),
        recorded,
    )


def answer(question: Question, progress: Progress | None = None) -> dict[str, Any]:
    """Work a counterfactual out; what ``progress`` raises ends the work."""
    found = what_if(
        question.document,
        question.changed,
        question.candles,
        question.instruments,
        start_ms=question.start_ms,
        end_ms=question.end_ms,
        tickers=question.tickers,
        progress=progress,
    )
    original = found.original
    return {
        "symbols": list(question.document.symbols),
        "from_ms": original.start_ms,
        "to_ms": original.end_ms,
        "candles": original.candles,
        "original": _side(original),
        "changed": _side(found.changed),
        "differing": {
            "count": len(found.differing),
            "shown": [_differing(one) for one in found.differing[:SHOWN_MAX]],
        },
        "equity": _curves(found),
        "journal": _agreement(question.recorded, original),
        "notes": _notes(question),
    }


def _side(played: Played) -> dict[str, Any]:
    trades = trades_of(played.executions)
    balance = played.document.balance
    outcomes = outcome_counts(played.decisions)
    _, share = max_drawdown([balance, *(point.equity for point in played.equity)])
    return {
        "signals": signals(played.document.rules, played.decisions),
        "entered": outcomes.get(OutcomeCode.ENTERED, 0),
        "trades": len(trades),
        "won": sum(trade.net > 0 for trade in trades),
        "net": _money(played.wallet - balance),
        "fees": _money(sum(execution.fee for execution in played.executions)),
        "wallet": _money(played.wallet),
        "drawdown_pct": share,
        "outcomes": outcomes,
    }


def _money(units: int) -> str:
    return plain(amount(units))


def _differing(one: Differing) -> dict[str, Any]:
    return {
        "symbol": one.original.symbol,
        "close_ms": one.original.close_ms,
        "original": {
            "code": one.original.code,
            "sentence": sentence(one.original.code, one.original.details),
        },
        "changed": {"code": one.changed.code, "sentence": sentence(one.changed.code, one.changed.details)},
    }


def _curves(found: WhatIf) -> list[list[Any]]:
    """Equity of both at evenly picked closes, the last one always among them."""
    points = list(zip(found.original.equity, found.changed.equity, strict=True))
    step = max(1, -(-len(points) // POINTS_MAX))
    picked = points[::-1][::step][::-1]
    return [[one.close_ms, _money(one.equity), _money(other.equity)] for one, other in picked]


def _agreement(recorded: Sequence[Decision], replayed: Played) -> dict[str, Any]:
    """Whether the replay with unchanged rules decided what the bot decided, close by close."""
    again = {(d.symbol, d.close_ms): d for d in replayed.decisions}
    compared = equal = same_answers = missed = 0
    first = None
    for was in recorded:
        now = again.get((was.symbol, was.close_ms))
        if was.code == OutcomeCode.MISSED:
            missed += int(was.details.get("closes", 1))
        elif now is not None:
            same = was.leaves.hex() == now.leaves
            compared, same_answers = compared + 1, same_answers + same
            if same and was.code == now.code:
                equal += 1
            else:
                first = first or (was, now)
    return {
        "compared": compared,
        "equal": equal,
        "same_answers": same_answers,
        "missed": missed,
        "first_difference": None if first is None else _parting(*first),
    }


def _parting(was: Decision, now: DecisionRecord) -> dict[str, Any]:
    return {"symbol": was.symbol, "close_ms": was.close_ms, "recorded": was.code, "replayed": now.code}


def _notes(question: Question) -> list[str]:
    notes = [
        "Both runs start flat with the balance of the bot's document and fill on candles.",
        "Fees are those of the bot's document; funding is not booked.",
        "Both are computed anew from the stored candles; the journal is what they are held against.",
    ]
    if any(d.code == OutcomeCode.MISSED for d in question.recorded):
        notes.append("The bot missed closes in this time; the replay decides them.")
    if question.document.rules.needs_facts or question.changed.rules.needs_facts:
        notes.append(
            "Conditions about the position and the portfolio see those of the replay, not the bot's."
        )
    return notes

"""One decision explained again: numbers recomputed from the stored candles, proven equal to the record.

The rules are those the bot had at that close, the numbers about the bot itself those that were written
down with the decision. What was recorded is the truth; where the recomputed answers differ from it (a
candle that was told differently later, or arrived late), the difference is named, never hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.models import Bot
from bots.services.documents import document_at
from bots.services.frames import frames_for
from bots.services.journal import Decision
from bots.services.tickers import tickers_of
from trading_core.backtest.result import iso
from trading_core.backtest.whatif import changed_document
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import sentence
from trading_core.engine.rule_facts import numbers_told
from trading_core.rules.explain import Explanation, explain
from trading_core.rules.text import condition_text, to_text
from trading_core.rules.verdict import slots_of, unpack_truths

_WORDS = {1: "true", 0: "false", -1: "unknown"}


@dataclass(frozen=True, slots=True)
class Differing:
    """A condition, or a count, whose recomputed answer is not the recorded one."""

    slot: int
    """Place in the verdict: the conditions, then the outermost counts."""
    text: str
    recorded: str
    """true, false, unknown."""
    recomputed: str

    def __str__(self) -> str:
        return f"{self.text}: recorded {self.recorded}, recomputed {self.recomputed}"


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision with the conditions behind it."""

    decision: Decision
    explanation: Explanation
    rules_hash: str
    """Of the rules the bot had at that close."""
    differs: tuple[Differing, ...]
    """Empty when everything recomputed is as it was recorded."""

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return sentence(self.decision.code, self.decision.details)

    def as_text(self) -> str:
        """Lines for a person; what differs from the record stands above everything else."""
        head = f"{iso(self.decision.close_ms)} {self.decision.symbol}: {self.decision.code}"
        alarm = [f"DIFFERS FROM THE RECORD: {one}" for one in self.differs]
        return "\n".join([*alarm, head, self.sentence, "", self.explanation.as_text()])

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON: the explanation, with what differs from the record."""
        differs = [
            {"slot": d.slot, "text": d.text, "recorded": d.recorded, "recomputed": d.recomputed}
            for d in self.differs
        ]
        return {**self.explanation.as_data(), "rules_hash": self.rules_hash, "differs": differs}


def explain_decision(bot: Bot, decision: Decision) -> Explained:
    """Return why a decision came to what it did, with every number, checked against the record."""
    document = document_at(bot, decision.close_ms)
    facts = numbers_told(decision.details)
    found = explain_at(bot, document, decision.symbol, decision.close_ms, facts=facts)
    return Explained(decision, found, document.rules.hash, _differing(document, decision, found))


def explain_at(
    bot: Bot,
    document: BotDocument,
    symbol: str,
    close_ms: int,
    *,
    facts: Mapping[str, float] | None = None,
) -> Explanation:
    """Return what the rules of any document say of the bot's market at a close, with every number.

    ``facts`` are the numbers about the bot itself, by the text of their operand.
    """
    rules, timeframe, market = document.rules, document.timeframe, document.market
    source, category = market.source, market.category
    frames = frames_for([rules], source=source, category=category, timeframe=timeframe, close_ms=close_ms)
    tickers = tickers_of(
        [(rules, symbol)], source=source, category=category, timeframe=timeframe, close_ms=close_ms
    )
    return explain(
        rules, frames, symbol=symbol, timeframe=timeframe, close_ms=close_ms, tickers=tickers, facts=facts
    )


def explain_hypothetical(bot: Bot, rules: object, symbol: str, close_ms: int) -> Explanation:
    """Return what other rules, a whole document of them, would have said of a symbol of the bot at a close.

    Conditions about the bot itself are unknown: nobody knows what it would have held. Raise RulesInvalid
    with the place of what is wrong.
    """
    return explain_at(bot, changed_document(document_at(bot, close_ms), rules), symbol, close_ms)


def _differing(document: BotDocument, decision: Decision, found: Explanation) -> tuple[Differing, ...]:
    if not decision.leaves:
        return ()  # nothing was asked: no candle, or the close was missed
    slots = slots_of(document.rules)
    texts = [condition_text(condition) for condition in document.rules.conditions]
    texts += [to_text(count) for count in document.rules.counts]
    if len(decision.leaves) != len(found.verdict.leaves):
        return (
            Differing(-1, "the rules", f"{len(decision.leaves)} bytes", f"{len(found.verdict.leaves)} bytes"),
        )
    told = unpack_truths(decision.leaves, slots)
    again = unpack_truths(found.verdict.leaves, slots)
    return tuple(
        Differing(slot, texts[slot], _WORDS[was], _WORDS[now])
        for slot, (was, now) in enumerate(zip(told, again, strict=True))
        if was != now
    )

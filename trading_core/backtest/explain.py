"""One decision explained: what the bot did at a close, and what each condition said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trading_core.backtest.result import iso
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import sentence
from trading_core.engine.rule_facts import numbers_told
from trading_core.errors import InvalidInput
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import RecordedBySymbol
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.window import frames_of
from trading_core.performance.ledger import DecisionRecord
from trading_core.rules.explain import Explanation, explain
from trading_core.rules.model import RuleSet, conditions
from trading_core.rules.packed import unpack_closes
from trading_core.rules.requirements import lookback, requirements
from trading_core.rules.study.blockers import sole_blockers
from trading_core.rules.text import condition_text
from trading_core.rules.verdict import slots_of


@dataclass(frozen=True, slots=True)
class Explained:
    """An outcome with the conditions behind it."""

    record: DecisionRecord
    conditions: Explanation
    alone: Mapping[str, tuple[str, ...]]
    """By entry tree the conditions each of which alone kept it from being true; of one condition, none."""

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return sentence(self.record.code, self.record.details)

    def as_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "symbol": self.record.symbol,
            "close": iso(self.record.close_ms),
            "code": self.record.code,
            "sentence": self.sentence,
            "details": self.record.details,
            "conditions": self.conditions.as_data(),
            "sole_blockers": {tree: list(texts) for tree, texts in self.alone.items()},
        }

    def as_text(self) -> str:
        """Lines for a person."""
        head = f"{iso(self.record.close_ms)} {self.record.symbol}: {self.record.code}"
        only = "".join(
            f"\nOnly {text} kept {tree} from being true."
            for tree, texts in self.alone.items()
            for text in texts
        )
        return f"{head}\n{self.sentence}{only}\n\n{self.conditions.as_text()}"


def explain_decision(
    document: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    symbol: str,
    at_ms: int,
    start_ms: int | None = None,
    tickers: TickersBySymbol | None = None,
    recorded: RecordedBySymbol | None = None,
) -> Explained:
    """Return what the bot decided for a symbol at the close at or after ``at_ms``.

    The run up to that close is played, so position, cooldown and money are those of a backtest that
    began at ``start_ms``. Raise InvalidInput if there is no such decision.
    """
    if symbol not in document.symbols:
        raise InvalidInput("symbol", f"expected one of {', '.join(document.symbols)}, was {symbol!r:.40}")
    length = document.timeframe.ms
    close_ms = -(-at_ms // length) * length
    played = run(
        document,
        candles,
        instruments,
        start_ms=start_ms,
        end_ms=close_ms,
        tickers=tickers,
        recorded=recorded,
    )
    record = next(
        (d for d in reversed(played.decisions) if d.symbol == symbol and d.close_ms == close_ms), None
    )
    if record is None:
        raise InvalidInput("at", f"no candle of {document.timeframe} closes at {iso(close_ms)} in this data")
    needed = set(requirements(document.rules, symbol=symbol, timeframe=document.timeframe))
    frames = frames_of(candles, needed | {(symbol, document.timeframe)}, until_ms=close_ms)
    found = explain(
        document.rules,
        frames,
        symbol=symbol,
        timeframe=document.timeframe,
        close_ms=close_ms,
        tickers=tickers,
        facts=numbers_told(record.details),
    )
    told = {d.close_ms: bytes.fromhex(d.leaves) for d in played.decisions if d.symbol == symbol}
    return Explained(record, found, _alone(document.rules, told, length))


def _alone(rules: RuleSet, told: Mapping[int, bytes], step_ms: int) -> dict[str, tuple[str, ...]]:
    """The sole blockers at the last close; what was told before it matters to what looks back."""
    last_ms = max(told)
    if not told[last_ms]:
        return {}
    trees = {name: tree for name, tree in rules.trees() if tree is not None and name in ("long", "short")}
    back = max((lookback(tree) for tree in trees.values()), default=0)
    recent = {close_ms: packed for close_ms, packed in told.items() if close_ms >= last_ms - back * step_ms}
    leaves = unpack_closes(recent, slots_of(rules), step_ms)
    alone = {}
    for name, tree in trees.items():
        if len(set(conditions(tree))) > 1:
            blamed = np.flatnonzero(sole_blockers(rules, leaves, name)[:, -1])
            alone[name] = tuple(dict.fromkeys(condition_text(rules.conditions[i]) for i in blamed.tolist()))
    return {name: texts for name, texts in alone.items() if texts}

"""Counterfactual: the same bot over the same candles with other rules, beside itself as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trading_core.backtest.interpreter import Progress
from trading_core.backtest.result import Played
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument, parse_document
from trading_core.errors import DocumentInvalid, RulesInvalid
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.tickers import TickersBySymbol
from trading_core.performance.ledger import DecisionRecord
from trading_core.rules.edits import edited
from trading_core.rules.fold import fold
from trading_core.rules.model import RuleSet
from trading_core.rules.packed import unpack_rows
from trading_core.rules.verdict import slots_of

_INLINE = "rules.inline"


@dataclass(frozen=True, slots=True)
class Differing:
    """A close that came to something else."""

    original: DecisionRecord
    changed: DecisionRecord


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Two runs and what sets them apart."""

    original: Played
    changed: Played
    differing: tuple[Differing, ...]
    """Another outcome, or the other side of it; sorted by close, then symbol."""


def what_if(
    document: BotDocument,
    changed: BotDocument,
    candles: Mapping[str, Candles],
    instruments: Mapping[str, Instrument],
    *,
    start_ms: int,
    end_ms: int,
    tickers: TickersBySymbol | None = None,
    progress: Progress | None = None,
) -> WhatIf:
    """Play a bot as it is and as it might be over the same candles, flat and with its balance at the start.

    Each half is the very run that ``backtest.run`` makes of its document. Raise InvalidInput as it does.
    """
    played = [
        run(
            one,
            candles,
            instruments,
            start_ms=start_ms,
            end_ms=end_ms,
            tickers=tickers,
            on_progress=None if progress is None else _share(progress, half),
        )
        for half, one in enumerate((document, changed))
    ]
    return WhatIf(played[0], played[1], tuple(_differing(played[0].decisions, played[1].decisions)))


def changed_document(document: BotDocument, change: object) -> BotDocument:
    """Return a bot document with other rules: a whole rule-set, or edits of its own (``rules.edits``).

    Raise RulesInvalid with the path of what is wrong in the rules.
    """
    rules = change if isinstance(change, dict) else edited(document.rules.canonical(), change)
    raw = {**document.canonical(), "rules": {"inline": rules, "son": False}}
    try:
        return parse_document(raw)
    except DocumentInvalid as error:
        path = error.path.removeprefix(_INLINE).removeprefix(".") if error.path != "rules" else ""
        raise RulesInvalid(path, error.reason) from error


def signals(rules: RuleSet, decisions: Sequence[DecisionRecord]) -> int:
    """How many closes the rules asked to enter at, one side alone, whatever became of it."""
    told = [d.leaves for d in decisions if d.leaves]
    if not told:
        return 0
    packed = np.frombuffer(bytes.fromhex("".join(told)), np.uint8).reshape(len(told), -1)
    said = fold(rules, unpack_rows(packed, slots_of(rules)))
    return int(((said["long"] == 1) != (said["short"] == 1)).sum())


def _share(progress: Progress, half: int) -> Progress:
    return lambda share: progress((half + share) / 2)


def _differing(one: Sequence[DecisionRecord], other: Sequence[DecisionRecord]) -> Iterator[Differing]:
    """Both runs decide the same closes, in the same order."""
    for before, after in zip(one, other, strict=True):
        if came_to(before) != came_to(after):
            yield Differing(before, after)


def came_to(decision: DecisionRecord) -> tuple[str, object]:
    """What a decision came to, as far as runs are compared: the outcome, and its side if it has one."""
    return decision.code, decision.details.get("side")

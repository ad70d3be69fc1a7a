"""What kept a bot from entering: which conditions were false, unknown, or alone to blame, and by how much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bots.models import Bot
from bots.services import journal
from bots.services.documents import document_of, document_since
from bots.services.frames import StoreFrames
from bots.services.tickers import tickers_for
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode
from trading_core.errors import InvalidInput
from trading_core.market.candle import number_or_none
from trading_core.rules.figures import ticker_symbols
from trading_core.rules.fold import fold
from trading_core.rules.model import RuleSet, conditions
from trading_core.rules.packed import unpack_rows
from trading_core.rules.requirements import frame_start, lookback
from trading_core.rules.study.blockers import sole_blockers
from trading_core.rules.study.distances import Distances, distances
from trading_core.rules.study.near import EDGES, near_misses
from trading_core.rules.text import condition_text
from trading_core.rules.verdict import Truths, slots_of

NEAREST_MAX = 10
"""Nearest misses of a condition."""

HELD = frozenset(
    {
        OutcomeCode.IN_POSITION.value,
        OutcomeCode.EXIT_RULE.value,
        OutcomeCode.EXIT_TIME.value,
        OutcomeCode.ENTRY_WORKING.value,
        OutcomeCode.ENTRY_TIMEOUT.value,
        OutcomeCode.CLOSING.value,
    }
)
"""Outcomes of a trade under way: no entry is looked for."""
ASKED_HELD = frozenset({OutcomeCode.IN_POSITION.value, OutcomeCode.EXIT_RULE.value})
"""Outcomes at which the rules of a position were asked."""
PURPOSES: Mapping[str, str] = {
    "long": "a long entry",
    "short": "a short entry",
    "exit_long": "the exit from a long position",
    "exit_short": "the exit from a short position",
    "average_long": "averaging into a long position",
    "average_short": "averaging into a short position",
}
"""What each tree is for, as the sentences say it."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Miss:
    """One close at which a condition alone was to blame, and by how much it missed."""

    symbol: str
    close_ms: int
    distance: float
    """In the unit of the operand; negative: outside its bound."""
    percent: float | None
    """Of the bound; None where that is zero."""
    sigmas: float | None
    """In standard deviations of the distance over the period; None where it didn't move."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Closes that missed by at least ``low`` and less than ``high`` standard deviations of the distance."""

    low: float
    high: float | None
    """None: no upper end."""
    closes: int


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """One condition of one tree over the period."""

    leaf: int
    """Place among ``RuleSet.conditions``."""
    text: str
    false: int
    unknown: int
    sole: int
    """Closes at which it alone kept the tree from being true."""
    sentence: str
    bins: tuple[Bin, ...]
    """Empty where nothing could be measured, as with a single close."""
    nearest: tuple[Miss, ...]
    """The closes at which it alone was to blame and missed by least."""


@dataclass(frozen=True, slots=True)
class TreeReport:
    """One tree over the period."""

    tree: str
    """``long``, ``short``, ..."""
    closes: int
    """At which it was asked: entries while flat, the others while in a position of their side."""
    true: int
    false: int
    unknown: int
    sole: int
    """Closes at which a single condition, changed alone, would have made it true."""
    conditions: tuple[ConditionReport, ...]
    """In the order of the rules."""


@dataclass(frozen=True, slots=True)
class BlockerReport:
    """Why a bot did not trade over a period."""

    symbols: tuple[str, ...]
    from_ms: int
    to_ms: int
    decisions: int
    outcomes: dict[str, int]
    """Decisions by outcome code, the most frequent first."""
    trees: tuple[TreeReport, ...]
    notes: tuple[str, ...]
    """What the figures leave out, one sentence each."""


def blocker_report(bot: Bot, *, symbol: str | None = None, from_ms: int, to_ms: int) -> BlockerReport:
    """Count what kept the trees of a bot from being true at its closes, ``from_ms <= close <= to_ms``.

    Truths are those the journal recorded; distances are recomputed from the stored candles. Raise
    InvalidInput for a symbol the bot doesn't have.
    """
    document = document_of(bot)
    if symbol is not None and symbol not in document.symbols:
        raise InvalidInput("symbol", f"expected one of {', '.join(document.symbols)}, was {symbol!r:.40}")
    symbols = document.symbols if symbol is None else (symbol,)
    found = [_Asked.read(bot, document, one, from_ms, to_ms) for one in symbols]
    outcomes: Counter[str] = Counter()
    for one in found:
        outcomes.update(one.outcomes)
    trees = [name for name, tree in document.rules.trees() if tree is not None]
    return BlockerReport(
        symbols=tuple(symbols),
        from_ms=from_ms,
        to_ms=to_ms,
        decisions=outcomes.total(),
        outcomes=dict(outcomes.most_common()),
        trees=tuple(_tree_report(document.rules, name, found) for name in trees),
        notes=tuple(_notes(document.rules, found, outcomes)),
    )


@dataclass(slots=True)
class _Asked:
    """One symbol: what was asked and answered, on consecutive closes."""

    bot: Bot
    document: BotDocument
    symbol: str
    outcomes: Counter[str]
    earlier: int
    """Decisions made under rules the bot has no more."""
    first_ms: int
    """The first of the closes."""
    leaves: Truths
    """``int8[slots, closes]``; -1 throughout where nothing is recorded."""
    flat: Flags
    """Closes of the period at which an entry was looked for."""
    held: dict[int, Flags]
    """Closes of the period in a position, by its direction."""
    known: Distances | None = field(default=None)

    @classmethod
    def read(cls, bot: Bot, document: BotDocument, symbol: str, from_ms: int, to_ms: int) -> _Asked:
        """Read the journal of one symbol, with as many closes before as the rules look back."""
        rules, step, since = document.rules, document.timeframe.ms, document_since(bot)
        back = max((lookback(tree) for _, tree in rules.trees() if tree is not None), default=0)
        found = journal.columns(bot, symbol, from_ms=max(since + 1, from_ms - back * step), to_ms=to_ms)
        inside = found.rows(found.close_ms >= from_ms)
        before = journal.columns(bot, symbol, from_ms=from_ms, to_ms=min(since, to_ms)) if since else None
        told = found.rows(found.widths == -(-slots_of(rules) // 4))
        first_ms = int(told.close_ms[0]) if len(told) else from_ms
        closes = (int(told.close_ms[-1]) - first_ms) // step + 1 if len(told) else 0
        places = (told.close_ms - first_ms) // step
        leaves = np.full((slots_of(rules), closes), -1, dtype=np.int8)
        if closes:
            leaves[:, places] = unpack_rows(told.packed[:, : -(-slots_of(rules) // 4)], slots_of(rules))

        def spread(flags: Flags) -> Flags:
            whole = np.zeros(closes, dtype=np.bool_)
            whole[places[flags & (told.close_ms >= from_ms)]] = True
            return whole

        held = np.isin(told.codes, list(ASKED_HELD))
        outcomes = Counter(inside.codes.tolist()) + Counter(before.codes.tolist() if before else ())
        return cls(
            bot,
            document,
            symbol,
            outcomes,
            len(before) if before else 0,
            first_ms,
            leaves,
            flat=spread(~np.isin(told.codes, list(HELD))),
            held={side: spread(held & (told.sides == side)) for side in (1, -1)},
        )

    def asked(self, tree: str) -> Flags:
        """The closes at which a tree was asked."""
        if tree in ("long", "short"):
            return self.flat
        return self.held[1 if tree.endswith("long") else -1]

    def distances(self) -> Distances:
        """How far each condition was from its bound at each of the closes."""
        if self.known is None:
            bot, rules, timeframe = self.bot, self.document.rules, self.document.timeframe
            last_ms = self.first_ms + (self.leaves.shape[1] - 1) * timeframe.ms
            start_ms = frame_start(
                rules, symbol="", timeframe=timeframe, close_ms=self.first_ms - timeframe.ms
            )
            frames = StoreFrames(bot.source, bot.category, start_ms=max(0, start_ms), close_ms=last_ms)
            needed = ticker_symbols(rules, self.symbol)
            tickers = tickers_for(needed, bot.source, bot.category, self.first_ms, last_ms)
            self.known = distances(
                rules, frames, symbol=self.symbol, timeframe=timeframe, first_ms=self.first_ms,
                last_ms=last_ms, tickers=tickers,
            )  # fmt: skip
        return self.known


def _tree_report(rules: RuleSet, tree: str, found: Sequence[_Asked]) -> TreeReport:
    said: Counter[int] = Counter()
    blames = []
    for one in found:
        asked = one.asked(tree)
        truths, times = np.unique(fold(rules, one.leaves)[tree][asked], return_counts=True)
        said.update(dict(zip(truths.tolist(), times.tolist(), strict=True)))
        blames.append(sole_blockers(rules, one.leaves, tree) & asked)
    conditions = tuple(_condition_report(rules, tree, leaf, found, blames) for leaf in _leaves(rules, tree))
    return TreeReport(
        tree=tree,
        closes=said.total(),
        true=said[1],
        false=said[0],
        unknown=said[-1],
        sole=sum(int(blamed.any(axis=0).sum()) for blamed in blames),
        conditions=conditions,
    )


def _leaves(rules: RuleSet, tree: str) -> range:
    """The places of a tree's conditions among those of the rules."""
    first = 0
    for name, node in rules.trees():
        count = 0 if node is None else len(conditions(node))
        if name == tree:
            return range(first, first + count)
        first += count
    raise LookupError(tree)


def _condition_report(
    rules: RuleSet, tree: str, leaf: int, found: Sequence[_Asked], blames: Sequence[Flags]
) -> ConditionReport:
    text = condition_text(rules.conditions[leaf])
    answers = [one.leaves[leaf][one.asked(tree)] for one in found]
    sole = sum(int(blamed[leaf].sum()) for blamed in blames)
    asked = sum(len(each) for each in answers)
    bins, nearest = _near(leaf, found, blames) if sole else ((), ())
    return ConditionReport(
        leaf=leaf,
        text=text,
        false=sum(int((each == 0).sum()) for each in answers),
        unknown=sum(int((each == -1).sum()) for each in answers),
        sole=sole,
        sentence=_sentence(text, tree, sole, asked, nearest, len(found)),
        bins=bins,
        nearest=nearest,
    )


def _near(
    leaf: int, found: Sequence[_Asked], blames: Sequence[Flags]
) -> tuple[tuple[Bin, ...], tuple[Miss, ...]]:
    """How far a condition was from helping where it alone was to blame."""
    counts = np.zeros(len(EDGES), dtype=np.int64)
    misses: list[Miss] = []
    for one, blamed in zip(found, blames, strict=True):
        if not blamed[leaf].any():
            continue
        known = one.distances()
        near = near_misses(known.distance[leaf], blamed[leaf], most=NEAREST_MAX)
        if near.bins:
            counts += near.bins
        misses += [
            Miss(
                one.symbol,
                int(known.close_ms[place]),
                float(known.distance[leaf, place]),
                number_or_none(known.percent[leaf, place]),
                number_or_none(near.sigmas[place]),
            )
            for place in near.nearest
        ]
    ends = (*EDGES[1:], None)
    measured = zip(EDGES, ends, counts, strict=True) if counts.any() else ()
    bins = tuple(Bin(low, high, int(n)) for low, high, n in measured)
    misses.sort(key=lambda miss: (_size(miss.sigmas), _size(miss.percent), miss.close_ms))
    return bins, tuple(misses[:NEAREST_MAX])


def _size(value: float | None) -> float:
    """How large it is; what isn't known is larger than anything."""
    return math.inf if value is None else abs(value)


def _sentence(text: str, tree: str, sole: int, asked: int, nearest: Sequence[Miss], symbols: int) -> str:
    purpose = PURPOSES[tree]
    if not sole:
        return f"{text} never stood alone in the way of {purpose}."
    times = "once" if sole == 1 else f"{sole:,} times"
    said = f"{text} alone stood in the way of {purpose} {times} in {asked:,} closes"
    if not nearest:
        return f"{said}."
    where = f" on {nearest[0].symbol}" if symbols > 1 else ""
    return f"{said}; the nearest miss was by {abs(nearest[0].distance):.4g}{where}."


def _notes(rules: RuleSet, found: Sequence[_Asked], outcomes: Mapping[str, int]) -> list[str]:
    notes = []
    missed = outcomes.get(OutcomeCode.MISSED, 0)
    if missed:
        notes.append(f"{missed:,} stretches of closes were missed; the rules were not asked there.")
    earlier = sum(one.earlier for one in found)
    if earlier:
        notes.append(f"{earlier:,} decisions were made under earlier rules and count as outcomes only.")
    if rules.needs_facts:
        notes.append("Conditions about the position or the portfolio have no distance over a period.")
    return notes

"""The feed of decisions: per symbol and close what came of it, what stood in the way, and how near it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.urls import reverse

from bots.models import Bot, RetiredDocument
from bots.pages import blame
from bots.pages.numbers import NumbersAt, numbers_at, own_numbers
from bots.pages.outcomes import NEAR, Kind, kind_of, known_outcome, tally
from bots.pages.words import Badge, outcome_badge, why
from bots.services import journal
from bots.services.documents import document_of, parsed
from bots.services.journal import Decision
from conditions.selectors import TREE_LABELS
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode
from trading_core.engine.rule_facts import numbers_told
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import Condition, asks_facts
from trading_core.rules.text import condition_text
from trading_core.rules.verdict import UNKNOWN

PAGE_ROWS = 40
STRIP_CLOSES = 96
STRIPS_MAX = 8
BLOCKING_SHOWN = 4
CHUNK_ROWS = 1_000
LOOKED_MAX = 20_000
"""Decisions read at most to fill one page of near misses."""

TIME_DIGITS = 14
TIME_END = 10**TIME_DIGITS
"""Later than any close, in milliseconds."""
DAY_MS = Timeframe.D1.ms
RANGES: Mapping[str, tuple[str, int]] = {
    "24h": ("24 h", DAY_MS), "7d": ("7 d", 7 * DAY_MS), "30d": ("30 d", 30 * DAY_MS), "all": ("All", 0),
}  # fmt: skip
ONLY: Mapping[str, str] = {"": "Everything", "entries": "Only entries", "near": "Only near misses"}
_EXPLAINED = (OutcomeCode.NO_SIGNAL, OutcomeCode.NOT_READY)


@dataclass(frozen=True, slots=True)
class Query:
    """What of the journal is wanted."""

    symbol: str = ""
    outcome: str = ""
    span: str = "24h"
    only: str = ""
    before: int = 0
    """Closes before this one; 0 for the newest."""

    @classmethod
    def of(cls, asked: Mapping[str, str], symbols: Sequence[str]) -> Query:
        """Read a query string; what is not known there is as if it were not said."""
        symbol, span, only = asked.get("symbol", ""), asked.get("range", "24h"), asked.get("only", "")
        before = asked.get("before", "")
        return cls(
            symbol=symbol if symbol in symbols else "",
            outcome=known_outcome(asked.get("outcome", "")),
            span=span if span in RANGES else "24h",
            only=only if only in ONLY else "",
            before=int(before) if before.isascii() and before.isdigit() and len(before) <= TIME_DIGITS else 0,
        )

    def encoded(self) -> str:
        """The query string that says this."""
        said = {"symbol": self.symbol, "outcome": self.outcome, "range": self.span, "only": self.only,
                "before": self.before}  # fmt: skip
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class Block:
    """A condition that stood in the way."""

    text: str
    truth: str
    """false or unknown."""
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One decision."""

    symbol: str
    close_ms: int
    kind: Kind
    badge: Badge
    sentence: str
    url: str
    tree: str = ""
    """What the blocking conditions are conditions of."""
    blocks: list[Block] = field(default_factory=list)
    more: int = 0
    """Blocking conditions that are not listed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One close in a strip."""

    kind: Kind
    close_ms: int
    url: str
    title: str
    first: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The last closes of a symbol, newest first."""

    symbol: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Feed:
    """The page."""

    query: Query
    rows: list[Row]
    strips: list[Strip]
    more_symbols: int
    legend: list[tuple[Kind, int]]
    looked: int
    """Decisions read to fill the page, where a filter had to look at each."""
    older: str = ""
    """Query string of the next page; empty on the last."""
    newest: str = ""
    begun: bool = True
    """Whether the bot has decided anything at all."""

    @property
    def nothing(self) -> str:
        """What an empty page says."""
        label, span = RANGES[self.query.span]
        where = f"in the last {label}" if span else "in the whole journal"
        looked = f" {self.looked:,} decisions were looked at." if self.looked else ""
        return f"No decision like that {where}.{looked}"


def feed(bot: Bot, symbols: Sequence[str], query: Query) -> Feed:
    """Read a page of decisions, newest first, and the strips above it."""
    sight = _Sight(bot)
    found, looked, cursor = _found(bot, query, sight, len(symbols))
    shown = [query.symbol] if query.symbol else list(symbols[:STRIPS_MAX])
    strips = _strips(bot, shown, sight)
    older = replace(query, before=cursor).encoded() if cursor else ""
    return Feed(
        query=query,
        rows=list(_rows(bot, found, sight)),
        strips=strips,
        more_symbols=0 if query.symbol else max(0, len(symbols) - STRIPS_MAX),
        legend=tally(cell.kind for strip in strips for cell in strip.cells),
        looked=looked,
        older=older,
        newest=replace(query, before=0).encoded() if query.before else "",
        begun=bool(found or journal.decisions(bot, limit=1)),
    )


class _Sight:
    """What the recorded truths say, by the rules the bot had at each close; equal records are read once."""

    def __init__(self, bot: Bot) -> None:
        self._step_ms = Timeframe(bot.timeframe).ms
        retired = RetiredDocument.objects.filter(bot=bot).order_by("until_ms")
        self._retired = [(row.until_ms, parsed(row.document)) for row in retired]
        self._now = document_of(bot)
        self._trees: dict[tuple[str, bytes], blame.Branch | None] = {}
        self._near: set[tuple[str, int]] = set()

    def document(self, close_ms: int) -> BotDocument:
        """The document a close was decided under."""
        return next((document for until_ms, document in self._retired if close_ms <= until_ms), self._now)

    def tree(self, decision: Decision) -> blame.Branch | None:
        """The entry tree that was nearest, where the rules are what decided."""
        if decision.code not in _EXPLAINED or not decision.leaves:
            return None
        rules = self.document(decision.close_ms).rules
        key = (rules.hash, decision.leaves)
        if key not in self._trees:
            self._trees[key] = blame.nearest(rules, decision.leaves)
        return self._trees[key]

    def learn(self, decided: Sequence[Decision]) -> None:
        """Look at decisions for near misses; those of a stretch are best looked at together."""
        for document, ones in self.by_document(decided):
            self._near |= blame.near_misses(document.rules, ones, self._step_ms)

    def by_document(self, decided: Iterable[Decision]) -> list[tuple[BotDocument, list[Decision]]]:
        """The decisions by the document they were decided under."""
        found: dict[int, tuple[BotDocument, list[Decision]]] = {}
        for one in decided:
            document = self.document(one.close_ms)
            found.setdefault(id(document), (document, []))[1].append(one)
        return list(found.values())

    def near(self, decision: Decision) -> bool:
        """Whether a single condition was missing."""
        return (decision.symbol, decision.close_ms) in self._near

    def kind(self, decision: Decision) -> Kind:
        return kind_of(decision.code, near=self.near(decision))

    def label(self, decision: Decision, tree: blame.Branch) -> str:
        """The name of a tree for people."""
        trees = self.document(decision.close_ms).rules.trees()
        return next((TREE_LABELS[name] for name, node in trees if node is tree.node), "")


def _found(bot: Bot, query: Query, sight: _Sight, symbols: int) -> tuple[list[Decision], int, int]:
    """The decisions of a page, how many were looked at, and the close the next page begins before."""
    codes = _codes(query)
    per_close = 1 if query.symbol else max(1, symbols)
    size = max(PAGE_ROWS, per_close)
    span = RANGES[query.span][1]
    from_ms = bot.done - span + 1 if span else None
    before, found, looked = query.before, list[Decision](), 0
    while True:
        chunk = (CHUNK_ROWS if query.only == "near" else size) + per_close
        rows = journal.decisions(
            bot,
            symbol=query.symbol or None,
            from_ms=from_ms,
            to_ms=before - 1 if before else None,
            codes=codes,
            limit=chunk,
        )
        whole = _whole_closes(rows, chunk)
        looked += len(whole)
        sight.learn(whole)
        kept = [row for row in whole if sight.near(row)] if query.only == "near" else whole
        found += kept
        before = whole[-1].close_ms if whole else 0
        ended = len(rows) < chunk
        if ended or len(found) >= size or looked >= LOOKED_MAX:
            break
    page = _cut(found, size)
    if len(page) < len(found):
        return page, looked, page[-1].close_ms
    return page, looked, 0 if ended else before


def _codes(query: Query) -> list[str] | None:
    if query.only == "entries":
        return [OutcomeCode.ENTERED.value]
    return [query.outcome] if query.outcome else None


def _whole_closes(rows: list[Decision], limit: int) -> list[Decision]:
    """Without the last close where the limit may have cut it."""
    if len(rows) < limit:
        return rows
    return [row for row in rows if row.close_ms != rows[-1].close_ms] or rows


def _cut(rows: list[Decision], size: int) -> list[Decision]:
    """The first rows, ending with a whole close."""
    if len(rows) <= size:
        return rows
    last = rows[size].close_ms
    return [row for row in rows[:size] if row.close_ms != last] or rows[:size]


def _rows(bot: Bot, found: Sequence[Decision], sight: _Sight) -> Iterator[Row]:
    numbers = _numbers(bot, [row for row in found if sight.tree(row) is not None], sight)
    for one in found:
        tree = sight.tree(one)
        blocking = blame.failing(tree) if tree is not None else []
        told, facts = numbers.get((one.symbol, one.close_ms)), numbers_told(one.details)
        yield Row(
            symbol=one.symbol,
            close_ms=one.close_ms,
            kind=sight.kind(one),
            badge=outcome_badge(one.code),
            sentence=why(one.code, one.details),
            url=decision_url(bot, one.symbol, one.close_ms),
            tree=sight.label(one, tree) if tree is not None else "",
            blocks=[_block(leaf, told, facts) for leaf in blocking[:BLOCKING_SHOWN]],
            more=max(0, len(blocking) - BLOCKING_SHOWN),
        )


def _numbers(bot: Bot, rows: Iterable[Decision], sight: _Sight) -> dict[tuple[str, int], NumbersAt]:
    found: dict[tuple[str, int], NumbersAt] = {}
    for document, ones in sight.by_document(rows):
        for symbol in {one.symbol for one in ones}:
            times = [one.close_ms for one in ones if one.symbol == symbol]
            told = numbers_at(bot, document, symbol, times)
            found |= {(symbol, close_ms): said for close_ms, said in told.items()}
    return found


def _block(leaf: blame.Branch, told: NumbersAt | None, facts: Mapping[str, float]) -> Block:
    condition = leaf.node
    assert isinstance(condition, Condition)
    numbers = ""
    if asks_facts(condition):
        numbers = own_numbers(condition, facts)
    elif told is not None and leaf.leaf is not None:
        numbers = told.said(leaf.leaf)
    return Block(
        text=condition_text(condition),
        truth="unknown" if leaf.truth == UNKNOWN else "false" if leaf.truth == 0 else "true",
        numbers=numbers,
    )


def _strips(bot: Bot, symbols: Sequence[str], sight: _Sight) -> list[Strip]:
    since = bot.done - STRIP_CLOSES * Timeframe(bot.timeframe).ms
    only = symbols[0] if len(symbols) == 1 else None
    by_symbol: dict[str, list[Decision]] = {symbol: [] for symbol in symbols}
    recent = journal.decisions(bot, symbol=only, from_ms=since + 1)
    sight.learn(recent)
    for row in recent:
        if row.symbol in by_symbol:
            by_symbol[row.symbol].append(row)
    return [
        Strip(symbol, [_cell(bot, row, sight.kind(row), first=i == 0) for i, row in enumerate(rows)])
        for symbol, rows in by_symbol.items()
        if rows
    ]


def _cell(bot: Bot, row: Decision, kind: Kind, *, first: bool) -> Cell:
    said = NEAR.label if kind is NEAR else outcome_badge(row.code).label
    return Cell(kind, row.close_ms, decision_url(bot, row.symbol, row.close_ms), said, first)


def decision_url(bot: Bot, symbol: str, close_ms: int) -> str:
    """The page of one decision."""
    return reverse("bot-decision", args=[bot.code, symbol, close_ms])

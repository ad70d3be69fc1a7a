"""One decision: every condition with its numbers, the gates after the rules, and whether it can be proven."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.urls import reverse

from ailona.kit.templatetags.kit import utc
from bots.models import Bot
from bots.pages import paths
from bots.pages.decisions import decision_url
from bots.pages.gates import Gate, gates, numbers_of
from bots.pages.numbers import written
from bots.pages.outcomes import Kind, kind_of
from bots.pages.words import Badge, outcome_badge, why
from bots.services import journal, store
from bots.services.documents import document_at
from bots.services.explaining import Explained, explain_decision
from bots.services.journal import Decision
from conditions.selectors import TREE_LABELS
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode
from trading_core.market.series import SeriesKey
from trading_core.rules import explain
from trading_core.rules.explain import Explanation
from trading_core.rules.operands import TICKERS
from trading_core.rules.requirements import frame_start
from trading_core.rules.verdict import NO, UNKNOWN, YES

DEPTH_MAX = 6
SEEN_MAX, PATH_MAX = 30, 8
RIGHT = "\N{RIGHTWARDS ARROW}"
BAR_SIGMAS = 3.0
"""Standard deviations from the middle of a bar to its ends."""
_TRUTHS: Mapping[int, tuple[str, str, str]] = {
    YES: ("true", "\N{CHECK MARK}", "good"),
    NO: ("false", "\N{MULTIPLICATION X}", "bad"),
    UNKNOWN: ("unknown", "?", "warn"),
}
_GROUPS: Mapping[str, str] = {"all": "all of", "any": "any of", "not": "not"}
_HELD = (OutcomeCode.IN_POSITION, OutcomeCode.EXIT_RULE, OutcomeCode.EXIT_TIME, OutcomeCode.CLOSING)
_ENTERING = (OutcomeCode.ENTRY_WORKING, OutcomeCode.ENTRY_TIMEOUT)
_UNASKED = (OutcomeCode.MISSED, OutcomeCode.PARKED)


@dataclass(frozen=True, slots=True)
class Bar:
    """How far from true, in standard deviations of the left side: the bound is the middle, true is right."""

    x: float
    """0 to 100."""
    beyond: bool
    """Whether it lies outside of what the bar shows."""
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One node or condition of a tree."""

    depth: int
    text: str
    truth: str
    mark: str
    is_group: bool
    name: str = ""
    tags: tuple[str, ...] = ()
    seen: list[tuple[str, str]] = field(default_factory=list)
    """Under a count: truth and mark at each close it looks at, oldest first."""
    operands: list[tuple[str, str, str]] = field(default_factory=list)
    """Text, value at the close, value at the close before."""
    distance: str = ""
    percent: str = ""
    sigmas: str = ""
    bar: Bar | None = None
    reason: str = ""
    """Why it is unknown."""
    what_if: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree at the close."""

    label: str
    verdict: str
    tone: str
    lines: list[Line]
    asked: bool
    """Whether this decision turned on it."""
    unfolded: bool = False

    @property
    def has_bars(self) -> bool:
        """Whether a distance is drawn in it."""
        return any(line.bar for line in self.lines)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the recorded truths can be computed again from the stored candles."""

    state: str
    """same, differs, unrecorded."""
    text: str
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Everything about one decision."""

    symbol: str
    close_ms: int
    kind: Kind
    badge: Badge
    sentence: str
    numbers: list[tuple[str, str]]
    tags: list[str]
    trees: list[Tree]
    gates: list[Gate]
    agreement: Agreement
    earlier: str
    later: str


def decision_page(bot: Bot, decision: Decision) -> DecisionPage:
    """Read one decision; its operands are recomputed from the stored candles."""
    document = document_at(bot, decision.close_ms)
    explained = explain_decision(bot, decision)
    return DecisionPage(
        symbol=decision.symbol,
        close_ms=decision.close_ms,
        kind=kind_of(decision.code),
        badge=outcome_badge(decision.code),
        sentence=why(decision.code, decision.details),
        numbers=numbers_of(decision.details),
        tags=list(decision.details.get("tags", ())),
        trees=_trees(bot, decision, document, explained.explanation),
        gates=gates(decision, document),
        agreement=_agreement(decision, document, explained),
        earlier=_beside(bot, decision, newest_first=True),
        later=_beside(bot, decision, newest_first=False),
    )


def _beside(bot: Bot, decision: Decision, *, newest_first: bool) -> str:
    """The page of the close before or after; empty where there is none."""
    found = journal.decisions(
        bot,
        symbol=decision.symbol,
        from_ms=None if newest_first else decision.close_ms + 1,
        to_ms=decision.close_ms - 1 if newest_first else None,
        newest_first=newest_first,
        limit=1,
    )
    return decision_url(bot, found[0].symbol, found[0].close_ms) if found else ""


def _trees(bot: Bot, decision: Decision, document: BotDocument, explanation: Explanation) -> list[Tree]:
    spots = paths.spots(document.rules)
    links = {spot.leaf: what_if_url(bot, spot) for spot in spots}
    asked = _asked(decision)
    told = _Told(links, _lack(bot, document, decision))
    found = []
    for name, line in explanation.trees.items():
        verdict, _, tone = _TRUTHS[line.truth]
        lines = list(_lines(line, 0, told))
        found.append(Tree(TREE_LABELS[name], verdict, tone, lines, name in asked))
    if not any(tree.asked for tree in found):
        return [replace(tree, unfolded=True) for tree in found]
    return sorted(found, key=lambda tree: not tree.asked)


def _asked(decision: Decision) -> Sequence[str]:
    if decision.code in _UNASKED:
        return ()
    if decision.code in _ENTERING:
        return ()
    if decision.code in _HELD:
        side = decision.details.get("side", "long")
        return (f"exit_{side}", f"average_{side}")
    return ("long", "short")


def what_if_url(bot: Bot, spot: paths.Spot) -> str:
    """The question this condition suggests: another number, or none at all."""
    number = next(iter(spot.constants), "")
    asked = {"path": number} if number else {"condition": spot.path, "kind": "disable"}
    return f"{reverse('bot-what-if', args=[bot.code])}?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class _Told:
    """What the lines of a tree are told with, by the place of the condition."""

    links: Mapping[int, str]
    lack: str
    """Why a series may not be ready."""


def _lines(line: explain.Line, depth: int, told: _Told) -> Iterator[Line]:
    at = min(depth, DEPTH_MAX)
    yield _group(line, at) if line.children else _condition(line, at, told)
    for child in line.children:
        yield from _lines(child, depth + 1, told)


def _group(line: explain.Line, depth: int) -> Line:
    truth, mark, _ = _TRUTHS[line.truth]
    seen = [_TRUTHS[one] for one in line.seen[-SEEN_MAX:]]
    return Line(
        depth,
        _group_text(line),
        truth,
        mark,
        is_group=True,
        name=line.id or "",
        tags=line.tags,
        seen=[(word, sign) for word, sign, _ in seen],
    )


def _group_text(line: explain.Line) -> str:
    if line.kind in _GROUPS:
        return _GROUPS[line.kind]
    if line.kind == "at_least":
        return f"at least {line.k} of"
    if line.kind == "within":
        return f"at one of the last {line.n} closes"
    if line.kind == "for":
        return f"at each of the last {line.n} closes"
    return f"at {line.k} of the last {line.n} closes"


def _condition(line: explain.Line, depth: int, told: _Told) -> Line:
    truth, mark, _ = _TRUTHS[line.truth]
    return Line(
        depth,
        line.text,
        truth,
        mark,
        is_group=False,
        name=line.id or "",
        tags=line.tags,
        operands=_operands(line),
        distance=_distance(line),
        percent="" if line.distance_pct is None else f"{abs(line.distance_pct):,.2f}%",
        sigmas="" if line.distance_sd is None else f"{abs(line.distance_sd):.2f} sd",
        bar=None if line.distance_sd is None else _bar(line.distance_sd),
        reason=_reason(line, told) if line.truth == UNKNOWN else "",
        what_if=told.links.get(-1 if line.leaf is None else line.leaf, ""),
    )


def _operands(line: explain.Line) -> list[tuple[str, str, str]]:
    """Every number that is not written in the rules; under a trend its way there."""
    if line.path:
        way = f" {RIGHT} ".join(written(value) for value in line.path[-PATH_MAX:])
        return [(line.operands[0].text, way, "")]
    return [
        (one.text, written(one.value), "" if one.before is None else written(one.before))
        for one in line.operands
        if not one.fixed
    ]


def _reason(line: explain.Line, told: _Told) -> str:
    missing = [one.text for one in line.operands if one.value is None]
    if not missing:
        return "The close before it is not known, so nothing can have crossed or turned."
    if any(text.startswith("position.") for text in missing):
        return "There is no position to ask about."
    if any(text.startswith("portfolio.") for text in missing):
        return "The number was not recorded with this decision."
    if any(text.rpartition(":")[2] in TICKERS for text in missing):
        return "No figure of the contract was told in time."
    return told.lack


def _lack(bot: Bot, document: BotDocument, decision: Decision) -> str:
    """Why series may not be ready at a close: a missing candle, a short history, or a gap in it."""
    key = SeriesKey(bot.source, bot.category, decision.symbol, store.BASE)
    start_ms = frame_start(
        document.rules, symbol=decision.symbol, timeframe=document.timeframe, close_ms=decision.close_ms
    )
    stored = store.candles(key, max(0, start_ms), decision.close_ms).open_time
    if not len(stored) or int(stored[-1]) != decision.close_ms - store.BASE.ms:
        return "Gap: the candle of this close is not stored."
    if int(stored[0]) > max(0, start_ms):
        return f"Warm-up: candles are stored from {utc(int(stored[0]))} UTC, its series need an earlier one."
    return "Warm-up or gap: the series begins again after a missing candle, and has not seen enough since."


def _bar(away: float) -> Bar:
    x = 50 + 50 * max(-1.0, min(1.0, away / BAR_SIGMAS))
    side = "inside" if away >= 0 else "short of true"
    return Bar(round(x, 2), abs(away) > BAR_SIGMAS, f"{abs(away):.2f} standard deviations {side}")


def _distance(line: explain.Line) -> str:
    if line.distance is None:
        return ""
    size = written(abs(line.distance))
    if line.distance >= 0 and line.truth == NO and line.kind.startswith("crosses"):
        return f"past it by {size}, no crossing"
    return f"inside by {size}" if line.distance >= 0 else f"missed by {size}"


def _agreement(decision: Decision, document: BotDocument, explained: Explained) -> Agreement:
    if not decision.leaves:
        return Agreement(
            "unrecorded", "No conditions were recorded at this close; shown is what the stored candles say."
        )
    if explained.differs:
        return Agreement(
            "differs",
            "Computed now, not every condition says what was recorded: a candle came late or was told "
            "differently afterwards. What was recorded is what was decided on.",
            [str(one) for one in explained.differs],
        )
    number = len(document.rules.conditions)
    all_of = "The condition says" if number == 1 else f"All {number} conditions say"
    return Agreement("same", f"{all_of} again what was recorded, computed now from the stored candles.")

"""What the rules say at a close: every distinct question asked once, whoever's bot asks it.

Pure and repeatable: a verdict that is missing is computed by whoever needs it, with the same bits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ailona.kit.tenancy import across_workspaces
from bots.models import Bot, VerdictRow
from bots.services import store
from bots.services.documents import document_of, parsed
from bots.services.frames import frames_for
from bots.services.series import series_id
from bots.states import LISTENING
from trading_core.engine.document import BotDocument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.rules.columns import Evaluation
from trading_core.rules.evaluate import evaluate_last
from trading_core.rules.model import RuleSet
from trading_core.rules.verdict import Verdict, pack_verdict, unpack_verdict

RECENT_MAX = 20_000
_rule_sets: dict[str, RuleSet] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """One rule-set asked about one series."""

    rules_hash: str
    series: SeriesKey
    """The symbol at the bot's timeframe."""


_recent: dict[tuple[Question, int], Verdict] = {}


def run_verdicts(source: str, category: str, close_ms: int) -> list[tuple[int, int]]:
    """Answer everything the waiting bots ask about a close; return those bots with their workspaces."""
    with across_workspaces("verdicts"):
        waiting = Bot.objects.filter(
            source=source, category=category, state__in=LISTENING, wanted=close_ms, done__lt=close_ms
        )
        bots = list(waiting.order_by("pk").values_list("pk", "workspace_id", "document"))
    questions: set[Question] = set()
    for _, _, document in bots:
        questions.update(_questions(parsed(document)).values())
    answers(questions, close_ms)
    return [(bot, workspace) for bot, workspace, _ in bots]


def _questions(document: BotDocument) -> dict[str, Question]:
    """Return what a bot asks at each close, by symbol."""
    rules = document.rules
    _rule_sets.setdefault(rules.hash, rules)
    return {symbol: Question(rules.hash, document.series(symbol)) for symbol in document.symbols}


def verdicts_for(bot: Bot, close_ms: int) -> dict[str, Verdict | None]:
    """Return what a bot's rules say of each of its symbols, computing what nobody has computed yet."""
    asked = _questions(document_of(bot))
    said = answers(asked.values(), close_ms)
    return {symbol: said.get(question) for symbol, question in asked.items()}


def answers(questions: Iterable[Question], close_ms: int) -> dict[Question, Verdict]:
    """Return the verdicts of a close, those stored as they were, the others computed and stored.

    A symbol without a candle at that close has none.
    """
    wanted = set(questions)
    said = {q: _recent[q, close_ms] for q in wanted if (q, close_ms) in _recent}
    if len(said) < len(wanted):
        said |= _stored(wanted - said.keys(), close_ms)
    missing = sorted(
        (q for q in wanted - said.keys() if _has_candle(q.series, close_ms)),
        key=lambda q: (q.series, q.rules_hash),
    )
    if missing:
        fresh = _computed(missing, close_ms)
        _store(fresh, close_ms)
        said |= fresh
    _remember(said, close_ms)
    return said


def _remember(said: Mapping[Question, Verdict], close_ms: int) -> None:
    """Keep the latest answers: the bots ask for them a moment later, often in the same process."""
    _recent.update({(question, close_ms): verdict for question, verdict in said.items()})
    while len(_recent) > RECENT_MAX:
        _recent.pop(next(iter(_recent)), None)


def forget_verdicts() -> None:
    """Drop what was remembered; for tests."""
    _recent.clear()


def _has_candle(series: SeriesKey, close_ms: int) -> bool:
    """Whether a base candle of the symbol closes then; without it nothing is said at that close."""
    return len(store.candles(series.at(store.BASE), close_ms - store.BASE.ms, close_ms)) > 0


def _stored(questions: Collection[Question], close_ms: int) -> dict[Question, Verdict]:
    by_row = {(q.rules_hash, series_id(q.series)): q for q in questions}
    rows = VerdictRow.objects.filter(close_ms=close_ms, series_id__in={series for _, series in by_row})
    return {
        by_row[rules_hash, series]: unpack_verdict(_rule_sets[rules_hash], bytes(packed))
        for rules_hash, series, packed in rows.values_list("rules_hash", "series_id", "packed")
        if (rules_hash, series) in by_row and rules_hash in _rule_sets
    }


def _store(verdicts: Mapping[Question, Verdict], close_ms: int) -> None:
    VerdictRow.objects.bulk_create(
        [
            VerdictRow(
                rules_hash=question.rules_hash,
                series_id=series_id(question.series),
                close_ms=close_ms,
                packed=pack_verdict(verdict),
            )
            for question, verdict in verdicts.items()
        ],
        ignore_conflicts=True,
    )


def _computed(questions: Iterable[Question], close_ms: int) -> dict[Question, Verdict]:
    """Evaluate, with one evaluation for all questions of a market and timeframe."""
    groups: dict[tuple[str, str, Timeframe], list[Question]] = defaultdict(list)
    for question in questions:
        if question.rules_hash in _rule_sets:
            series = question.series
            groups[series.source, series.category, series.timeframe].append(question)
    said: dict[Question, Verdict] = {}
    for (source, category, timeframe), group in groups.items():
        rule_sets = {q.rules_hash: _rule_sets[q.rules_hash] for q in group}
        frames = frames_for(
            rule_sets.values(), source=source, category=category, timeframe=timeframe, close_ms=close_ms
        )
        evaluation = Evaluation(frames)
        for question in group:
            said[question] = evaluate_last(
                rule_sets[question.rules_hash],
                frames,
                symbol=question.series.symbol,
                timeframe=timeframe,
                close_ms=close_ms,
                evaluation=evaluation,
            )
    return said

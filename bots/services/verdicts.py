"""What the rules say at a close: every distinct question asked once, whoever's bot asks it.

Pure and repeatable: a verdict that is missing is computed by whoever needs it, with the same bits.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from ailona.kit.tenancy import across_workspaces
from bots.models import Bot, VerdictRow
from bots.services import store
from bots.services.documents import document_of, parsed
from bots.services.frames import StoreFrames, frames_for
from bots.services.series import series_id
from bots.services.tickers import tickers_for, tickers_of
from bots.states import LISTENING
from trading_core.engine.document import BotDocument
from trading_core.market.series import SeriesKey
from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.rules.columns import Evaluation
from trading_core.rules.evaluate import evaluate_last
from trading_core.rules.model import RuleSet
from trading_core.rules.shared.answers import Pair
from trading_core.rules.shared.plan import SharedPlan
from trading_core.rules.verdict import Verdict, pack_verdict, unpack_verdict

logger = logging.getLogger(__name__)

RECENT_MAX = 20_000
PLANS_MAX = 32
"""Plans kept alive at a time, one for each market and timeframe."""

Market = tuple[str, str, Timeframe]
"""Source, category, and the timeframe of the bots."""

_rule_sets: dict[str, RuleSet] = {}
_plans: dict[Market, Kept] = {}
_planning = Lock()


@dataclass(slots=True)
class Kept:
    """A plan kept alive."""

    plan: SharedPlan
    late: Mapping[str, int]
    """Candles of each symbol that had come late when it was last asked."""

    def late_since(self, late: Mapping[str, int]) -> set[str]:
        """The symbols of which more have come."""
        return {symbol for symbol, count in late.items() if count != self.late.get(symbol, 0)}


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
        read = parsed(document)
        if read.timeframe.closes_at(close_ms):  # others are only shown the minute
            questions.update(_questions(read).values())
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
    there = {series for series in {q.series for q in wanted - said.keys()} if _has_candle(series, close_ms)}
    missing = sorted(
        (q for q in wanted - said.keys() if q.series in there), key=lambda q: (q.series, q.rules_hash)
    )
    if missing:
        fresh = _computed(missing, close_ms)
        _store(fresh, close_ms)
        said |= {q: unpack_verdict(_rule_sets[q.rules_hash], packed) for q, packed in fresh.items()}
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
    _plans.clear()


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


def _store(verdicts: Mapping[Question, bytes], close_ms: int) -> None:
    VerdictRow.objects.bulk_create(
        [
            VerdictRow(
                rules_hash=question.rules_hash,
                series_id=series_id(question.series),
                close_ms=close_ms,
                packed=packed,
            )
            for question, packed in verdicts.items()
        ],
        ignore_conflicts=True,
    )


def _computed(questions: Iterable[Question], close_ms: int) -> dict[Question, bytes]:
    """Evaluate packed verdicts, with one plan for all questions of a market and timeframe."""
    groups: dict[Market, list[Question]] = defaultdict(list)
    for question in questions:
        if question.rules_hash in _rule_sets:
            series = question.series
            groups[series.source, series.category, series.timeframe].append(question)
    said: dict[Question, bytes] = {}
    for market, group in groups.items():
        with _planning:
            said |= _together(market, group, close_ms)
    return said


def _together(market: Market, group: list[Question], close_ms: int) -> dict[Question, bytes]:
    """Ask all at once; if that fails each alone, so that what fails is left out and the others go on."""
    try:
        return _planned(market, group, close_ms)
    except Exception:
        if len(group) == 1:
            raise  # whoever asked it alone is to blame, and is parked
        logger.exception("%d rule-sets could not be asked together at %d", len(group), close_ms)
    said: dict[Question, bytes] = {}
    for question in group:
        try:
            said |= _alone(market, [question], close_ms)
        except Exception:
            logger.exception("rule-set %s failed at %d", question.rules_hash, close_ms)
    return said


def _planned(market: Market, group: list[Question], close_ms: int) -> dict[Question, bytes]:
    """Ask the plan this process keeps alive; what lies behind it is asked alone."""
    kept = _plans.pop(market, None) or Kept(SharedPlan(market[2]), {})
    plan, late = kept.plan, store.late_candles(market[0], market[1])
    asked: dict[str, list[str]] = defaultdict(list)
    for question in group:
        asked[question.rules_hash].append(question.series.symbol)
    if close_ms < plan.close_ms:
        _plans[market] = kept
        return _alone(market, group, close_ms)
    answers = plan.answer(
        [(_rule_sets[rules_hash], symbols) for rules_hash, symbols in asked.items()],
        lambda start_ms: _known(market, plan, start_ms, close_ms),
        close_ms=close_ms,
        late=kept.late_since(late),
    )
    _plans[market] = Kept(plan, late)  # not before: a plan that failed halfway must not be asked again
    while len(_plans) > PLANS_MAX:
        _plans.pop(next(iter(_plans)))
    return {question: answers[Pair(question.rules_hash, question.series.symbol)] for question in group}


def _known(
    market: Market, plan: SharedPlan, start_ms: int, close_ms: int
) -> tuple[StoreFrames, TickersBySymbol]:
    source, category, _ = market
    frames = StoreFrames(source, category, start_ms=start_ms, close_ms=close_ms)
    told_of = plan.told_of
    return frames, tickers_for(told_of, source, category, start_ms, close_ms) if told_of else {}


def _alone(market: Market, group: list[Question], close_ms: int) -> dict[Question, bytes]:
    source, category, timeframe = market
    pairs = [(_rule_sets[question.rules_hash], question.series.symbol) for question in group]
    frames = frames_for(
        [rules for rules, _ in pairs],
        source=source,
        category=category,
        timeframe=timeframe,
        close_ms=close_ms,
    )
    tickers = tickers_of(pairs, source=source, category=category, timeframe=timeframe, close_ms=close_ms)
    evaluation = Evaluation(frames, tickers)
    return {
        question: pack_verdict(
            evaluate_last(
                rules,
                frames,
                symbol=symbol,
                timeframe=timeframe,
                close_ms=close_ms,
                evaluation=evaluation,
            )
        )
        for question, (rules, symbol) in zip(group, pairs, strict=True)
    }

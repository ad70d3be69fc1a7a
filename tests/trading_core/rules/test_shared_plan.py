"""One plan for everyone says, close by close, what each rule-set says on its own."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import START_MS, random_walk
from tests.trading_core.rules.random_rules import document
from tests.trading_core.rules.test_evaluate import some_tickers
from trading_core.market.candle import Candles
from trading_core.market.tickers import Tickers
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames, frames_of
from trading_core.rules.columns import Evaluation
from trading_core.rules.evaluate import evaluate, evaluate_last
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_text
from trading_core.rules.shared.answers import Answers, Pair
from trading_core.rules.shared.plan import CATCH_UP, Known, SharedPlan
from trading_core.rules.verdict import UNKNOWN, pack_verdict

M1, M5, M15 = Timeframe.M1, Timeframe.M5, Timeframe.M15
SYMBOLS = ("XUSDT", "YUSDT", "ZUSDT")
BLOCK_MS = 8192 * M1.ms
EDGE_MS = (START_MS // BLOCK_MS + 1) * BLOCK_MS
"""A moment at which blocks of 1m, 5m (and with them all series) begin anew."""

FIRST_MS = EDGE_MS - 900 * M1.ms
WALKS = {
    symbol: random_walk(1200, seed=31 + i, gaps=9, start_ms=FIRST_MS + 40 * i * M1.ms)
    for i, symbol in enumerate(SYMBOLS)
}
TICKERS: dict[str, Tickers] = {
    symbol: some_tickers(60 + i, EDGE_MS - 200 * M1.ms) for i, symbol in enumerate(SYMBOLS[:2])
}

few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
randoms = st.integers(0, 2**32).map(Random)
timeframes = st.sampled_from([M1, M5])


class Market:
    """Candles as they are stored at a close."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.walks = dict(WALKS)

    def frames(self, close_ms: int, start_ms: int = 0) -> Frames:
        base = {symbol: walk.between(start_ms, close_ms) for symbol, walk in self.walks.items()}
        needed = {(s, t) for s in SYMBOLS for t in (M1, self.timeframe, M5, M15)}
        return frames_of(base, needed, until_ms=close_ms)

    def at(self, close_ms: int) -> Known:
        return lambda start_ms: (self.frames(close_ms, start_ms // M15.ms * M15.ms), TICKERS)

    def has(self, symbol: str, close_ms: int) -> bool:
        return close_ms - M1.ms in self.walks[symbol].open_time


Asked = Collection[tuple[RuleSet, Collection[str]]]


def agrees(answers: Answers, asked: Asked, market: Market, close_ms: int) -> None:
    """What the plan says is what each rule-set says alone."""
    frames = market.frames(close_ms)
    alone = Evaluation(frames, TICKERS)
    for rules, symbols in asked:
        for symbol in symbols:
            verdict = evaluate_last(
                rules,
                frames,
                symbol=symbol,
                timeframe=market.timeframe,
                close_ms=close_ms,
                evaluation=alone,
            )
            assert answers[Pair(rules.hash, symbol)] == pack_verdict(verdict), (rules.canonical(), symbol)
            assert answers.verdict(Pair(rules.hash, symbol)) == verdict


def some_asked(rnd: Random, count: int) -> Asked:
    made = [parse_rules(document(rnd)) for _ in range(count)]
    return [(rules, rnd.sample(SYMBOLS, rnd.randint(1, 3))) for rules in made]


@few
@given(rnd=randoms, timeframe=timeframes)
def test_plan_agrees_close_by_close_while_rule_sets_come_and_go(rnd: Random, timeframe: Timeframe) -> None:
    market = Market(timeframe)
    plan = SharedPlan(timeframe)
    asked = list(some_asked(rnd, 3))
    close = EDGE_MS - rnd.randint(0, 12) * timeframe.ms
    for _ in range(14):
        if rnd.random() < 0.2:
            asked = rnd.sample(asked, 2) + list(some_asked(rnd, 1))
        answers = plan.answer(asked, market.at(close), close_ms=close)
        agrees(answers, asked, market, close)
        close += timeframe.ms * rnd.choice([1, 1, 1, 1, 2, 5])


@few
@given(rnd=randoms)
def test_plan_agrees_with_the_whole_history(rnd: Random) -> None:
    market = Market(M1)
    rules = parse_rules(document(rnd))
    end = int(WALKS["XUSDT"].open_time[-1]) + M1.ms
    history = evaluate(rules, market.frames(end), symbol="XUSDT", timeframe=M1, tickers=TICKERS)
    plan = SharedPlan(M1)
    first = len(history) - 40
    for row in range(first, len(history)):
        close = int(history.close_ms[row])
        answers = plan.answer([(rules, ["XUSDT"])], market.at(close), close_ms=close)
        assert answers.verdict(Pair(rules.hash, "XUSDT")) == history.verdict(row)


ASKED: list[tuple[RuleSet, list[str]]] = [
    (RuleSet(long=parse_text("(rsi(5) < 45) within 3 and ema(4)@5m > 1")), ["XUSDT", "YUSDT"]),
    (RuleSet(short=parse_text("close > YUSDT:ema(6, rsi(4)) and YUSDT:close > close[2]")), ["XUSDT"]),
]


def test_a_candle_that_comes_late_is_taken_in_at_the_next_question() -> None:
    market, plan, close = Market(M1), SharedPlan(M1), EDGE_MS + 60 * M1.ms
    whole = WALKS["YUSDT"]
    late = int(whole.open_time[whole.open_time > EDGE_MS + 62 * M1.ms][0])
    kept = whole.open_time != late
    without = Candles.of_columns(column[kept] for column in whole.columns())
    for _ in range(12):
        market.walks["YUSDT"] = without if close <= late + 2 * M1.ms else whole
        for _ in range(2):  # at the same close too
            agrees(plan.answer(ASKED, market.at(close), close_ms=close), ASKED, market, close)
            market.walks["YUSDT"] = without if close < late + 2 * M1.ms else whole
        close += M1.ms


def test_a_candle_that_comes_when_its_place_is_no_longer_looked_at_is_taken_in_when_told() -> None:
    market, plan, close = Market(M1), SharedPlan(M1), EDGE_MS + 60 * M1.ms
    asked = [(RuleSet(long=parse_text("close > ema(120)")), ["YUSDT"])]
    whole = random_walk(1200, seed=5, gaps=0, start_ms=FIRST_MS)
    kept = whole.open_time != EDGE_MS + 61 * M1.ms
    market.walks["YUSDT"] = Candles.of_columns(column[kept] for column in whole.columns())
    for _ in range(90):
        answers = plan.answer(asked, market.at(close), close_ms=close)
        close += M1.ms
    pair = Pair(asked[0][0].hash, "YUSDT")
    assert answers.verdict(pair).long == UNKNOWN, "the average begins anew behind the hole"
    market.walks["YUSDT"] = whole
    answers = plan.answer(asked, market.at(close), close_ms=close, late={"YUSDT"})
    agrees(answers, asked, market, close)
    assert answers.verdict(pair).long != UNKNOWN


def test_plan_begins_anew_after_a_pause_and_refuses_what_lies_behind() -> None:
    market, plan, close = Market(M1), SharedPlan(M1), EDGE_MS - 300 * M1.ms
    for pause in (1, CATCH_UP, CATCH_UP + 1, 150):
        agrees(plan.answer(ASKED, market.at(close), close_ms=close), ASKED, market, close)
        close += pause * M1.ms
    with pytest.raises(ValueError, match="expected a close from"):
        plan.answer(ASKED, market.at(close), close_ms=EDGE_MS - 300 * M1.ms)


def test_who_does_not_ask_for_a_generation_is_dropped() -> None:
    market, plan, close = Market(M1), SharedPlan(M1), EDGE_MS - 100 * M1.ms
    plan.answer(ASKED, market.at(close), close_ms=close)
    series = plan.size()["series"]
    for _ in range(130):
        close += M1.ms
        answers = plan.answer(ASKED[1:], market.at(close), close_ms=close)
    assert len(answers) == 1
    assert plan.size()["series"] < series
    agrees(answers, ASKED[1:], market, close)


def test_plan_computes_what_is_distinct_once() -> None:
    market, plan = Market(M1), SharedPlan(M1)
    texts = ("rsi(14) < 30 and ema(9) > close", "close < ema(9) or rsi(14) < 30", "not rsi(14) < 30")
    asked = [(RuleSet(long=parse_text(text)), ["XUSDT"]) for text in texts]
    plan.answer(asked, market.at(EDGE_MS), close_ms=EDGE_MS)
    size = plan.size()
    assert (size["pairs"], size["series"], size["conditions"]) == (3, 3, 3)

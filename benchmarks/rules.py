"""What a close costs for many bots, and what a preview costs, beside evaluating each bot on its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from random import Random
from typing import Any

from benchmarks.plain_pandas import frame_of, signals
from benchmarks.rule_sets import HIGHER, Market, candles, rule_sets
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate, evaluate_last
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.parse_text import parse_text
from trading_core.rules.requirements import requirements
from trading_core.rules.shared.answers import Answers, Pair
from trading_core.rules.shared.plan import SharedPlan
from trading_core.rules.verdict import UNKNOWN, YES, unpack_truths

M1 = Timeframe.M1
SYMBOLS = 100
RULE_SETS = 1_000
HISTORY = 40_000
"""Candles of 1m of each symbol: what the longest averages of 1h candles reach back."""
SAMPLE = 20
PREVIEW_CANDLES = 500_000

SHAPE = (
    "A close costs what it has distinct series, conditions and nodes, and something for each bot. Up to about "
    "1,000 bots nearly every bot brings series of its own, so the cost per bot is that of its indicators; from "
    "10,000 on the series are there already, the cost per bot falls to that of comparing and packing, and with "
    "100,000 bots on 100 symbols every rule-set meets every symbol, so that further bots would be copies."
)

PREVIEW = (
    "rsi(14) < 45 and ema(9) > ema(21)@15m and close > sma(50)@1h and adx(14)@15m > 15"
    " and (macd(12, 26, 9).histogram crosses above 0 within 5 or close crosses above bollinger(20, 2).lower)"
    " and atr_pct(14)@1h > 0.1 and not rsi(14)@1h > 75 and change_pct(close, 60) between -3 and 3"
    " and volume > volume_sma(20)"
)

Asked = list[tuple[RuleSet, Collection[str]]]


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of this process's processor time and of the wall clock, and what came of it."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return time.process_time() - cpu, time.perf_counter() - wall, made


def run_benchmark() -> dict[str, Any]:
    """Measure and return everything, with ratios."""
    sets = rule_sets(RULE_SETS)
    market = Market(SYMBOLS, HISTORY)
    curve = [closes_for(market, spread(sets, market.symbols, bots)) for bots in (100, 1_000, 10_000, 100_000)]
    ten = closes_for(market, [(rules, some(market.symbols, 10, seed)) for seed, rules in enumerate(sets)])
    alone = one_by_one(market, sets)
    shared = curve[2]["warm_close_s"] / 10_000
    return {
        "rule_sets": len(sets),
        "conditions_per_rule_set": round(sum(len(r.conditions) for r in sets) / len(sets), 2),
        "symbols": SYMBOLS,
        "curve": curve,
        "shape": SHAPE,
        "bots_1000_on_10_symbols": ten,
        "alone": alone,
        "ratio_evaluate_last": round(alone["evaluate_last_s"] / shared, 1),
        "ratio_pandas_talib": round(alone["pandas_talib_s"] / shared, 1),
        "preview": preview(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
    }


def some(symbols: list[str], count: int, seed: int) -> list[str]:
    """So many of the symbols."""
    return Random(seed).sample(symbols, count)  # noqa: S311


def spread(sets: list[RuleSet], symbols: list[str], bots: int) -> Asked:
    """So many bots, each with one of the rule-sets on one of the symbols, as evenly as can be."""
    rnd = Random(bots)  # noqa: S311
    pairs = [(rules, symbol) for rules in sets for symbol in symbols]
    chosen: dict[str, tuple[RuleSet, list[str]]] = {}
    for rules, symbol in rnd.sample(pairs, bots):
        chosen.setdefault(rules.hash, (rules, []))[1].append(symbol)
    return list(chosen.values())


def closes_for(market: Market, asked: Asked) -> dict[str, Any]:
    """A plan's first close, plain closes after it, one at which 15m and 1h candles close too, and a newcomer."""
    plan = SharedPlan(M1)
    hour_ms = Timeframe.H1.ms
    market.close_ms = (market.end_ms // hour_ms) * hour_ms - 5 * M1.ms
    newcomer = asked.pop()
    bots = sum(len(symbols) for _, symbols in asked)

    def close() -> bytes:
        answers = plan.answer(asked, lambda start_ms: (market.since(start_ms), {}), close_ms=market.close_ms)
        return outcomes(answers, asked)

    cold, cold_wall, _ = timed(close)
    plain: list[float] = []
    for _ in range(4):
        market.close_ms += M1.ms
        plain.append(timed(close)[0])
    market.close_ms += M1.ms
    hour, _, _ = timed(close)
    asked.append(newcomer)
    market.close_ms += M1.ms
    joined, _, kept = timed(close)
    warm = sorted(plain)[len(plain) // 2]
    return {
        "bots": bots,
        **plan.size(),
        "cold_close_s": round(cold, 3),
        "cold_close_wall_s": round(cold_wall, 3),
        "warm_close_s": round(warm, 4),
        "warm_us_per_bot": round(warm / bots * 1e6, 1),
        "close_with_15m_and_1h_s": round(hour, 4),
        "close_with_a_new_rule_set_s": round(joined, 3),
        "outcome_bytes_per_bot": round(len(kept) / (bots + len(newcomer[1])), 2),
    }


def outcomes(answers: Answers, asked: Asked) -> bytes:
    """A code and the packed truths for each bot, as the journal keeps them."""
    made = bytearray()
    for rules, symbols in asked:
        for symbol in symbols:
            packed = answers[Pair(rules.hash, symbol)]
            made.append(_CODES[packed[0]])
            made += packed[2:]
    return bytes(made)


def _code(first: int) -> int:
    """What the trees alone decide: enter long, enter short, both, unknown, nothing."""
    long, short, *_ = unpack_truths(bytes([first]), len(TREES) - 2)
    if long == YES:
        return 3 if short == YES else 1
    if short == YES:
        return 2
    return 4 if UNKNOWN in (long, short) else 0


_CODES = bytes(_code(first) for first in range(256))


def one_by_one(market: Market, sets: list[RuleSet]) -> dict[str, Any]:
    """A bot's close on its own: with our evaluator, and as strategies on pandas and TA-Lib do it."""
    chosen = [(rules, market.symbols[i]) for i, rules in enumerate(sets[:SAMPLE])]
    market.start_ms = 0

    def ours() -> None:
        for rules, symbol in chosen:
            evaluate_last(rules, market, symbol=symbol, timeframe=M1, close_ms=market.close_ms)

    frames = {
        symbol: {each: frame_of(market[symbol, each]) for each in (M1, *HIGHER)} for _, symbol in chosen
    }

    def theirs() -> None:
        for rules, symbol in chosen:
            signals(rules, frames[symbol])

    theirs()
    return {
        "sample": SAMPLE,
        "evaluate_last_s": round(timed(ours)[0] / SAMPLE, 5),
        "pandas_talib_s": round(timed(theirs)[0] / SAMPLE, 5),
    }


def preview() -> dict[str, Any]:
    """Ten conditions over half a million candles, with candles of 15m and 1h made on the way."""
    rules = RuleSet(long=parse_text(PREVIEW))
    base = {"BTCUSDT": candles(PREVIEW_CANDLES, 7)}
    until_ms = int(base["BTCUSDT"].open_time[-1]) + M1.ms
    needed = {*requirements(rules, symbol="BTCUSDT", timeframe=M1)}

    def work() -> int:
        frames = frames_of(base, needed, until_ms=until_ms)
        return len(evaluate(rules, frames, symbol="BTCUSDT", timeframe=M1))

    runs = sorted(timed(work)[:2] for _ in range(3))
    return {
        "candles": PREVIEW_CANDLES,
        "conditions": len(rules.conditions),
        "seconds": round(runs[0][0], 3),
        "wall_seconds": round(runs[0][1], 3),
    }

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import random_walk
from tests.trading_core.rules.random_rules import document
from trading_core.market.candle import Candles
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.mirror import OPPOSITE, mirror
from trading_core.rules.model import TREES, RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.parse_text import parse_rules_text, parse_text
from trading_core.rules.son import SON
from trading_core.rules.text import to_text


def mirrored(text: str) -> str:
    made = mirror(RuleSet(long=parse_text(text)))
    assert made.kept == ()
    assert made.rules.short is not None
    return to_text(made.rules.short)


@pytest.mark.parametrize(
    "text,image",
    [
        ("rsi(14) < 30", "rsi(14) > 70"),
        ("rsi(14) <= 29.9", "rsi(14) >= 70.1"),
        ("30 > rsi(14)", "70 < rsi(14)"),
        ("rsi(14) == 50", "rsi(14) == 50"),
        ("rsi(14) between 20 and 40", "rsi(14) between 60 and 80"),
        ("williams_r(14) outside -95 and -10", "williams_r(14) outside -90 and -5"),
        ("bollinger(20, 2).percent_b < 0.05", "bollinger(20, 2).percent_b > 0.95"),
        ("cci(20) crosses above 100", "cci(20) crosses below -100"),
        ("macd(12, 26, 9).macd crosses above macd(12, 26, 9).signal",
         "macd(12, 26, 9).macd crosses below macd(12, 26, 9).signal"),
        ("close > ema(100)@15m[1]", "close < ema(100)@15m[1]"),
        ("high > donchian(20).upper[1]", "low < donchian(20).lower[1]"),
        ("close crosses below keltner(20, 10, 2).lower", "close crosses above keltner(20, 10, 2).upper"),
        ("close > highest(20, high)", "close < lowest(20, low)"),
        ("adx(14).plus_di > adx(14).minus_di", "adx(14).minus_di > adx(14).plus_di"),
        ("aroon(25).up >= 70", "aroon(25).down >= 70"),
        ("supertrend(10, 3).direction > 0", "supertrend(10, 3).direction < 0"),
        ("ema(14, rsi(14)) < 40", "ema(14, rsi(14)) > 60"),
        ("close rising 3", "close falling 3"),
        ("high rising 3", "low falling 3"),
        ("slope(ema(9), 4) < -2", "slope(ema(9), 4) > 2"),
        ("change_pct(close, 5) < -3", "change_pct(close, 5) > 3"),
        ("percentile(rsi(14), 200) > 80", "percentile(rsi(14), 200) < 20"),
        ("close > ema(20) + 2 * atr(14)", "close < ema(20) - 2 * atr(14)"),
        ("close - ema(20) > 2 * atr(14)", "ema(20) - close > 2 * atr(14)"),
        ("close > ema(20) * 1.01", "close < ema(20) / 1.01"),
        ("close / open > 1.01", "open / close > 1.01"),
        ("(close - ema(9)) / close * 100 < -2", "(close - ema(9)) / close * 100 > 2"),
        ("(high + low + close) / 3 > vwap(20)", "(low + high + close) / 3 < vwap(20)"),
        ("funding_rate > 0.01", "funding_rate < -0.01"),
        ("BTCUSDT:mark > BTCUSDT:close", "BTCUSDT:mark < BTCUSDT:close"),
        ("regime(48, 240).state == 1", "regime(48, 240).state == -1"),
    ],
)  # fmt: skip
def test_what_has_a_direction_is_turned(text: str, image: str) -> None:
    text, image = (to_text(parse_text(said)) for said in (text, image))
    assert mirrored(text) == image
    assert mirrored(image) == text


@pytest.mark.parametrize(
    "text",
    [
        "volume > volume_sma(20) * 1.2",
        "atr_pct(14) rising 2",
        "adx(14).adx > 25",
        "bollinger(20, 2).width < 3",
        "atr(14) / close > 0.01",
        "spread < 0.05 and turnover_24h > 1000000",
        "hour(Europe/Berlin) between 8 and 16 and session(london) == 1",
        "position.pnl_pct > 1.5 or portfolio.day_pnl < -20",
        "rsi(14, volume) < 30",
        "percentile(volume, 100) > 80",
    ],
)
def test_what_has_no_direction_stays(text: str) -> None:
    assert mirrored(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "close > 50000",
        "rsi(14) > adx(14).adx",
        "rsi(14) between adx(14).adx and 80",
        "close / BTCUSDT:close > 0.01",
        "100 - rsi(14) > 70",
        "close * volume > 1000",
        "ulcer_index(14) > 5",
        "close * 2 + open > high",
        "rsi(14) < 0.00000000000000000001",
        "rsi(14) > -999999999",
    ],
)
def test_what_has_no_mirror_is_kept_and_reported(text: str) -> None:
    rules = RuleSet(long=parse_text(f"close > open and ({text} or close < 5)"))
    made = mirror(rules)
    assert made.kept == ("short.all[1].any[0]", "short.all[1].any[1]")
    assert to_text(made.rules.short).startswith(f"close < open and ({to_text(parse_text(text))} or")  # type: ignore[arg-type]


def test_trees_change_sides_and_names_tags_and_groups_stay() -> None:
    rules = parse_rules_text(
        "expires = 2\n[long]\na: (close > open and at least 1 of (not close < low, b: high > 1)) #x\n"
        "[exit_short]\nclose > open within 3\n[average_long]\nclose < open for 2"
    )
    assert mirror(rules).rules == parse_rules_text(
        "expires = 2\n[short]\na: (close < open and at least 1 of (not close > high, b: high > 1)) #x\n"
        "[exit_long]\nclose < open within 3\n[average_short]\nclose > open for 2"
    )
    assert mirror(rules).kept == ("short.all[1].at_least.of[1]",)
    assert set(OPPOSITE) == set(TREES)


def test_the_default_rules_are_their_own_mirror_but_for_the_names() -> None:
    made = mirror(SON)
    assert made.kept == ()
    assert made.rules.conditions == SON.conditions


@settings(max_examples=300, deadline=None)
@given(rnd=st.integers(0, 2**32).map(Random))
def test_mirrored_twice_is_the_same(rnd: Random) -> None:
    rules = parse_rules(document(rnd))
    once = mirror(rules)
    assert mirror(once.rules).rules == rules
    assert parse_rules(once.rules.canonical()) == once.rules
    assert len(mirror(once.rules).kept) == len(once.kept)


WALK = random_walk(1200, seed=5)
HEIGHT = 2 * float(WALK.close.mean())


def turned(walk: Candles) -> Candles:
    """The chart upside down."""
    return replace(
        walk,
        open=HEIGHT - walk.open,
        high=HEIGHT - walk.low,
        low=HEIGHT - walk.high,
        close=HEIGHT - walk.close,
    )


def says(rules: RuleSet, walk: Candles, tree: str) -> list[int]:
    end = int(walk.open_time[-1]) + Timeframe.M1.ms
    frames = frames_of({"XUSDT": walk}, {("XUSDT", Timeframe.M1), ("XUSDT", Timeframe.M5)}, until_ms=end)
    return list(evaluate(rules, frames, symbol="XUSDT", timeframe=Timeframe.M1).trees[tree])


@pytest.mark.parametrize(
    "text",
    [
        "rsi(14) < 40 and close < bollinger(20, 2).lower + atr(14)",
        "ema(9) crosses above ema(21)@5m within 3 or stochastic(14, 3, 3).k falling 2",
        "close > donchian(20).upper[1] or adx(14).plus_di > adx(14).minus_di and adx(14).adx > 20",
        "macd(12, 26, 9).histogram > 0 and slope(close, 5) > 0 and change_pct(close, 3) > -1",
        "not (rsi(7) between 25 and 60) or aroon(25).up > 80 for 2",
        "at least 2 of (close rising 2, cci(20) > 50, williams_r(14) > -30)",
    ],
)
def test_the_mirror_says_of_a_turned_chart_what_the_rules_say_of_the_chart(text: str) -> None:
    rules = RuleSet(long=parse_text(text))
    made = mirror(rules)
    assert made.kept == ()
    here, there = says(rules, WALK, "long"), says(made.rules, turned(WALK), "short")
    # Rounding of turned prices may tip a value that stands on its bound.
    assert sum(one != other for one, other in zip(here, there, strict=True)) <= 3
    assert 20 < here.count(1) < len(here) - 20

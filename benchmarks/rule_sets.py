"""Rule-sets and candles for benchmarks: seeded, of the kind people write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

import numpy as np

from trading_core.market.candle import Candles
from trading_core.market.resample import resample
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text

START_MS = 1_735_689_600_000
HIGHER = (Timeframe.M15, Timeframe.H1)

_THRESHOLDS = {
    "rsi({n})": (10, 90),
    "mfi({n})": (10, 90),
    "williams_r({n})": (-95, -5),
    "adx({n})": (10, 45),
    "cci({n})": (-180, 180),
    "atr_pct({n})": (0, 1),
    "roc({n})": (-2, 2),
    "bollinger({n}, 2).percent_b": (-1, 2),
    "change_pct(close, {n})": (-2, 2),
    "percentile(close, {n})": (5, 95),
}
_LINES = ("ema({n})", "sma({n})", "wma({n})", "bollinger({n}, 2).upper", "donchian({n}).lower", "vwap({n})")
_PERIODS = (7, 9, 14, 20, 21, 34, 50)


def candles(count: int, seed: int, start_ms: int = START_MS) -> Candles:
    """A seeded walk of 1m candles without gaps."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.001, count)))
    opened = np.concatenate(([100.0], close[:-1]))
    wicks = 1.0 + np.abs(rng.normal(0, 0.0005, (2, count)))
    volume = rng.lognormal(1.0, 1.0, count)
    time = start_ms + np.arange(count, dtype=np.int64) * Timeframe.M1.ms
    high, low = np.maximum(opened, close) * wicks[0], np.minimum(opened, close) / wicks[1]
    return Candles(time, opened, high, low, close, volume, volume * close)


class Market(Mapping[tuple[str, Timeframe], Candles]):
    """Frames of many symbols as they stood at ``close_ms``; a walk serves several symbols."""

    def __init__(self, symbols: int, count: int, *, walks: int = 25) -> None:
        self.symbols = [f"S{i:04}USDT" for i in range(symbols)]
        self.end_ms = START_MS + count * Timeframe.M1.ms
        self.close_ms = self.end_ms
        made = [candles(count, seed) for seed in range(min(walks, symbols))]
        self._walks = [
            {t: resample(m1, Timeframe.M1, t, until_ms=self.end_ms) for t in (Timeframe.M1, *HIGHER)}
            for m1 in made
        ]
        self.start_ms = 0
        """Where frames begin."""
        self._place = {symbol: i % len(made) for i, symbol in enumerate(self.symbols)}

    def __getitem__(self, key: tuple[str, Timeframe]) -> Candles:
        symbol, timeframe = key
        whole = self._walks[self._place[symbol]][timeframe]
        return whole.between(self.start_ms // timeframe.ms * timeframe.ms, self.close_ms - timeframe.ms + 1)

    def since(self, start_ms: int) -> Market:
        """The same market, whose frames begin there."""
        self.start_ms = start_ms
        return self

    def __iter__(self) -> Iterator[tuple[str, Timeframe]]:
        return ((symbol, timeframe) for symbol in self.symbols for timeframe in (Timeframe.M1, *HIGHER))

    def __len__(self) -> int:
        return len(self.symbols) * (1 + len(HIGHER))


def condition(rnd: Random) -> str:
    """A condition in text: an oscillator and a threshold, a price and a line, or two lines."""
    at = rnd.choice(("", "", "", "@15m", "@1h"))
    n = rnd.choice(_PERIODS)
    if rnd.choice((True, False)):
        name, (low, high) = rnd.choice(list(_THRESHOLDS.items()))
        if name.startswith(("change", "percentile")):
            name = name.replace("close", f"close{at}")
            at = ""
        level = round(rnd.uniform(low, high), 1)
        return f"{name.format(n=n)}{at} {rnd.choice(('<', '>', '>=', 'crosses above'))} {level}"
    line = f"{rnd.choice(_LINES).format(n=n)}{at}"
    left = "close" if rnd.choice((True, False)) else f"ema({rnd.choice(_PERIODS)}){at}"
    return f"{left} {rnd.choice(('<', '>', 'crosses above', 'crosses below'))} {line}"


def rule_set(rnd: Random, conditions: int) -> RuleSet:
    """A rule-set of so many conditions in two trees; one in five conditions may be a few closes old."""
    said = []
    for _ in range(conditions):
        one = condition(rnd)
        said.append(f"({one}) within {rnd.randint(2, 5)}" if not rnd.randrange(5) else one)
    cut = max(1, conditions * 2 // 3)
    entry, leaving = said[:cut], said[cut:]
    if len(entry[1:]) > 1 and not rnd.randrange(3):
        entry = [entry[0], f"({' or '.join(entry[1:])})"]
    return RuleSet(
        long=parse_text(" and ".join(entry)), exit_long=parse_text(" or ".join(leaving)) if leaving else None
    )


def rule_sets(count: int, *, seed: int = 1, conditions: int = 6) -> list[RuleSet]:
    """Distinct rule-sets of ``conditions`` conditions on average."""
    rnd = Random(seed)  # noqa: S311
    made: dict[str, RuleSet] = {}
    while len(made) < count:
        rules = rule_set(rnd, rnd.randint(2, 2 * conditions - 2))
        made.setdefault(rules.hash, rules)
    return list(made.values())

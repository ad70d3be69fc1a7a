"""Series and parameters to ask every indicator about, and what equal bits are."""

from __future__ import annotations

import numpy as np

from tests.builders import random_walk
from trading_core.indicators.spec import SOURCE, Indicator, Params
from trading_core.market.candle import Candles, Floats

Columns = tuple[Floats, ...]


def columns(indicator: Indicator, candles: Candles) -> Columns:
    """The indicator's inputs; its source is the close."""
    return tuple(getattr(candles, "close" if name == SOURCE else name) for name in indicator.inputs)


def random_params(indicator: Indicator, rng: np.random.Generator, top: float = 60) -> dict[str, float]:
    """Parameters within their bounds, and not above ``top`` unless they have to be."""
    params: dict[str, float] = {}
    for name, param in indicator.params.items():
        high = max(param.low, min(param.high, top))
        whole = int(rng.integers(int(param.low), int(high) + 1))
        params[name] = whole if param.whole else float(rng.uniform(param.low, high))
    if indicator.ordered and params[indicator.ordered[0]] >= params[indicator.ordered[1]]:
        small, large = indicator.ordered
        params[small], params[large] = 12, 26
    return params


def cases(indicator: Indicator, count: int, top: float = 60) -> list[Params]:
    """The default parameters and some random ones."""
    rng = np.random.default_rng(len(indicator.name))
    return [indicator.defaults(), *(random_params(indicator, rng, top) for _ in range(count))]


def holed(indicator: Indicator, rows: int, *, seed: int, holes: int = 4) -> Columns:
    """The inputs over a walk that stands still for a while, with missing candles."""
    rng = np.random.default_rng(seed)
    made = tuple(column.copy() for column in columns(indicator, random_walk(rows, seed=seed)))
    still = rows // 3
    for column in made:
        column[still : still + 70] = column[still]
    for at in rng.integers(0, rows, holes).tolist():
        length = int(rng.integers(1, 5))
        for column in made:
            column[at : at + length] = np.nan
    return made


def same_bits(left: Floats, right: Floats) -> bool:
    """Whether both arrays are equal to the last bit; one NaN is as good as another."""
    bits = left.view(np.int64) == right.view(np.int64)
    return len(left) == len(right) and bool((bits | (np.isnan(left) & np.isnan(right))).all())

"""Every indicator against its own formula, written apart and without TA-Lib."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import random_walk
from tests.trading_core.indicators.odd_candles import chained, still
from tests.trading_core.indicators.oracles import ORACLES, TOLERANCE, columns, deviation
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator, Params

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)

WALK = random_walk(800, seed=4)


def other_params(indicator: Indicator) -> Params:
    """Parameters a little off their defaults."""
    params = indicator.defaults()
    for name, param in indicator.params.items():
        params[name] += 1 if param.whole else 0.03
        assert param.accepts(params[name])
    return params


def test_every_indicator_has_an_oracle() -> None:
    assert ORACLES.keys() == CATALOG.keys()


@ALL
def test_indicator_agrees_with_its_oracle(indicator: Indicator) -> None:
    assert deviation(indicator, indicator.defaults(), WALK) <= TOLERANCE
    assert deviation(indicator, other_params(indicator), WALK) <= TOLERANCE


@ALL
@pytest.mark.parametrize("price", [1e9, 1e-8])
def test_indicator_agrees_with_its_oracle_at_any_price(indicator: Indicator, price: float) -> None:
    assert deviation(indicator, indicator.defaults(), random_walk(700, seed=7, price=price)) <= TOLERANCE


@ALL
def test_indicator_agrees_with_its_oracle_after_standing_still(indicator: Indicator) -> None:
    """Candles without movement and volume leave nothing behind once they have left the memory."""
    before = random_walk(300, seed=2)
    after = random_walk(4000, seed=5, price=float(before.close[-1]))
    walk = chained(before, still(120, float(before.close[-1])), after)
    params = indicator.defaults()
    ours = indicator.run(columns(indicator, walk), params)
    alone = indicator.run(columns(indicator, after), params)
    for left, right in zip(ours, alone, strict=True):
        left, right = left[-300:], right[-300:]
        assert np.isfinite(left).all()
        np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-6 * float(np.abs(right).max()))


@ALL
def test_memory_forgets_where_a_run_began(indicator: Indicator) -> None:
    """A run that begins ``memory`` candles earlier says what any longer run says, to a millionth."""
    if indicator.memory is None:
        return
    params = indicator.defaults()
    inputs = columns(indicator, random_walk(9000, seed=6))
    back = max(indicator.memory(params), indicator.warmup(params) - 1)
    whole = indicator.run(inputs, params)
    for row in range(4000, 9000, 250):
        part = indicator.run(tuple(column[row - back : row + 1] for column in inputs), params)
        for left, right in zip(part, whole, strict=True):
            scale = float(np.abs(right[4000:]).max())
            assert abs(left[-1] - right[row]) <= 1e-6 * scale

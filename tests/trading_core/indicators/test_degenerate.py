"""What indicators say where their formula has little or nothing to go by."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import random_walk
from tests.trading_core.indicators.odd_candles import chained, still
from tests.trading_core.indicators.oracles import columns
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator
from trading_core.market.candle import Candles, Floats

ALL = pytest.mark.parametrize("indicator", CATALOG.values(), ids=lambda i: i.name)

WALK = random_walk(900, seed=8)
END = float(WALK.close[-1])

ODD = {
    "nothing ever moves": still(900, 7.0, volume=3.0),
    "nothing moves nor trades": still(900, 7.0),
    "stops": chained(WALK, still(900, END)),
    "starts": chained(still(900, 100.0), WALK),
    "stops for a while": chained(WALK, still(40, END), WALK, still(300, END, volume=5.0), WALK),
    "one candle": random_walk(1),
    "two candles": random_walk(2),
    "huge": random_walk(900, price=1e9),
    "tiny": random_walk(900, price=1e-8),
}

NO_MOVE_NO_VALUE = {
    *("adx", "adxr", "dx", "vortex", "mass_index", "r_squared", "regime", "efficiency_ratio", "rsi"),
    *("stochastic", "stochastic_fast", "stoch_rsi", "cci", "williams_r", "cmo", "ultimate", "connors_rsi"),
    *("smi", "tsi", "bop", "rvgi", "choppiness", "chaikin_volatility", "relative_volatility", "candle"),
    *("zscore", "mfi", "fisher"),
}
"""Ratios to a movement: where nothing has moved at all, they don't exist."""

NO_VOLUME_NO_VALUE = {"vwma", "vwap", "mfi", "cmf", "ease_of_movement", "pvo", "relative_volume"}
"""Ratios to a volume."""


@ALL
def test_indicator_is_finite_or_not_ready(indicator: Indicator) -> None:
    for name, candles in ODD.items():
        for output in indicator.run(columns(indicator, candles), indicator.defaults()):
            assert len(output) == len(candles.close), name
            assert not np.isinf(output).any(), name


@ALL
def test_indicator_is_not_ready_without_its_denominator(indicator: Indicator) -> None:
    def says_nothing(candles: Candles) -> bool:
        return bool(np.isnan(indicator.run(columns(indicator, candles), indicator.defaults())[0]).all())

    assert says_nothing(ODD["nothing ever moves"]) == (indicator.name in NO_MOVE_NO_VALUE)
    volume = "volume" in indicator.inputs
    without = indicator.name in NO_MOVE_NO_VALUE | NO_VOLUME_NO_VALUE
    assert says_nothing(ODD["nothing moves nor trades"]) == (
        without if volume else indicator.name in NO_MOVE_NO_VALUE
    )


WINDOWED = {
    *(
        "vortex",
        "r_squared",
        "regime",
        "efficiency_ratio",
        "stochastic",
        "stochastic_fast",
        "stoch_rsi",
        "cci",
    ),
    *("williams_r", "cmo", "ultimate", "fisher", "bop", "rvgi", "choppiness", "candle", "zscore"),
    *("vwma", "vwap", "mfi", "cmf", "ease_of_movement", "relative_volume", "pvo"),
}
"""Of these the ones that forget: a window of nothing is enough, whatever came before."""


@ALL
def test_window_of_nothing_is_not_ready(indicator: Indicator) -> None:
    """A running sum's crumbs are no value, nor is 0 or 50 for a ratio that doesn't exist."""
    output = indicator.run(columns(indicator, ODD["stops"]), indicator.defaults())[0]
    assert np.isnan(output[-100:]).all() == (indicator.name in WINDOWED)
    assert np.isnan(output[-100:]).any() == (indicator.name in WINDOWED)


@ALL
def test_stream_has_the_bits_of_a_run(indicator: Indicator) -> None:
    assert indicator.stream is not None
    params = indicator.defaults()
    for name, candles in ODD.items():
        inputs = columns(indicator, candles)
        whole = indicator.run(inputs, params)
        for start in (1, 950):
            if start >= len(candles.close):
                continue
            stream = indicator.stream(tuple(column[:start] for column in inputs), params)
            stop = min(len(candles.close), start + 400)
            made = [stream.update(*(float(column[row]) for column in inputs)) for row in range(start, stop)]
            same(tuple(output[start:stop] for output in whole), made, name)


def same(whole: tuple[Floats, ...], made: list[tuple[float, ...]], name: str) -> None:
    for output, values in zip(whole, zip(*made, strict=True), strict=True):
        np.testing.assert_array_equal(output, values, err_msg=name)

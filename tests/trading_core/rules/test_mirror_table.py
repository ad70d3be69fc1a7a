"""The table of the mirror, held against charts that are really turned upside down."""

from __future__ import annotations

import numpy as np
import pytest

from trading_core.indicators.catalog import CATALOG
from trading_core.market.candle import Floats
from trading_core.rules.mirror_operand import image
from trading_core.rules.mirror_table import TABLE, reflection
from trading_core.rules.operands import Value

HEIGHT = 2_000_000.0
"""Prices near a million are turned here, so that a percentage of one is nearly that of its image."""
ROWS = 900
OUTPUTS = [(name, output) for name, indicator in CATALOG.items() for output in indicator.outputs]
WITHOUT = {"ulcer_index": "measures falls from a high, which have no counterpart"}


def chart() -> dict[str, Floats]:
    rng = np.random.default_rng(11)
    close = 1_000_000.0 + np.cumsum(rng.normal(0.0, 4.0, ROWS))
    opened = np.concatenate(([1_000_000.0], close[:-1])) + rng.normal(0.0, 0.5, ROWS)
    high = np.maximum(opened, close) + rng.exponential(2.0, ROWS)
    low = np.minimum(opened, close) - rng.exponential(2.0, ROWS)
    return {"open": opened, "high": high, "low": low, "close": close, "volume": rng.uniform(5.0, 50.0, ROWS)}


CHART = chart()
TURNED = {
    "open": HEIGHT - CHART["open"],
    "high": HEIGHT - CHART["low"],
    "low": HEIGHT - CHART["high"],
    "close": HEIGHT - CHART["close"],
    "volume": CHART["volume"],
}


def value_of(name: str, output: str) -> Value:
    return Value(name, tuple(CATALOG[name].defaults().items()), output)


def computed(value: Value, columns: dict[str, Floats]) -> Floats:
    indicator = CATALOG[value.indicator]
    inputs = tuple(columns["close" if name == "source" else name] for name in indicator.inputs)
    return indicator.run(inputs, dict(value.params))[indicator.outputs.index(value.output)]


def test_every_output_of_the_catalog_has_a_place_in_the_mirror() -> None:
    missing = [f"{name}.{output}" for name, output in OUTPUTS if reflection(name, output) is None]
    assert missing == [f"{name}.{output}" for name, output in OUTPUTS if name in WITHOUT]


def test_the_table_names_only_what_the_catalog_has() -> None:
    for name, outputs in TABLE.items():
        assert set(outputs) <= set(CATALOG[name].outputs), name
        for output, known in outputs.items():
            other = CATALOG[known.indicator or name]
            assert (known.partner or output) in other.outputs


@pytest.mark.parametrize("name,output", [pair for pair in OUTPUTS if pair[0] not in WITHOUT])
def test_an_output_of_a_turned_chart_is_its_image(name: str, output: str) -> None:
    said = image(value_of(name, output))
    assert said is not None
    assert isinstance(said.operand, Value)
    turned = computed(value_of(name, output), TURNED)
    expected = (-1.0 if said.turned else 1.0) * computed(said.operand, CHART)
    expected = expected + said.levels * HEIGHT + said.shift
    both = np.isfinite(turned) & np.isfinite(expected)
    assert both.sum() > ROWS / 4
    # Percentages are of slightly different prices, so the two agree closely and not to the last bit.
    off = np.abs(turned - expected)[both] / max(float(np.std(turned[both])), 1e-9)
    assert np.quantile(off, 0.95) < 0.03, f"off by {np.quantile(off, 0.95):.3f} standard deviations"

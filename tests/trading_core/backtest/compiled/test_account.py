"""The compiled account does what the simulator does, whatever is asked of it and whatever the market does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.backtest.compiled.storyteller import (
    Act,
    Minute,
    tell,
    told_to_the_simulator,
    told_to_the_tables,
)
from trading_core.backtest.compiled import layout as at
from trading_core.money import money
from trading_core.simulator.params import MatchingParams

NEAR = st.integers(98_000, 102_000)
PRICES = NEAR | st.integers(80_000, 120_000)
NOTHING = st.just(at.NONE)
acts = st.builds(
    Act,
    kind=st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4]),
    symbol=st.integers(0, 1),
    answer=st.integers(0, 1),
    which=st.integers(0, 6),
    sign=st.sampled_from([1, -1]),
    lots=st.integers(1, 30) | st.integers(1, 400) | st.integers(1, 60_000),
    ticks=NOTHING | PRICES,
    reduces=st.sampled_from([0, 0, 1]),
    force=st.integers(0, 2),
    stop=NOTHING | PRICES,
    slippage=NOTHING | NOTHING | st.integers(1, 30),
)
bars = st.tuples(PRICES, PRICES, PRICES, PRICES, st.sampled_from([0, 50, 1_000, 100_000])).map(
    lambda p: (p[0], max(p[:4]), min(p[:4]), p[3], p[4])
)
minutes = st.builds(Minute, st.lists(acts, max_size=5).map(tuple), st.tuples(bars, bars))
params = st.builds(
    MatchingParams,
    spread_ticks=st.integers(0, 3),
    slippage_ppm=st.sampled_from([0, 100, 5_000]),
    maker_ppm=st.sampled_from([-100, 0, 200]),
    volume_share_ppm=st.none() | st.sampled_from([10_000, 100_000]),
    price_limits=st.booleans(),
)


@given(
    st.lists(minutes, min_size=1, max_size=6), params, st.sampled_from(["150", "2000", "100000", "9000000"])
)
@settings(max_examples=400, deadline=None)
def test_the_tables_tell_what_the_simulator_tells(
    story: list[Minute], matching: MatchingParams, wallet: str
) -> None:
    asked = told_to_the_simulator(story, matching, money(wallet))
    told = told_to_the_tables(tell, story, matching, money(wallet))
    for mine, theirs in zip(told, asked, strict=True):
        assert mine == theirs

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from trading_core.plan.kernel import below_ticks, is_inside, lots_of, stop_ticks, target_ticks
from trading_core.plan.params import Averaging, ladder

COSTS = st.integers(1, 10**14)
LOTS = st.integers(1, 10**7)
PPMS = st.integers(1, 500_000)
SIDES = st.sampled_from([1, -1])


def exact(cost: int, lots: int, ppm: int, direction: int) -> Fraction:
    return Fraction(cost, lots) * (1 + direction * Fraction(ppm, 10**6))


@given(cost=COSTS, lots=LOTS, ppm=PPMS, direction=SIDES)
def test_stop_rounds_towards_triggering_earlier(cost: int, lots: int, ppm: int, direction: int) -> None:
    cost = max(cost, 10 * lots)
    stop, wish = stop_ticks(cost, lots, ppm, direction), exact(cost, lots, ppm, -direction)

    if direction > 0:
        assert stop < Fraction(cost, lots)
        assert stop >= wish or stop == (cost - 1) // lots
        assert stop - wish < 1
    else:
        assert stop > Fraction(cost, lots)
        assert stop <= wish or stop == cost // lots + 1
        assert wish - stop < 1


@given(cost=COSTS, lots=LOTS, ppm=PPMS, direction=SIDES)
def test_target_never_gains_less_than_asked(cost: int, lots: int, ppm: int, direction: int) -> None:
    cost = max(cost, 10 * lots)

    gain = direction * (target_ticks(cost, lots, ppm, direction) - exact(cost, lots, ppm, direction))

    assert 0 <= gain < 1


@given(cost=COSTS, lots=LOTS, ppm=PPMS, direction=SIDES)
def test_leg_never_stands_nearer_than_asked(cost: int, lots: int, ppm: int, direction: int) -> None:
    cost = max(cost, 10 * lots)

    away = direction * (exact(cost, lots, ppm, -direction) - below_ticks(cost, lots, ppm, direction))

    assert 0 <= away < 1


@given(
    quote=st.integers(0, 10**16),
    ticks=st.integers(1, 10**7),
    num=st.integers(1, 10**6),
    den=st.integers(1, 100),
)
def test_lots_are_the_most_the_quote_buys(quote: int, ticks: int, num: int, den: int) -> None:
    lots = lots_of(quote, ticks, num, den)

    assert lots * ticks * num <= quote * den < (lots + 1) * ticks * num


def test_is_inside_is_the_markets_side_of_the_stop() -> None:
    assert is_inside(101, 100, 1)
    assert not is_inside(100, 100, 1)
    assert is_inside(99, 100, -1)


def test_ladder_cumulates_scaled_steps() -> None:
    rungs = ladder(Averaging(3, 8_000, 1_200_000, 200 * 10**8, 1_500_000, 2))

    assert [r.deviation_ppm for r in rungs] == [8_000, 17_600, 29_120]
    assert [r.quote // 10**8 for r in rungs] == [200, 300, 450]

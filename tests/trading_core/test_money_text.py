from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_core.money import amount, amount_text, plain
from trading_core.performance.metric import ratio_text


@given(units=st.integers(-(10**26), 10**26) | st.integers(-(10**9), 10**9))
def test_an_amount_is_written_as_its_decimal(units: int) -> None:
    assert amount_text(units) == plain(amount(units))


@given(part=st.integers(-(10**12), 10**12), whole=st.integers(-(10**6), 10**6).filter(bool))
def test_a_ratio_is_rounded_half_even(part: int, whole: int) -> None:
    rounded = (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001"))

    assert ratio_text(part, whole) == plain(rounded)


def test_half_a_digit_goes_to_the_even_one() -> None:
    assert [ratio_text(part, 20_000) for part in (1, 3, -1, -3)] == ["0", "0.0002", "0", "-0.0002"]

from __future__ import annotations

import pytest

from tests.trading_core.exchanges.bybit.clocks import Clock
from trading_core.errors import NotSent
from trading_core.exchanges.bybit.pacer import LIMIT, Pacer

PATH = "/v5/order/create"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacer(clock: Clock) -> Pacer:
    return Pacer(monotonic=lambda: clock.now, sleep=clock.sleep)


def heard(limit: int, left: int, reset: int | str = "") -> dict[str, str]:
    return {
        "X-Bapi-Limit": str(limit),
        "X-Bapi-Limit-Status": str(left),
        "X-Bapi-Limit-Reset-Timestamp": str(reset),
    }


def test_burst_up_to_the_limit_then_its_pace(pacer: Pacer, clock: Clock) -> None:
    for _ in range(LIMIT):
        pacer.take(PATH, signed=False)
    assert clock.slept == []
    for _ in range(3):
        pacer.take(PATH, signed=False)
    assert clock.slept == pytest.approx([0.1, 0.1, 0.1])


def test_paths_have_buckets_of_their_own(pacer: Pacer, clock: Clock) -> None:
    pacer.told(PATH, heard(10, 0), refused=False, now_ms=0)
    pacer.take("/v5/order/cancel", signed=True)
    assert clock.slept == []
    pacer.take(PATH, signed=True)
    assert clock.slept == pytest.approx([0.1])


def test_headers_correct_limit_and_what_is_left(pacer: Pacer, clock: Clock) -> None:
    pacer.told(PATH, heard(50, 2), refused=False, now_ms=0)
    for _ in range(3):
        pacer.take(PATH, signed=False)
    assert clock.slept == pytest.approx([0.05])


@pytest.mark.parametrize(
    "reset_ms,wait",
    [(1_002_000, 2.0), (900_000, 0.1), (1_600_000, 5.0), ("", 1.0), ("soon", 1.0), ("9" * 40, 1.0)],
)
def test_refusal_waits_for_its_reset_stamp_within_bounds(
    pacer: Pacer, clock: Clock, reset_ms: int | str, wait: float
) -> None:
    pacer.told(PATH, heard(10, 0, reset_ms), refused=True, now_ms=1_000_000)
    pacer.take(PATH, signed=False)
    assert clock.slept == pytest.approx([wait])


def test_signed_write_is_given_back_instead_of_waiting_long(pacer: Pacer, clock: Clock) -> None:
    pacer.told(PATH, heard(10, 0, 1_004_000), refused=True, now_ms=1_000_000)
    with pytest.raises(NotSent, match="rate limit"):
        pacer.take(PATH, signed=True)
    assert clock.slept == []


def test_nothing_waits_for_a_market_clock_that_stands_still(clock: Clock) -> None:
    pacer = Pacer(monotonic=lambda: clock.now, sleep=clock.sleep, still=True)
    pacer.told(PATH, heard(10, 0, 1_004_000), refused=True, now_ms=1_000_000)
    pacer.take(PATH, signed=True)
    assert clock.slept == []

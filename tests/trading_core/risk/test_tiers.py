"""Loss tiers: what a day and a peak are, which locks a loss sets, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_core.risk.levels import Cause, Level, Limits, Tiers, What, Where
from trading_core.risk.locks import Lock, standing
from trading_core.risk.tiers import Mark, advance, day_begins, new_locks, next_day

MINUTE, HOUR = 60_000, 3_600_000
TIERS = Tiers(warn=10_000, no_entries=20_000, close_only=30_000, flatten=50_000)


def ms(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOON = ms("2025-03-03 12:00")


def rung(
    equity: int, *, limits: Limits | None = None, where: Where = Where.ACCOUNT, day: int = 10_000
) -> Level:
    limits = Limits(day_loss=TIERS) if limits is None else limits
    return Level(where, limits, equity, day, day, day_ms=day_begins(NOON, "UTC"), peak_ms=NOON - HOUR)


def set_now(level: Level, known: tuple[Lock, ...] = (), now_ms: int = NOON) -> tuple[Lock, ...]:
    return new_locks([level], known, bot="b", now_ms=now_ms, zone="UTC")


@pytest.mark.parametrize(
    "equity, what",
    [
        (9_901, None), (9_900, What.WARN), (9_801, What.WARN), (9_800, What.ENTRIES), (9_701, What.ENTRIES),
        (9_700, What.ALL), (9_501, What.ALL), (9_500, What.FLATTEN), (0, What.FLATTEN), (-1, What.FLATTEN),
    ],
)  # fmt: skip
def test_a_loss_sets_the_hardest_step_it_reaches(equity: int, what: What | None) -> None:
    assert [lock.what for lock in set_now(rung(equity))] == ([] if what is None else [what])


def test_a_day_loss_ends_with_the_day_and_a_drawdown_with_a_person() -> None:
    both = Limits(day_loss=TIERS, drawdown=TIERS)

    day, drawdown = set_now(rung(9_000, limits=both))

    assert (day.cause, day.until_ms) == (Cause.DAY_LOSS, ms("2025-03-04 00:00"))
    assert (drawdown.cause, drawdown.until_ms) == (Cause.DRAWDOWN, None)
    assert "10.00 %" in day.reason
    assert "5.00 %" in day.reason


def test_a_lock_is_not_set_twice_and_harder_ones_follow() -> None:
    known = set_now(rung(9_800))

    assert set_now(rung(9_750), known) == ()
    harder = set_now(rung(9_500), known)
    assert [lock.what for lock in harder] == [What.FLATTEN]
    assert set_now(rung(9_700), (*known, *harder)) == ()


def test_a_lifted_lock_is_not_set_again_by_the_same_loss() -> None:
    known = tuple(replace(lock, lifted=True) for lock in set_now(rung(9_700)))

    assert set_now(rung(9_700), known) == ()
    assert set_now(rung(9_750), known) == ()
    assert [lock.what for lock in set_now(rung(9_400), known)] == [What.FLATTEN]
    tomorrow = replace(rung(9_700), day_ms=NOON + 12 * HOUR)
    assert set_now(tomorrow, known, now_ms=NOON + 13 * HOUR)


def test_a_new_peak_lets_a_lifted_drawdown_be_set_again() -> None:
    level = rung(9_700, limits=Limits(drawdown=TIERS))
    lifted = tuple(replace(lock, lifted=True) for lock in set_now(level))

    assert set_now(level, lifted) == ()
    assert set_now(replace(level, peak_ms=NOON + 1), lifted, now_ms=NOON + 2)


def test_a_bots_lock_is_about_the_bot_alone() -> None:
    (lock,) = set_now(rung(9_000, where=Where.BOT))
    assert lock.bot == "b"
    assert standing([lock], bot="b", symbol="ETHUSDT", now_ms=NOON) == (lock,)
    assert standing([lock], bot="other", symbol="ETHUSDT", now_ms=NOON) == ()


def test_standing_locks_end_and_are_in_the_order_of_the_ladder() -> None:
    locks = [
        Lock(where, What.ENTRIES, Cause.MANUAL, "why", NOON, NOON + MINUTE)
        for where in (Where.PLATFORM, Where.BOT, Where.WORKSPACE, Where.ACCOUNT)
    ]
    found = standing(locks, bot="b", symbol="X", now_ms=NOON + MINUTE - 1)
    assert [lock.where for lock in found] == list(Where)
    assert standing(locks, bot="b", symbol="X", now_ms=NOON + MINUTE) == ()


def test_a_mark_keeps_the_days_start_and_the_peak() -> None:
    mark = advance(None, 100, ms("2025-03-03 23:00"), "UTC")
    mark = advance(mark, 120, ms("2025-03-03 23:30"), "UTC")
    mark = advance(mark, 90, ms("2025-03-03 23:59"), "UTC")
    assert (mark.day_start, mark.peak, mark.peak_ms) == (100, 120, ms("2025-03-03 23:30"))

    at_midnight = advance(mark, 80, ms("2025-03-04 00:00"), "UTC")
    late = advance(mark, 80, ms("2025-03-04 00:05"), "UTC")
    assert (at_midnight.day_start, late.day_start) == (80, 90)
    assert at_midnight.peak == 120


def test_an_older_close_changes_no_mark() -> None:
    mark = advance(None, 100, NOON, "UTC")
    assert advance(mark, 500, NOON - MINUTE, "UTC") == mark


@pytest.mark.parametrize(
    "zone, inside, begins, hours",
    [
        ("UTC", "2025-03-30 12:00", "2025-03-30 00:00", 24),
        ("Europe/Berlin", "2025-03-30 12:00", "2025-03-30 00:00", 23),
        ("Europe/Berlin", "2025-10-26 02:30", "2025-10-26 00:00", 25),
        ("America/New_York", "2025-11-02 23:59", "2025-11-02 00:00", 25),
        ("Asia/Beirut", "2025-03-30 12:00", "2025-03-30 01:00", 23),  # its clocks skip midnight
        ("Asia/Kathmandu", "2025-01-05 00:00", "2025-01-05 00:00", 24),
    ],
)
def test_a_day_is_as_long_as_its_zone_makes_it(zone: str, inside: str, begins: str, hours: int) -> None:
    time = ms(inside, zone)
    assert day_begins(time, zone) == ms(begins, zone)
    assert next_day(time, zone) - day_begins(time, zone) == hours * HOUR


@given(
    start=st.integers(0, 4_000_000_000_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Beirut"]),
)
def test_days_follow_each_other_without_a_gap(start: int, zone: str) -> None:
    begins, ends = day_begins(start, zone), next_day(start, zone)
    assert begins <= start < ends
    assert day_begins(begins, zone) == begins
    assert day_begins(ends, zone) == ends
    assert day_begins(ends - 1, zone) == begins


@given(equities=st.lists(st.integers(1, 10_000), min_size=2, max_size=40))
def test_of_each_day_no_step_is_set_twice_and_only_harder_ones_follow(equities: list[int]) -> None:
    known: tuple[Lock, ...] = ()
    mark: Mark | None = None
    order = list(What)
    for minute, equity in enumerate(equities):
        now = NOON + minute * MINUTE
        mark = advance(mark, equity, now, "UTC")
        level = Level(
            Where.ACCOUNT, Limits(day_loss=TIERS), mark.equity, mark.day_start, mark.peak, day_ms=mark.day_ms
        )
        known += set_now(level, known, now)
        lost = (mark.day_start - equity) * 1_000_000 // mark.day_start
        reached = [what for what, ppm in TIERS.steps() if lost >= ppm]
        assert not reached or any(order.index(k.what) >= order.index(reached[0]) for k in known)
    assert all(order.index(a.what) < order.index(b.what) for a, b in pairwise(known))


def test_a_lock_is_told_in_utc_and_read_back_as_written() -> None:
    lock = Lock(Where.BOT, What.ALL, Cause.MANUAL, "why", NOON, ms("2025-03-04 00:00"))
    assert lock.until == "2025-03-04 00:00 UTC"
    assert Lock.from_record(lock.as_record()) == lock

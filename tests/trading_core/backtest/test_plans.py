"""What a plan may ask for, each on a price path made for it: what is bought and sold, where, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.builders import START_MS
from tests.trading_core.engine.documents import document
from trading_core.backtest.result import Played
from trading_core.backtest.run import run
from trading_core.market.candle import Candles
from trading_core.market.known_instruments import known_instrument
from trading_core.simulator.params import MatchingParams

ETH = known_instrument("ETHUSDT")
assert ETH is not None
INSTRUMENTS = {"ETHUSDT": ETH}
EXACT = MatchingParams(maker_ppm=200, taker_ppm=550, spread_ticks=0, slippage_ppm=0, volume_share_ppm=None)
ONCE = {"left": {"price": "close"}, "op": "==", "right": 2000}
"""True at a close of exactly 2,000: the path says when."""

Bar = tuple[float, float, float, float]
Fill = tuple[int, str, int, float, float, str]
"""Closes gone by, role, leg, price, quantity with its sign, why it closed."""


def flat(price: float, times: int = 1) -> list[Bar]:
    return [(price, price, price, price)] * times


def play(changes: dict[str, Any], bars: Sequence[Bar], *, side: str = "long", **extra: Any) -> Played:
    """Play a bot that enters once, behind the first bar that closes at 2,000."""
    bare = {
        "rules": {"inline": {"schema": 2, side: ONCE, **extra}},
        "plan.averaging": None, "plan.take_profit": None, "plan.exits": {"on_rule": True},
        "plan.size": {"mode": "quote", "quote": "2000"}, "plan.stop": {"pct": "10", "base": "entry"},
        "risk.max_open_positions": 1, "risk.cooldown_candles": 100,
    }  # fmt: skip
    rows = np.array(bars, dtype=np.float64)
    times = START_MS + 60_000 * np.arange(len(rows), dtype=np.int64)
    volume = np.full(len(rows), 1e6)
    found = Candles(times, rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], volume, volume * 2_000)
    return run(document({**bare, **changes}), {"ETHUSDT": found}, INSTRUMENTS, params=EXACT)


def fills(played: Played) -> list[Fill]:
    assert ETH is not None
    return [
        (
            (e.time_ms - START_MS) // 60_000, e.role.value, e.leg, float(ETH.price(e.ticks)),
            float(e.side.sign * ETH.qty(e.lots)), e.reason,
        )
        for e in played.executions
    ]  # fmt: skip


def codes(played: Played) -> list[str]:
    return [decision.code for decision in played.decisions]


# Entries


def test_a_market_entry_does_not_pay_more_than_its_cap() -> None:
    entry = {"plan.entry": {"type": "market", "slippage_pct": "0.5"}}
    near = play(entry, [*flat(2000), (2009, 2009, 2009, 2009)])
    assert fills(near) == [(1, "entry", 0, 2009.0, 0.99, "")]
    assert fills(play(entry, [*flat(2000), (2011, 2012, 2000, 1999), *flat(1999, 2)])) == []


def test_a_post_only_entry_follows_the_market_so_often_and_so_far() -> None:
    entry = {
        "plan.entry": {
            "type": "post_only", "offset_pct": "0.1", "timeout_candles": 9, "requotes": 2, "chase_pct": "0.5",
        }
    }  # fmt: skip
    rising = [*flat(2000), *flat(2004), *flat(2008), *flat(2012), *flat(2016)]
    played = play(entry, [*rising, (2016, 2016, 2005.9, 2006)])
    assert fills(played) == [(6, "entry", 0, 2005.99, 1.0, "")]  # 0.1 % below 2,008; the third time it stays
    (order,) = [order for order in played.orders if order.role.value == "entry"]
    assert order.ticks == 200_599
    far = play({**entry, "plan.entry.chase_pct": "0.1"}, [*rising, (2016, 2016, 1998.5, 1999), *flat(1999)])
    assert [fill[3] for fill in fills(far)] == [2001.99]  # not beyond 2,002


def test_a_post_only_entry_that_would_take_is_made_again() -> None:
    entry = {"plan.entry": {"type": "post_only", "offset_pct": "0", "timeout_candles": 9, "requotes": 3}}
    played = play(entry, [*flat(2000), *flat(1999), (2001, 2001, 2001, 2001), (2001, 2001, 2000.5, 2000.6)])
    reasons = [(order.state, order.revision) for order in played.orders]
    assert reasons[0] == ("cancelled", 0)  # the market stood below it
    assert fills(played) == [(4, "entry", 0, 2001.0, 1.0, "")]


@pytest.mark.parametrize(
    "unfilled, expected",
    [
        ("keep", [("entry", 0.5, "")]),
        ("complete", [("entry", 0.5, ""), ("entry", 0.5, "")]),
        ("unwind", [("entry", 0.5, ""), ("exit", -0.5, "unfilled")]),
    ],
)
def test_an_entry_filled_in_part_is_kept_completed_or_unwound(
    unfilled: str, expected: list[tuple[str, float, str]]
) -> None:
    entry = {"type": "limit", "offset_pct": "0.5", "timeout_candles": 2, "unfilled": unfilled}
    share = MatchingParams(
        maker_ppm=200, taker_ppm=550, spread_ticks=0, slippage_ppm=0, volume_share_ppm=100_000
    )
    bars = [*flat(2000), (2000, 2000, 1985, 1995), *flat(1995), *flat(1995, 3)]
    rows = np.array(bars)
    times = START_MS + 60_000 * np.arange(len(rows), dtype=np.int64)
    volume = np.array([1e6, 5.0, 1e6, 1e6, 1e6, 1e6])
    found = Candles(times, rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], volume, volume * 2_000)
    changes = {
        "rules": {"inline": {"schema": 2, "long": ONCE}}, "plan.averaging": None, "plan.take_profit": None,
        "plan.entry": entry, "plan.size": {"mode": "quote", "quote": "1990"}, "risk.cooldown_candles": 100,
    }  # fmt: skip
    played = run(document(changes), {"ETHUSDT": found}, INSTRUMENTS, params=share)
    assert [(fill[1], fill[4], fill[5]) for fill in fills(played)] == expected


# Sizes


def test_a_size_by_risk_loses_that_share_at_the_stop() -> None:
    changes = {"plan.size": {"mode": "risk_pct", "pct": "1"}, "plan.stop.pct": "2"}
    played = play(changes, [*flat(2000), (2000, 2000, 1950, 1950)])
    entry, stop = fills(played)
    assert (entry[4], stop[3]) == (2.5, 1960.0)  # 1 % of 10,000 over 40 a coin


def test_only_what_is_reinvested_makes_entries_larger() -> None:
    changes: dict[str, Any] = {
        "plan.size": {"mode": "equity_pct", "pct": "100", "reinvest_pct": "50"}, "risk.leverage": "3",
    }  # fmt: skip
    changes |= {
        "plan.take_profit": {"pct": "10", "base": "entry"}, "risk.cooldown_candles": 0,
        "risk.max_position_quote": "100000",
    }  # fmt: skip
    played = play(changes, [*flat(2000), (2000, 2300, 2000, 2200), *flat(2000), *flat(2000)])
    first, _, second = (fill for fill in fills(played) if fill[0] < 4)
    won = float(played.executions[1].gained - played.executions[1].fee - played.executions[0].fee) / 1e8
    assert first[4] == 5.0
    assert second[4] == pytest.approx((10_000 + won / 2) / 2_000, abs=0.01)


# Targets


def test_a_ladder_of_targets_closes_in_parts_and_leaves_no_dust() -> None:
    target = {"pct": "3", "base": "average", "steps": [
        {"pct": "1", "share_pct": "33.3"}, {"pct": "2", "share_pct": "33.3"},
    ]}  # fmt: skip
    played = play({"plan.take_profit": target}, [*flat(2000), (2000, 2100, 2000, 2100)])
    assert fills(played)[1:] == [
        (2, "take_profit", 1, 2020.0, -0.33, "take_profit"),
        (2, "take_profit", 2, 2040.0, -0.33, "take_profit"),
        (2, "take_profit", 0, 2060.0, -0.34, "take_profit"),
    ]


def test_steps_too_small_for_an_order_are_left_to_the_last_target() -> None:
    target = {"pct": "2", "base": "average", "steps": [{"pct": "1", "share_pct": "30"}]}
    changes = {"plan.take_profit": target, "plan.size": {"mode": "quote", "quote": "60"}}
    played = play(changes, [*flat(2000), (2000, 2100, 2000, 2100)])
    assert [(fill[2], fill[4]) for fill in fills(played)[1:]] == [(0, -0.03)]


def test_a_trailing_target_begins_at_the_target_and_follows_the_best_price() -> None:
    target = {"pct": "2", "base": "average", "trailing_pct": "0.5"}
    bars = [*flat(2000), (2000, 2039, 2000, 2039), (2039, 2060, 2039, 2058), (2058, 2100, 2058, 2098)]
    played = play({"plan.take_profit": target}, [*bars, (2098, 2098, 2080, 2085)])
    assert fills(played)[1:] == [(5, "stop", 0, 2089.5, -1.0, "trailing")]


def test_a_target_grows_nearer_with_age() -> None:
    target = {"pct": "5", "base": "entry", "decay": [{"minutes": 2, "pct": "1"}, {"minutes": 4, "pct": "0"}]}
    bars = [*flat(2000), *flat(2001, 3), (2001, 2019, 2001, 2010)]
    played = play({"plan.take_profit": target}, [*bars, *flat(2005)])
    assert fills(played)[1:] == [(5, "take_profit", 0, 2005.0, -1.0, "take_profit")]  # at four minutes


# Stops


def test_break_even_gives_back_fees_too() -> None:
    stop = {"pct": "10", "base": "entry", "break_even": {"trigger_pct": "1"}}
    bars = [*flat(2000), (2000, 2019, 2000, 2010), (2010, 2021, 2010, 2015), (2015, 2015, 1990, 1995)]
    played = play({"plan.stop": stop}, bars)
    (entry, exit_) = played.executions
    assert fills(played)[1][5] == "break_even"
    net = exit_.gained - entry.fee - exit_.fee
    assert 0 <= net < 2_000_000  # a tick of 0.01 on one coin


def test_a_trailing_stop_only_tightens() -> None:
    stop = {"pct": "10", "base": "entry", "trailing": {"activation_pct": "1", "distance_pct": "2"}}
    bars = [*flat(2000), (2000, 2100, 2000, 2090), (2090, 2095, 2060, 2062), (2062, 2062, 2050, 2050)]
    played = play({"plan.stop": stop}, bars)
    assert fills(played)[1:] == [(4, "stop", 0, 2058.0, -1.0, "trailing")]


def test_a_minute_that_ends_beyond_its_own_trailing_stop_closes_at_the_market() -> None:
    stop = {"pct": "10", "base": "entry", "trailing": {"activation_pct": "1", "distance_pct": "1"}}
    bars = [*flat(2000), (2000, 2100, 2000, 2050), (2050, 2050, 2050, 2050)]
    played = play({"plan.stop": stop}, bars)
    assert fills(played)[1:] == [(2, "exit", 0, 2050.0, -1.0, "trailing")]


@pytest.mark.parametrize(
    "drawn, expected",
    [
        ({"from": "atr", "multiple": "2", "candles": 3}, 1980.0),
        ({"from": "atr", "multiple": "0.1", "candles": 3, "least_pct": "0.8"}, 1984.0),
        ({"from": "atr", "multiple": "20", "candles": 3}, 1900.0),
        ({"from": "structure", "candles": 3}, 1989.0),
    ],
)
def test_a_stop_is_drawn_from_the_candles_before_the_entry(drawn: dict[str, Any], expected: float) -> None:
    """True ranges of the last three candles are 12, 9 and 9: on average 10, half a percent."""
    bars: list[Bar] = [(1990, 1991, 1990, 1990), (1990, 2001, 1989, 1995), (1995, 2003, 1994, 1999)]
    bars += [(1999, 2006, 1997, 2000)]
    stop = {"pct": "5", "base": "entry", "drawn": drawn}
    played = play({"plan.stop": stop}, [*bars, (2000, 2000, 1800, 1800)])
    assert fills(played)[1][3] == expected


def test_without_enough_candles_nothing_is_drawn_and_nothing_entered() -> None:
    stop = {"pct": "5", "base": "entry", "drawn": {"from": "atr", "multiple": "2", "candles": 14}}
    played = play({"plan.stop": stop}, [*flat(2000), *flat(2001)])
    assert codes(played)[0] == "not_ready"
    assert "15 candles" in str(played.decisions[0].details["reason"])


# Legs

LEGS = {
    "legs": 2,
    "deviation_pct": "1",
    "step_scale": "1",
    "quote": "2000",
    "volume_scale": "1",
    "resting": 2,
}


def legs(**changes: Any) -> dict[str, Any]:
    return {"plan.averaging": {**LEGS, **changes}, "risk.max_position_quote": "10000"}


def prices(played: Played) -> list[tuple[int, int, float]]:
    return [(fill[0], fill[2], fill[3]) for fill in fills(played) if fill[1] == "average"]


def test_legs_stand_where_a_table_puts_them() -> None:
    table = [{"deviation": "0.5", "quote": "1000"}, {"deviation": "3", "quote": "3000"}]
    played = play(legs(table=table), [*flat(2000), (2000, 2000, 1930, 1935)])
    assert [(f[3], f[4]) for f in fills(played)[1:]] == [(1990.0, 0.5), (1940.0, 1.54)]


def test_legs_are_scaled_by_the_range() -> None:
    ranged: list[Bar] = [(2000, 2010, 1990, 1999.5)] * 15
    played = play(legs(unit="atr", deviation_pct="1.5"), [*ranged, *flat(2000), (2000, 2000, 1930, 1935)])
    # fourteen ranges: thirteen of 20 and one of 0.5: 18.60714 of 2,000 are 9,304 millionths, 1.5 times are 13,956
    assert [price for _, _, price in prices(played)] == [1972.08, 1944.17]


def test_a_leg_hangs_on_the_average_where_that_is_wanted() -> None:
    played = play(
        legs(**{"from": "average"}), [*flat(2000), (2000, 2000, 1979, 1979), *flat(1979), *flat(1960)]
    )
    first, second = prices(played)
    assert first[2] == 1980.0
    average = (2000 * 1.0 + 1980 * 1.01) / 2.01
    assert second[2] == pytest.approx(average * 0.99, abs=0.011)


def test_legs_keep_their_distance_in_time() -> None:
    falling = [*flat(2000), (2000, 2000, 1970, 1970), *flat(1970, 3), (1970, 1970, 1950, 1955)]
    together = prices(play(legs(), falling))
    apart = prices(play(legs(min_minutes=3), falling))
    assert [minute for minute, _, _ in together] == [2, 6]
    falling[1] = (2000, 2000, 1950, 1950)
    assert [minute for minute, _, _ in prices(play(legs(), falling))] == [2, 2]
    apart = prices(play(legs(min_minutes=3), falling))
    assert [(leg, minute >= 5) for minute, leg, _ in apart] == [(1, False), (2, True)]


def test_a_leg_waits_until_the_price_comes_back() -> None:
    bars = [
        *flat(2000),
        (2000, 2000, 1975, 1976),
        (1976, 1977, 1960, 1961),
        (1961, 1975, 1961, 1972),
        *flat(1972, 2),
    ]
    played = play(legs(retrace_pct="0.5"), bars)
    assert prices(played) == [(4, 1, 1972.0)]  # 0.5 % above 1,960 was reached at the close of minute 3


def test_steps_widen_with_what_is_in_the_market() -> None:
    played = play(legs(spacing="1"), [*flat(2000), (2000, 2000, 1940, 1945)])
    # 2,000 of 10,000 are in the market: the first step is 1.2 %, then 4,000: the second is 1.4 %
    assert [price for _, _, price in prices(played)] == [1976.0, 1948.0]


def test_legs_end_at_the_cap() -> None:
    played = play(legs(cap_equity_pct="40"), [*flat(2000), (2000, 2000, 1940, 1945)])
    assert [leg for _, leg, _ in prices(played)] == [1]


# Exits


def test_an_exit_rule_waits_for_its_least_profit() -> None:
    rule = {"left": {"price": "close"}, "op": ">", "right": 2001}
    exits = {"plan.exits": {"on_rule": True, "min_profit_pct": "1"}}
    played = play(exits, [*flat(2000), (2000, 2010, 2000, 2010), *flat(2020), *flat(2021)], exit_long=rule)
    assert fills(played)[1:] == [(3, "exit", 0, 2021.0, -1.0, "rule")]


def test_a_signal_for_the_other_side_closes() -> None:
    short = {"left": {"price": "close"}, "op": "<", "right": 1990}
    played = play(
        {"plan.exits": {"on_opposite": True}},
        [*flat(2000), *flat(1995), *flat(1985), *flat(1986)],
        short=short,
    )
    assert fills(played)[1:] == [(3, "exit", 0, 1986.0, -1.0, "opposite")]
    assert "exit_opposite" in codes(played)


def test_everything_works_upside_down() -> None:
    stop = {"pct": "10", "base": "entry", "trailing": {"activation_pct": "1", "distance_pct": "2"}}
    bars = [*flat(2000), (2000, 2000, 1900, 1910), (1910, 1937, 1905, 1936), (1936, 1950, 1936, 1950)]
    played = play({"plan.stop": stop}, bars, side="short")
    assert fills(played)[1:] == [(4, "stop", 0, 1938.0, 1.0, "trailing")]

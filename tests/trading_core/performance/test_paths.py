"""What is worked out of candles: excursions, exposure, the market, entries at random, slippage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trading_core.performance.ledgers import U, execution, flat_minutes, minutes, track
from trading_core.execution.order import Role, Side
from trading_core.performance.excursions import excursions
from trading_core.performance.ledger import ExecutionRecord
from trading_core.performance.report import report_of
from trading_core.performance.significance import grade_of, margin_points
from trading_core.performance.track import TrackRecord
from trading_core.performance.trades import trades_of

MINUTE = 60_000
BUY, SELL = Side.BUY, Side.SELL


def resting(each: ExecutionRecord) -> ExecutionRecord:
    return replace(each, is_maker=True)


def reach(record: TrackRecord) -> list[tuple[int, int]]:
    found = excursions(record, trades_of(record.executions))
    return list(zip((found.best // U).tolist(), (found.worst // U).tolist(), strict=True))


# Candles that open at minutes 0 to 5, as (high, low, close).
CANDLES = minutes((105, 95, 100), (120, 99, 110), (130, 80, 90), (95, 60, 92), (99, 91, 97), (150, 50, 97))


def test_a_long_trade_sees_the_minutes_it_was_held_through() -> None:
    bought, sold = execution(1, Role.ENTRY, BUY, 100, 2), execution(3, Role.EXIT, SELL, 90, 2, gained=-20)
    # Both at the open of a minute: held through minutes 1 and 2, whose prices reach from 80 to 130.
    record = track([bought, sold], minutes={"ETHUSDT": CANDLES})

    assert reach(record) == [(60, -40)]


def test_the_minute_of_a_resting_fill_or_a_stop_tells_nothing() -> None:
    bought = resting(execution(1, Role.ENTRY, BUY, 100, 2))  # inside the minute that ends at 1
    stopped = execution(3, Role.STOP, SELL, 90, 2, gained=-20, reason="stop")  # inside minute 2
    record = track([bought, stopped], minutes={"ETHUSDT": CANDLES})

    assert reach(record) == [(40, -20)]  # minute 1 alone reaches 120; 90 was the stop itself


def test_a_short_trade_with_a_leg_and_a_partial_exit() -> None:
    ledger = [
        execution(1, Role.ENTRY, SELL, 110, 1),
        execution(2, Role.AVERAGE, SELL, 120, 1, leg=1),
        execution(3, Role.TAKE_PROFIT, BUY, 90, 1, gained=25),
        execution(5, Role.EXIT, BUY, 97, 1, gained=18),
    ]
    # Minute 1, one sold at 110: up to 120 (-10), down to 99 (+11).
    # Minute 2, two sold at 115: up to 130 (-30), down to 80 (+70).
    # Minutes 3 and 4, 230 taken in, 90 paid back, one short: up to 99 (+41), down to 60 (+80).
    record = track(ledger, minutes={"ETHUSDT": CANDLES})

    assert reach(record) == [(80, -30)]


def test_excursions_need_candles() -> None:
    ledger = [execution(1, Role.ENTRY, BUY, 100, 1), execution(3, Role.EXIT, SELL, 90, 1, gained=-10)]

    metrics = report_of(track(ledger)).metrics

    assert metrics["average_mfe"].reason == metrics["efficiency_pct"].reason
    assert metrics["average_mfe"].value is None


def test_exposure_is_what_positions_are_worth() -> None:
    prices = flat_minutes(100, 100, 200, 200, 100, 100, 100, 100)
    ledger = [
        execution(2, Role.ENTRY, BUY, 100, 2),  # held at the closes 3 and 4, both at 200
        execution(4, Role.EXIT, SELL, 200, 2, gained=200),
        execution(6, Role.ENTRY, SELL, 100, 1),  # held at the closes 7 and 8
    ]
    record = track(ledger, [1_000] * 9, step_ms=MINUTE, minutes={"ETHUSDT": prices})

    metrics = report_of(record).metrics

    assert metrics["exposure_time_pct"].exact == pytest.approx(50)
    assert metrics["max_exposure_pct"].exact == pytest.approx(40)
    assert metrics["mean_exposure_pct"].exact == pytest.approx((40 + 40 + 10 + 10) / 8)
    assert metrics["locked_hours"].exact == pytest.approx((0.4 + 0.4 + 0.1 + 0.1) / 60)


def test_closes_of_a_longer_timeframe_see_the_last_minute_before_them() -> None:
    prices = flat_minutes(*range(100, 110))
    ledger = [execution(1, Role.ENTRY, BUY, 100, 1)]
    record = track(ledger, [1_000] * 3, step_ms=5 * MINUTE, minutes={"ETHUSDT": prices})

    # The closes at minutes 5 and 10 are those of the candles that opened at 4 and 9.
    assert report_of(record).metrics["mean_exposure_pct"].exact == pytest.approx((10.4 + 10.9) / 2)


def test_the_market_and_what_is_beyond_it() -> None:
    candles = {
        "ETHUSDT": flat_minutes(100, 150),
        "SOLUSDT": flat_minutes(50, 40),
        "BTCUSDT": flat_minutes(10, 11),
    }
    record = track((), [1_000, 1_000, 1_200], step_ms=MINUTE, minutes=candles, traded=("ETHUSDT", "SOLUSDT"))

    metrics = report_of(record).metrics

    assert metrics["market_change_pct"].exact == pytest.approx((50 - 20) / 2)
    assert metrics["bitcoin_change_pct"].exact == pytest.approx(10)
    assert metrics["alpha_pct"].exact == pytest.approx(20 - 15)


def wave(trades: int, *, phase: int) -> TrackRecord:
    """Trades of three minutes on a price that goes up and down by 10 every six minutes."""
    closes = [100 + (10 if place % 6 < 3 else 0) for place in range(6 * trades + 7)]
    ledger = []
    for trade in range(trades):
        at = 6 * trade + phase
        bought, sold = closes[at], closes[at + 3]
        ledger += [
            execution(at + 1, Role.ENTRY, BUY, bought, 1, fee=0, trade=trade, market_ticks=bought),
            execution(at + 4, Role.EXIT, SELL, sold, 1, fee=0, gained=sold - bought, trade=trade, market_ticks=sold),
        ]  # fmt: skip
    return track(ledger, (1_000, 1_000), minutes={"ETHUSDT": flat_minutes(*closes)})


def test_chance_is_beaten_by_who_knows_and_not_by_who_does_not() -> None:
    knowing, wrong = report_of(wave(40, phase=3)), report_of(wave(40, phase=0))

    assert knowing.metrics["random_beaten_pct"].value == "100"
    assert wrong.metrics["random_beaten_pct"].value == "0"
    assert float(knowing.metrics["expectancy_low"].value or 0) == 10
    checks = {check["name"]: check["holds"] for check in knowing.badge["checks"]}
    assert checks["random_entries"]
    assert checks["interval"]
    assert checks["ambiguous_candles"] is None  # nobody counted


def test_a_report_says_the_same_twice() -> None:
    assert report_of(wave(30, phase=1)).metrics == report_of(wave(30, phase=1)).metrics


def test_slippage_is_what_takers_paid_beyond_the_price() -> None:
    ledger = [
        execution(1, Role.ENTRY, BUY, 101, 2, market_ticks=100),
        resting(execution(2, Role.TAKE_PROFIT, SELL, 110, 1, gained=9, market_ticks=111)),
        execution(3, Role.STOP, SELL, 93, 1, gained=-8, market_ticks=95, reason="stop"),
    ]
    metrics = report_of(track(ledger)).metrics

    assert metrics["slippage"].value == "4"
    assert metrics["slippage_of_gross_profit_pct"].value == "400"
    unknown = report_of(track([replace(ledger[0], market_ticks=0), *ledger[1:]])).metrics
    assert unknown["slippage"].value is None


@pytest.mark.parametrize("trades, grade", [(0, "F"), (106, "F"), (107, "D"), (384, "A"), (385, "A+")])
def test_grades_rise_with_the_number_of_trades(trades: int, grade: str) -> None:
    assert grade_of(trades) == grade


def test_a_grade_is_how_far_a_win_rate_may_be_off() -> None:
    for trades, points in ((385, 5.0), (267, 6.0), (196, 7.0), (151, 8.0), (107, 9.5)):
        assert margin_points(trades) <= points < margin_points(trades - 1)


def test_ambiguous_minutes_are_told_as_a_share() -> None:
    metrics = report_of(replace(wave(12, phase=0), touched=8, ambiguous=2)).metrics

    assert (metrics["ambiguous_candles"].value, metrics["ambiguous_pct"].value) == (2, "25")
    none = report_of(replace(track(), touched=0, ambiguous=0)).metrics
    assert none["ambiguous_pct"].reason == "no candle reached an order"


def test_five_hundred_thousand_closes_make_a_report() -> None:
    """Columns all the way: a year of minutes is never turned into records."""
    count = 100_000
    closes = 100 + np.arange(count) % 7
    record = track((), (1_000, 1_000))
    equity = replace(
        record.equity, close_ms=np.arange(count) * MINUTE, wallet=closes * U, unrealised=closes * 0
    )

    assert report_of(replace(record, equity=equity)).metrics["final_equity"].value == str(closes[-1])


def test_an_account_without_equity_is_not_exposed() -> None:
    ledger = [execution(0, Role.ENTRY, BUY, 100, 2)]
    record = track(ledger, [200, 100, 0], step_ms=MINUTE, minutes={"ETHUSDT": flat_minutes(100, 50)})

    metrics = report_of(record).metrics

    assert metrics["max_exposure_pct"].exact == pytest.approx(200)
    assert metrics["mean_exposure_pct"].exact == pytest.approx(100)


def test_a_symbol_that_was_never_traded_changes_nothing() -> None:
    record = wave(12, phase=3)
    columns = replace(record.executions, symbols=("ETHUSDT", "BTCUSDT"))
    minutes_of_both = {**record.minutes, "BTCUSDT": flat_minutes(1, 2)}

    found, both = report_of(record), report_of(replace(record, executions=columns, minutes=minutes_of_both))

    assert both.metrics["mean_exposure_pct"] == found.metrics["mean_exposure_pct"]
    assert both.breakdown == found.breakdown

"""Recorded funding and mark prices: the backtest settles and liquidates as the venue in lock-step does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.builders import START_MS
from tests.trading_core.engine.documents import document
from trading_core.backtest.compare import first_difference
from trading_core.backtest.inputs import recorded_from_files
from trading_core.backtest.result import Played, result_document
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.errors import CandlesInvalid
from trading_core.execution.order import Role
from trading_core.market.candle import Candles
from trading_core.market.known_instruments import known_instrument
from trading_core.market.recorded import Recorded
from trading_core.market.recorded_files import beside, read_recorded
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.money import money
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.params import MatchingParams
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.replay import ReplayMarket

ETH = known_instrument("ETHUSDT") or pytest.fail("nobody knows ETHUSDT")
MINUTE, HOUR = 60_000, 3_600_000
EIGHT = START_MS - START_MS % (8 * HOUR) + 8 * HOUR
"""The first settlement after the candles begin."""
BEGIN = EIGHT - 10 * MINUTE
UID = 1


def market(*closes: float) -> Candles:
    """Minutes from ten before a settlement on; each opens at the close before, with a great volume."""
    close = np.array(closes)
    opens = np.concatenate((close[:1], close[:-1]))
    times = BEGIN + np.arange(len(close)) * MINUTE
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    return Candles(times, opens, high, low, close, np.full(len(close), 1e6), np.full(len(close), np.nan))


def marks(*candles: tuple[float, float, float, float], start_ms: int = EIGHT - HOUR) -> dict[str, Any]:
    """Hourly mark candles as (open, high, low, close)."""
    names = ("mark_open", "mark_high", "mark_low", "mark_close")
    columns = np.array(candles, dtype=np.float64).T
    times = start_ms + np.arange(len(candles)) * HOUR
    return {"mark_open_ms": times, "mark_length_ms": HOUR, **dict(zip(names, columns, strict=True))}


def bot() -> BotDocument:
    """Buys at the first rising close and holds."""
    rising = {"left": {"price": "close"}, "op": ">", "right": {"price": "open"}}
    return document(
        {
            "rules": {"inline": {"schema": 1, "long": rising}},
            "plan.averaging": None,
            "plan.take_profit": None,
            "plan.stop.pct": "30",
            "plan.exits": {"time_stop_minutes": None, "on_rule": False},
        }
    )


def play(found: Candles, recorded: Recorded | None = None) -> Played:
    told = {} if recorded is None else {"ETHUSDT": recorded}
    return run(bot(), {"ETHUSDT": found}, {"ETHUSDT": ETH}, recorded=told)


def stepped(exchange: Exchange) -> list[Event]:
    """What the venue's next move brings."""
    return [event for told in exchange.play({"op": "step"}).told for event in told.events]


def on_the_venue(played: Played, found: Candles, recorded: Recorded) -> tuple[list[Executed], int]:
    """The same entry on the venue: what was executed there, funding too, and the balance at the end."""
    key = SeriesKey("synthetic", "linear", "ETHUSDT", Timeframe.M1)
    exchange = Exchange(ReplayMarket({key: found}, recorded={"ETHUSDT": recorded}), lockstep=True)
    fees = played.document.fees
    params = MatchingParams(maker_ppm=fees.maker_ppm, taker_ppm=fees.taker_ppm)
    exchange.play({
        "op": "account", "uid": UID, "reference": "a", "deposit": played.document.balance, "at": 0, "key": "k",
        "secret": "s", "params": {name: getattr(params, name) for name in MatchingParams.__slots__},
    })  # fmt: skip
    entry = next(order for order in played.orders if order.role is Role.ENTRY)
    heard: list[Event] = []
    while exchange.clock_ms < entry.decided_ms:
        heard += stepped(exchange)
    exchange.play({
        "op": "leverage", "uid": UID, "symbol": "ETHUSDT", "ppm": played.document.risk.leverage_ppm,
    })  # fmt: skip
    placed = exchange.play({
        "op": "place", "uid": UID, "symbol": "ETHUSDT", "side": "Buy", "lots": entry.lots, "ticks": None,
        "link": "", "reduce_only": False, "tif": "IOC", "stop": entry.stop_ticks, "close_on_trigger": False,
    })  # fmt: skip
    heard += [event for told in placed.told for event in told.events]
    while not exchange.done:
        heard += stepped(exchange)
    return [e for e in heard if isinstance(e, Executed)], exchange.accounts[UID].sim.wallet


def same_as_on_the_venue(played: Played, found: Candles, recorded: Recorded) -> None:
    executed, wallet = on_the_venue(played, found, recorded)
    matches = [(e.time_ms, e.sequence, e.ticks, e.lots, e.fee) for e in executed if e.exec_type != "Funding"]
    payments = [
        (e.time_ms, e.sequence, e.ticks, e.rate_e8, e.fee) for e in executed if e.exec_type == "Funding"
    ]
    assert matches == [(e.time_ms, e.sequence, e.ticks, e.lots, e.fee) for e in played.executions]
    assert payments == [(f.time_ms, f.sequence, f.ticks, f.rate_e8, f.paid) for f in played.fundings]
    assert wallet == played.wallet


CALM = market(2_000, *[2_001] * 600)


def test_funding_is_paid_at_the_recorded_mark_as_on_the_venue() -> None:
    told = Recorded({EIGHT: 10_000, EIGHT + 8 * HOUR: -5_000}, **marks((2_000, 2_010, 1_990, 2_005.5)))

    played = play(CALM, told)

    first, second = played.fundings
    # The mark candle that ends then closes at 2005.50; eight hours later none is known: the last price.
    assert (first.time_ms, first.ticks, first.rate_e8) == (EIGHT, 200_550, 10_000)
    assert (second.time_ms, second.ticks, second.rate_e8) == (EIGHT + 8 * HOUR, 200_100, -5_000)
    value = ETH.notional_ceil(first.lots * first.ticks)
    assert first.paid == -(-value * 10_000 // 10**8)
    assert second.paid < 0
    same_as_on_the_venue(played, CALM, told)


def test_funding_counts_in_equity_metrics_and_the_trade() -> None:
    told = Recorded({EIGHT: 10_000})
    free, paying = play(CALM), play(CALM, told)
    paid = paying.fundings[0].paid

    assert free.wallet - paying.wallet == paid > 0
    assert free.equity[-1].wallet - paying.equity[-1].wallet == paid
    result = result_document(paying)
    assert money(result["metrics"]["funding"]) == paid
    assert money(result["left_open"][0]["funding"]) == paid
    assert (result["meta"]["funding"], result_document(free)["meta"]["funding"]) == (
        "recorded rates",
        "not booked",
    )
    assert first_difference(result_document(free), result) is not None


def test_funding_is_settled_before_the_decision_of_its_close() -> None:
    told = Recorded({EIGHT: 10_000})

    points = {point.close_ms: point.wallet for point in play(CALM, told).equity}

    assert points[EIGHT] < points[EIGHT - MINUTE]


def test_who_holds_nothing_pays_nothing() -> None:
    told = Recorded({EIGHT: 10_000})

    assert not play(market(*[2_000] * 30), told).fundings


CRASH = market(2_000, 2_001, 2_001, 2_001, 1_900, 1_900, 1_900)


@pytest.mark.parametrize(
    "low, liquidated", [(None, True), (1_890.0, True), (1_950.0, False)], ids=["unknown", "as low", "higher"]
)
def test_a_position_is_liquidated_by_the_mark(low: float | None, *, liquidated: bool) -> None:
    told = Recorded() if low is None else Recorded(**marks((2_000, 2_010, low, 2_000)))

    # No document may ask for a stop behind its liquidation, near 1,931 at 25x: only so the stop can't come first.
    careful = bot()
    asked = replace(careful, risk=replace(careful.risk, leverage_ppm=25 * 10**6))
    played = run(asked, {"ETHUSDT": CRASH}, {"ETHUSDT": ETH}, recorded={"ETHUSDT": told})

    assert ("liquidation" in {e.reason for e in played.executions}) == liquidated
    assert played.judged_by == ("last price" if low is None else "recorded mark price")
    same_as_on_the_venue(played, CRASH, told)


def written(root: Path, kind: str, name: str, **columns: Any) -> Path:
    folder = root / kind / "synthetic-linear"
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), folder / name)
    return folder


def test_files_beside_the_candles_are_found(tmp_path: Path) -> None:
    candles = written(tmp_path, "candles", "ETHUSDT_1m.parquet", open_time=[0])
    funding = written(tmp_path, "funding", "ETHUSDT.parquet", funding_time=[EIGHT], funding_rate=[0.0001])
    mark = written(
        tmp_path, "mark-price", "ETHUSDT_1h.parquet",
        open_time=[EIGHT], open=[1.0], high=[4.0], low=[0.5], close=[2.0],
    )  # fmt: skip

    paths = beside([candles / "ETHUSDT_1m.parquet"])
    found = recorded_from_files(bot(), paths)["ETHUSDT"]

    assert paths == beside([candles]) == [funding, mark]
    assert found.rates_e8 == {EIGHT: 10_000}
    assert (found.mark_at(EIGHT), found.mark_at(EIGHT + HOUR), found.mark_at(EIGHT + MINUTE)) == (
        1.0,
        2.0,
        None,
    )
    low, high = found.spans(np.array([EIGHT - 1, EIGHT, EIGHT + HOUR - 1, EIGHT + HOUR]))
    assert np.isnan(low[[0, 3]]).all()
    assert (low[1:3].tolist(), high[1:3].tolist()) == ([0.5, 0.5], [4.0, 4.0])
    assert beside([tmp_path / "elsewhere" / "synthetic-linear"]) == []


def test_two_files_of_marks_are_refused(tmp_path: Path) -> None:
    prices = {"open_time": [EIGHT], "open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0]}
    for timeframe in ("1h", "5m"):
        folder = written(tmp_path, "mark-price", f"ETHUSDT_{timeframe}.parquet", **prices)

    with pytest.raises(CandlesInvalid, match="one file of mark prices"):
        read_recorded(sorted(folder.iterdir()))


def test_a_replay_takes_what_stands_beside_its_candles(tmp_path: Path) -> None:
    names = ("open_time", "open", "high", "low", "close", "volume")
    written(
        tmp_path,
        "candles",
        "ETHUSDT_1m.parquet",
        **dict(zip(names, map(list, CRASH.columns()[:6]), strict=True)),
    )
    written(tmp_path, "funding", "ETHUSDT.parquet", funding_time=[EIGHT], funding_rate=[-0.0002])
    file = tmp_path / "candles" / "synthetic-linear" / "ETHUSDT_1m.parquet"

    recorded, constant = ReplayMarket.read((file,)), ReplayMarket.read((file,), funding_rate_e8=7)

    assert [recorded.funding_rate_e8("ETHUSDT", at) for at in (EIGHT, EIGHT + 8 * HOUR)] == [-20_000, 0]
    assert constant.funding_rate_e8("ETHUSDT", EIGHT) == 7


def test_what_is_recorded_of_one_run_does_not_change_another() -> None:
    told = Recorded({EIGHT: 10_000})

    assert play(CALM, replace(told, rates_e8={})).wallet == play(CALM).wallet

"""Several hundred symbols: contracts one would believe in, the same prices as ever, memory that stays flat."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.venue.venues import ROOT, START_MS, TOKEN, VenueProcess
from trading_core.errors import InvalidInput
from trading_core.venue.config import VenueConfig
from trading_core.venue.market.days import DAY_MS
from trading_core.venue.market.listing import LISTED_MAX, base_price, listed_instrument, listing
from trading_core.venue.market.source import MINUTE_MS, STEPS
from trading_core.venue.market.synthetic import MINOR_MOVES, SyntheticMarket

MIDNIGHT = START_MS // DAY_MS * DAY_MS
MINOR = listing()[20]

OF_OLD = {
    "BTCUSDT": "cbdd9c0bda66b07bfd64", "ETHUSDT": "037207c7c90c0b3b87b6", "SOLUSDT": "5181abb9a290dd00dff5",
    "XRPUSDT": "2e3153d57fc21636f72a", "DOGEUSDT": "35c28bd8f35fa894a956", "LTCUSDT": "450306d2fbc9b74d2ec4",
    "ADAUSDT": "8d7492432e595901ec24", "TRXUSDT": "5094406f175ecb3f9f89",
}  # fmt: skip
"""Fingerprints of two days of candles and of some paths, written down when these were all there was."""


def market(*symbols: str, **changes: int) -> SyntheticMarket:
    return SyntheticMarket(symbols, seed=7, start_ms=MIDNIGHT, **changes)


def fingerprint(source: SyntheticMarket, symbol: str) -> str:
    digest = hashlib.sha256()
    for column in source.candles(symbol, MIDNIGHT - DAY_MS, MIDNIGHT + DAY_MS).columns():
        digest.update(np.ascontiguousarray(column).tobytes())
    for minute in (0, 1, 700, 1_439):
        path = source.path(symbol, MIDNIGHT + minute * MINUTE_MS)
        assert path is not None
        digest.update(path.tobytes())
    digest.update(str(source.candle(symbol, MIDNIGHT + 5 * MINUTE_MS)).encode())
    return digest.hexdigest()[:20]


def test_known_symbols_have_the_prices_they_always_had() -> None:
    source = market(*OF_OLD, MINOR)

    assert {symbol: fingerprint(source, symbol) for symbol in OF_OLD} == OF_OLD


def test_listing_is_long_unique_and_begins_with_the_known_ones() -> None:
    assert listing()[: len(OF_OLD)] == tuple(OF_OLD)
    assert len(set(listing())) == LISTED_MAX


def test_every_contract_can_be_traded_at_its_price() -> None:
    for symbol in listing():
        instrument, price = listed_instrument(symbol), base_price(symbol)
        assert 2e-5 < float(instrument.tick_size) / price * 1e3 < 1.0, symbol
        least = max(instrument.min_notional / 1e8, float(instrument.qty(instrument.min_lots)) * price)
        assert 5 <= least < 110, symbol
        assert 0 < instrument.max_market_lots < instrument.max_lots
        assert instrument.maintenance_ppm * instrument.max_leverage < 1_000_000  # below the initial margin


def test_contracts_differ_as_small_ones_do() -> None:
    invented = [listed_instrument(symbol) for symbol in listing()[8:408]]

    for feature in (
        [i.max_leverage for i in invented], [i.qty_step for i in invented],
        [i.funding_interval_min for i in invented], [i.tick_size.as_tuple().digits for i in invented],
    ):  # fmt: skip
        commonest = Counter(feature).most_common(1)[0][1]
        assert len(set(feature)) > 1
        assert commonest < 350


def test_invented_symbol_moves_a_few_times_a_minute_and_candles_are_read_off_that() -> None:
    source = market(MINOR)
    for minute in (0, 3, 1_439):
        open_ms = MIDNIGHT + minute * MINUTE_MS
        path, candle = source.path(MINOR, open_ms), source.candle(MINOR, open_ms)
        assert path is not None
        assert candle is not None
        near = source.instruments[MINOR].nearest_ticks
        assert len(path) == STEPS
        assert np.count_nonzero(np.diff(path)) < MINOR_MOVES
        assert near(candle.close) == path[-1]
        assert near(candle.high) == max(near(candle.open), int(path.max()))
        assert near(candle.low) == min(near(candle.open), int(path.min()))


def test_invented_symbol_goes_along_with_the_market() -> None:
    source = market("BTCUSDT", MINOR)
    closes = [source.candles(s, MIDNIGHT, MIDNIGHT + DAY_MS).close for s in source.instruments]
    quarters = [np.diff(np.log(close[::15])) for close in closes]

    assert 0.15 < float(np.corrcoef(quarters[0], quarters[1])[0, 1]) < 0.8


def test_a_prepared_day_is_the_day_that_comes() -> None:
    prepared, other = market(MINOR), market(MINOR)
    prepared.path(MINOR, MIDNIGHT)

    prepared.prepare(MINOR, MIDNIGHT + DAY_MS)

    np.testing.assert_array_equal(prepared.path(MINOR, MIDNIGHT), other.path(MINOR, MIDNIGHT))
    tomorrow = MIDNIGHT + DAY_MS + 9 * MINUTE_MS
    np.testing.assert_array_equal(prepared.path(MINOR, tomorrow), other.path(MINOR, tomorrow))
    assert prepared.candle(MINOR, tomorrow) == other.candle(MINOR, tomorrow)


def test_days_played_are_forgotten() -> None:
    source = market(MINOR, history_days=0)
    counts = []
    for day in range(1_000):
        source.candle(MINOR, MIDNIGHT + day * DAY_MS)
        counts.append(len(source._days) + len(source._levels) + len(source._commons))

    assert counts[-1] == counts[-2] == max(counts)
    assert source.candle(MINOR, MIDNIGHT) == market(MINOR).candle(MINOR, MIDNIGHT)


@pytest.mark.parametrize("count", [0, LISTED_MAX + 1])
def test_impossible_counts_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(InvalidInput, match="symbol_count"):
        VenueConfig(tmp_path, "token", symbol_count=count).validate()


def test_only_a_synthetic_market_is_listed_by_count(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="symbol_count"):
        VenueConfig(tmp_path, "token", market="upstream", symbol_count=5).validate()


def test_hundreds_of_symbols_are_listed_priced_and_traded(tmp_path: Path) -> None:
    venue = VenueProcess(tmp_path, "--symbol-count", "300", "--history-days", "2")
    try:
        client = venue.client(venue.account("many"))
        listed = client.get_instruments_info(category="linear")["result"]["list"]
        tickers = client.get_tickers(category="linear")["result"]["list"]
        assert len(listed) == len(tickers) == 300
        assert {row["symbol"] for row in listed} == set(listing()[:300])
        last = next(float(row["lastPrice"]) for row in tickers if row["symbol"] == MINOR)
        assert 0.5 < last / base_price(MINOR) < 2
        step = next(float(r["lotSizeFilter"]["qtyStep"]) for r in listed if r["symbol"] == MINOR)
        lots = max(1, round(20 / last / step))
        client.place_order(
            category="linear", symbol=MINOR, side="Buy", orderType="Market", qty=f"{lots * step:.10g}"
        )
        (position,) = client.get_positions(category="linear", symbol=MINOR)["result"]["list"]
        assert float(position["size"]) == pytest.approx(lots * step)
    finally:
        venue.stop()


def test_a_market_may_list_more_after_a_restart(tmp_path: Path) -> None:
    venue = VenueProcess(tmp_path, "--symbol-count", "2", "--history-days", "1", "--snapshot-every", "1")
    account = venue.account("grows")
    venue.stop()

    venue.options = ("--symbol-count", "40", "--history-days", "1")
    venue.start()

    try:
        client = venue.client(account)
        assert len(client.get_tickers(category="linear")["result"]["list"]) == 40
        assert client.get_positions(category="linear", settleCoin="USDT")["result"]["list"] == []
    finally:
        venue.stop()


def test_a_market_may_not_forget_what_was_traded(tmp_path: Path) -> None:
    more = ("--symbols", "BTCUSDT,ETHUSDT", "--history-days", "1", "--snapshot-every", "1")
    venue = VenueProcess(tmp_path, *more)
    client = venue.client(venue.account("trader"))
    client.place_order(category="linear", symbol="ETHUSDT", side="Buy", orderType="Market", qty="0.01")
    venue.stop()

    command = [
        sys.executable,
        "-m",
        "trading_core.venue",
        "--data-dir",
        str(tmp_path),
        "--symbols",
        "BTCUSDT",
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "VENUE_CONTROL_TOKEN": TOKEN}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith("venue: symbols: account 100001 of this log traded ETHUSDT")

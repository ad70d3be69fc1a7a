"""Closed trades from executions; state written before they were kept is still read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.venue.venues import write_candles
from trading_core.money import money
from trading_core.venue.account import VenueAccount
from trading_core.venue.exchange import FIRST_UID, Exchange
from trading_core.venue.market.replay import ReplayMarket

SYMBOL = "ETHUSDT"
PARAMS = {"spread_ticks": 1, "slippage_ppm": 0, "maker_ppm": 0, "taker_ppm": 1_000}


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """One account at a price of 1000.00, a tick of spread, 0.1 % of fee."""
    file = write_candles(tmp_path, [(1000.0, 1001.0, 999.0, 1000.0)] * 3)
    opened = Exchange(ReplayMarket.read((file,)), lockstep=True)
    opened.play({
        "op": "account", "uid": FIRST_UID, "reference": "a", "deposit": money("10000"), "at": 0,
        "key": "k", "secret": "s", "params": PARAMS,
    })  # fmt: skip
    return opened


def trade(exchange: Exchange, side: str, lots: int, **changes: Any) -> None:
    exchange.play({
        "op": "place", "uid": FIRST_UID, "symbol": SYMBOL, "side": side, "lots": lots, "ticks": None,
        "link": "", "reduce_only": False, "tif": "IOC", "stop": None, "close_on_trigger": False, **changes,
    })  # fmt: skip


def account_of(exchange: Exchange) -> VenueAccount:
    return exchange.accounts[FIRST_UID]


def told(account: VenueAccount) -> list[tuple[int, int, int, int]]:
    """(lots, fills, fee of opening, profit) of each closed trade."""
    return [(t.lots, t.fills, t.open_fee, t.pnl) for t in account.closed.trades.values()]


def test_fees_of_both_ends_are_shared_out_by_size(exchange: Exchange) -> None:
    trade(exchange, "Buy", 200)  # two at 1000.01: fee 2.00002
    trade(exchange, "Sell", 50)  # half of one at 999.99: fee 0.499995, a quarter of the opening's
    trade(exchange, "Sell", 150)

    assert told(account_of(exchange)) == [
        (50, 1, money("0.500005"), money("-1.01")),
        (150, 1, money("1.500015"), money("-3.03")),
    ]
    wallet = account_of(exchange).sim.wallet
    assert sum(pnl for *_, pnl in told(account_of(exchange))) == wallet - money("10000")


def test_an_order_through_zero_closes_one_position_and_pays_for_the_next(exchange: Exchange) -> None:
    trade(exchange, "Buy", 100)
    trade(exchange, "Sell", 300)  # fee 2.99997, a third of it for closing
    trade(exchange, "Buy", 200)

    first, second = told(account_of(exchange))

    assert first == (100, 1, money("1.00001"), money("-2.02"))
    assert second == (200, 1, money("1.99998"), money("-4.04"))
    assert first[3] + second[3] == account_of(exchange).sim.wallet - money("10000")


def test_state_of_older_versions_is_read(exchange: Exchange, tmp_path: Path) -> None:
    trade(exchange, "Buy", 100)
    trade(exchange, "Sell", 100)
    kept = orjson.loads(orjson.dumps(exchange.as_record()))
    older = orjson.loads(orjson.dumps(kept))
    for name in ("dcp_s", "rights"):
        del older["accounts"][0][name]
    for booked in older["accounts"][0]["booked"]:
        del booked["leverage_ppm"]

    for record in (kept, older):
        awake = Exchange(
            ReplayMarket.read((tmp_path / "binance-linear" / "ETHUSDT_1m_test.csv",)), lockstep=True
        )
        awake.wake(record)
        assert told(account_of(awake)) == told(account_of(exchange))
    awake.wake(kept)
    assert orjson.loads(orjson.dumps(awake.as_record())) == kept

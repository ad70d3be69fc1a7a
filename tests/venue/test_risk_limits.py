"""Risk tiers: told, read by the platform's adapter, and bounding leverage and positions."""

from __future__ import annotations

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from tests.venue.venues import VenueProcess
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.market.known_instruments import known_instrument
from trading_core.market.tiers import maintenance_of
from trading_core.money import amount

ETH = {"category": "linear", "symbol": "ETHUSDT"}
BUY = {**ETH, "side": "Buy", "orderType": "Limit", "price": "990"}


@pytest.fixture
def rich(still_venue: VenueProcess, request: pytest.FixtureRequest) -> HTTP:
    return still_venue.client(still_venue.account(request.node.name, "9000000"))


def refused(call: object, **params: str) -> tuple[int, str]:
    with pytest.raises(InvalidRequestError) as caught:
        call(**params)  # type: ignore[operator]
    return int(caught.value.status_code), str(caught.value.message)


def leverage(session: HTTP, times: str) -> None:
    session.set_leverage(**ETH, buyLeverage=times, sellLeverage=times)


def test_adapter_reads_the_tiers_that_backtests_use(free_venue: VenueProcess) -> None:
    market = BybitMarket(endpoint=free_venue.url, wall_ms=lambda: 1)
    told = {instrument.symbol: instrument for instrument in market.instruments("linear")}
    market.close()

    assert told == {symbol: known_instrument(symbol) for symbol in ("BTCUSDT", "ETHUSDT")}


def test_tiers_of_a_symbol_and_of_all(free_venue: VenueProcess) -> None:
    session = HTTP()
    session.endpoint = free_venue.url
    one = session.get_risk_limit(**ETH)["result"]
    every = session.get_risk_limit(category="linear")["result"]

    assert {row["symbol"] for row in every["list"]} == {"BTCUSDT", "ETHUSDT"}
    assert [row for row in every["list"] if row["symbol"] == "ETHUSDT"] == one["list"]
    assert [row["isLowestRisk"] for row in one["list"]] == [1] + [0] * (len(one["list"]) - 1)
    assert one["list"][1] == {
        "id": 2, "symbol": "ETHUSDT", "riskLimitValue": "4000000", "maintenanceMargin": "0.00625",
        "initialMargin": "0.0125", "isLowestRisk": 0, "maxLeverage": "80.00", "mmDeduction": "2500",
    }  # fmt: skip
    assert (one["nextPageCursor"], every["nextPageCursor"]) == ("", "")


def test_leverage_bounds_orders_and_orders_bound_leverage(rich: HTTP) -> None:
    leverage(rich, "100")
    rich.place_order(**BUY, qty="1000")
    code, message = refused(rich.place_order, **BUY, qty="1100")
    assert code == 110090
    assert "leverage to 80 or below" in message

    leverage(rich, "80")
    rich.place_order(**BUY, qty="1100")
    assert refused(rich.set_leverage, **ETH, buyLeverage="100", sellLeverage="100") == (
        110013, "cannot set leverage [10000] gt maxLeverage [8000] by risk limit",
    )  # fmt: skip


def test_an_order_beyond_the_top_tier_is_refused(still_venue: VenueProcess) -> None:
    richest = still_venue.client(still_venue.account("top tier", "50000000"))
    leverage(richest, "2")
    for _ in range(5):
        richest.place_order(**BUY, qty="7200")

    assert refused(richest.place_order, **BUY, qty="7200")[0] == 110089


def test_position_tells_its_tier(rich: HTTP) -> None:
    leverage(rich, "40")
    for _ in range(4):
        rich.place_order(**ETH, side="Buy", orderType="Market", qty="700")
    row = rich.get_positions(**ETH)["result"]["list"][0]

    instrument = known_instrument("ETHUSDT")
    assert instrument is not None
    value = round(float(row["size"]) * float(row["avgPrice"])) * 10**8
    assert (row["riskId"], row["riskLimitValue"]) == (2, "4000000")
    assert float(row["positionMM"]) == pytest.approx(
        float(amount(maintenance_of(instrument.tiers, value))), abs=1
    )
    entry, size = float(row["avgPrice"]), float(row["size"])
    expected = entry - (float(row["positionIM"]) - float(row["positionMM"])) / size
    assert float(row["liqPrice"]) == pytest.approx(expected, abs=0.01)
    assert rich.set_risk_limit(**ETH, riskId=3)["result"]["riskLimitValue"] == "6000000"
    assert refused(rich.set_risk_limit, **ETH, riskId=99)[0] == 110031  # type: ignore[arg-type]

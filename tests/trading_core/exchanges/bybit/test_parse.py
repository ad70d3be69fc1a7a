from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading_core.exchanges.bybit.payloads import (
    BTC,
    INSTRUMENT_ROW,
    INSTRUMENTS,
    execution_row,
    order_row,
    position_row,
)  # fmt: skip
from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit import parse
from trading_core.execution.order import OrderState, Side
from trading_core.market.tiers import RiskTier
from trading_core.money import money


def test_instrument_is_in_exact_integers() -> None:
    assert (BTC.tick_size, BTC.qty_step) == (Decimal("0.10"), Decimal("0.001"))
    assert (BTC.min_lots, BTC.max_lots, BTC.max_market_lots) == (1, 1_190_000, 500_000)
    assert (BTC.min_notional, BTC.maintenance_ppm) == (5 * 10**8, 5000)


def test_price_limits_are_those_of_the_contract() -> None:
    told = {"riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.025"}}
    limits = parse.instrument_of(INSTRUMENT_ROW | told)
    assert (limits.price_limit_x_ppm, limits.price_limit_y_ppm) == (10_000, 25_000)
    assert (BTC.price_limit_x_ppm, BTC.price_limit_y_ppm) == (50_000, 100_000)


RISK_ROW = {
    "id": 1677, "symbol": "RVNUSDT", "riskLimitValue": "300000", "maintenanceMargin": "0.03",
    "initialMargin": "0.06", "isLowestRisk": 0, "maxLeverage": "16.67", "mmDeduction": "1500",
}  # fmt: skip


def test_risk_tiers_are_read_lowest_first() -> None:
    lowest = RISK_ROW | {
        "id": 1676, "riskLimitValue": "100000", "maintenanceMargin": "0.02", "initialMargin": "0.04",
        "isLowestRisk": 1, "maxLeverage": "25.00", "mmDeduction": "",
    }  # fmt: skip
    assert parse.risk_tiers([RISK_ROW, lowest]) == (
        RiskTier(1676, money("100000"), 40_000, 20_000, 0, 25_000_000),
        RiskTier(1677, money("300000"), 60_000, 30_000, money("1500"), 16_670_000),
    )


def test_rates_of_risk_tiers_may_be_percentages() -> None:
    percent = RISK_ROW | {"maintenanceMargin": "3", "initialMargin": "6"}
    assert parse.risk_tiers([percent]) == parse.risk_tiers([RISK_ROW])


@pytest.mark.parametrize(
    "change", [{"initialMargin": "0.6"}, {"initialMargin": "0"}, {"maxLeverage": ""}, {"riskLimitValue": "x"}]
)
def test_risk_tiers_that_make_no_sense_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        parse.risk_tiers([RISK_ROW | change])


def test_order_news_is_in_ticks_and_lots() -> None:
    news = parse.order_news(order_row(), INSTRUMENTS)
    assert (news.link, news.side, news.state) == ("A1-LINK", Side.BUY, OrderState.ACCEPTED)
    assert (news.ticks, news.lots, news.filled, news.reason) == (600_001, 5, 0, "")


def test_market_order_has_no_price_when_its_inner_limit_is_shown() -> None:
    assert parse.order_news(order_row(orderType="Market"), INSTRUMENTS).ticks is None


@pytest.mark.parametrize("status,state", parse.ORDER_STATES.items())
def test_order_status_is_read(status: str, state: OrderState) -> None:
    assert parse.order_news(order_row(orderStatus=status), INSTRUMENTS).state is state


def test_order_reason_is_the_venues_own_word() -> None:
    row = order_row(orderStatus="Cancelled", rejectReason="EC_NoError", cancelType="CancelByReduceOnly")
    assert parse.order_news(row, INSTRUMENTS).reason == "CancelByReduceOnly"


@pytest.mark.parametrize(
    "field,value",
    [
        ("orderStatus", "Dancing"),
        ("side", "buy"),
        ("qty", "0.0005"),
        ("price", "60000.15"),
        ("qty", "NaN"),
        ("symbol", "ETHUSDT"),
        ("updatedTime", ""),
        ("orderId", 5),
    ],
)
def test_order_refuses_and_names_the_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse.order_news(order_row(**{field: value}), INSTRUMENTS)
    assert caught.value.path == field


def test_execution_fee_is_rounded_up() -> None:
    news = parse.execution_news(execution_row(), INSTRUMENTS)
    assert (news.ticks, news.lots, news.fee, news.sequence) == (600_001, 5, 16_500_028, 7)
    assert news.stop_order_type == ""


def test_rebate_is_rounded_up_too() -> None:
    assert parse.execution_news(execution_row(execFee="-0.000000019"), INSTRUMENTS).fee == -1


def test_funding_may_stand_off_the_grid() -> None:
    row = execution_row(execType="Funding", execPrice="60000.137", orderLinkId="", orderId="f")
    assert parse.execution_news(row, INSTRUMENTS).ticks == 600_001


def test_position_is_signed() -> None:
    news = parse.position_news(position_row(), INSTRUMENTS)
    assert (news.lots, news.stop_ticks, news.liquidation_price) == (-10, 610_000, None)


@pytest.mark.parametrize("size", ["0", ""])
def test_flat_position_is_told_by_empty_fields(size: str) -> None:
    row = position_row(side="", size=size, avgPrice="", stopLoss="0", leverage="")
    news = parse.position_news(row, INSTRUMENTS)
    assert (news.lots, news.stop_ticks, news.entry_price) == (0, None, Decimal(0))


def test_streamed_position_names_its_price_differently() -> None:
    row = position_row(entryPrice="60000.05")
    del row["avgPrice"]
    assert parse.position_news(row, INSTRUMENTS).entry_price == Decimal("60000.05")


def test_hedge_mode_is_refused() -> None:
    with pytest.raises(InvalidInput, match="hedge mode is not supported"):
        parse.position_news(position_row(positionIdx=1), INSTRUMENTS)


def test_wallet_is_rounded_down() -> None:
    row = {"coin": [{"coin": "USDT", "walletBalance": "1000.123456789"}]}
    news = parse.wallet_news(row, coin="USDT", updated_ms=5)
    assert news is not None
    assert news.balance == 100_012_345_678
    assert parse.wallet_news(row, coin="BTC", updated_ms=5) is None


def test_candle_row_is_read() -> None:
    candle = parse.candle_of(["1700000000000", "1.5", "2", "1", "1.75", "10", "17.5"])
    assert (candle.open_time, candle.high, candle.turnover) == (1_700_000_000_000, 2.0, 17.5)
    with pytest.raises(InvalidInput, match="seven numbers"):
        parse.candle_of(["1700000000000", "1.5"])


def test_ticker_delta_without_a_price_is_no_price() -> None:
    assert parse.last_price({"symbol": "BTCUSDT", "markPrice": "1"}, time_ms=1) is None


@pytest.mark.real_data
def test_documentation_examples_are_read(market_data: Path) -> None:
    text = (market_data / "payloads" / "bybit" / "v5-documentation-examples.json").read_text()
    examples = json.loads(text)
    seen = 0
    for kind, name, read in (
        ("order", "open-order", parse.order_news),
        ("order", "order-list", parse.order_news),
        ("order", "execution", parse.execution_news),
        ("position", "position", parse.position_news),
    ):
        for answer in examples[kind][name]:
            for row in answer.get("result", {}).get("list", []):
                fine = INSTRUMENT_ROW | {"symbol": row["symbol"], "baseCoin": "X"}
                fine["priceFilter"] = {"tickSize": "0.0000001"}
                fine["lotSizeFilter"] = INSTRUMENT_ROW["lotSizeFilter"] | {"qtyStep": "0.0000001"}
                read(row, {row["symbol"]: parse.instrument_of(fine)})
                seen += 1
    assert seen >= 4

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


def test_instrument_is_in_exact_integers() -> None:
    assert (BTC.tick_size, BTC.qty_step) == (Decimal("0.10"), Decimal("0.001"))
    assert (BTC.min_lots, BTC.max_lots, BTC.max_market_lots) == (1, 1_190_000, 500_000)
    assert (BTC.min_notional, BTC.maintenance_ppm) == (5 * 10**8, 5000)


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

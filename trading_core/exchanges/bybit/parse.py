"""Bybit v5 payloads to our types: exact integers, or a clear refusal that names the field.

Field names and their oddities (numbers are strings, an empty string is "none") are Bybit's,
v5 documentation of July 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from trading_core.errors import InvalidInput
from trading_core.exchanges.port import (
    ExecutionNews,
    FlowNews,
    LastPrice,
    OrderNews,
    PositionNews,
    WalletNews,
)  # fmt: skip
from trading_core.execution.order import OrderState, Side
from trading_core.market.candle import Candle
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import RiskTier, Tiers
from trading_core.money import MONEY_SCALE, PPM, decimal_of, money

Payload = Mapping[str, Any]
Instruments = Mapping[str, Instrument]

ORDER_STATES: Mapping[str, OrderState] = {
    "Created": OrderState.ACCEPTED,
    "New": OrderState.ACCEPTED,
    "Untriggered": OrderState.ACCEPTED,
    "Triggered": OrderState.ACCEPTED,
    "Active": OrderState.ACCEPTED,
    "PartiallyFilled": OrderState.PARTIALLY_FILLED,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELLED,
    "PartiallyFilledCanceled": OrderState.CANCELLED,
    "Deactivated": OrderState.CANCELLED,
    "Rejected": OrderState.REJECTED,
}
"""Bybit's orderStatus. CANCELLED may have executions."""

_NEAR_ONE = (Decimal("0.8"), Decimal("1.25"))
"""Where initial rate times highest leverage lies, both rounded, if the rate is a fraction."""

NO_REASON = ("", "EC_NoError", "UNKNOWN", "None")


def text(row: Payload, name: str, default: str | None = None) -> str:
    """Return a string field."""
    value = row.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(name, f"expected text, was {value!r}")
    return value


def decimal(row: Payload, name: str, default: str | None = None) -> Decimal:
    """Return a numeric field; an empty string counts as the default."""
    value = row.get(name)
    if value in ("", None):
        value = default
    try:
        return Decimal(str(value)) if "e" in str(value).lower() else decimal_of(str(value))
    except (ValueError, InvalidOperation):
        raise InvalidInput(name, f"expected a number, was {row.get(name)!r}") from None


def whole(row: Payload, name: str, default: str | None = None) -> int:
    """Return an integer field given as a string or a number."""
    value = decimal(row, name, default)
    if value != int(value):
        raise InvalidInput(name, f"expected a whole number, was {value}")
    return int(value)


def known_instrument(row: Payload, instruments: Instruments) -> Instrument:
    """Return the instrument of a row."""
    symbol = text(row, "symbol")
    if symbol not in instruments:
        raise InvalidInput("symbol", f"expected a known instrument, was {symbol!r}")
    return instruments[symbol]


def order_news(row: Payload, instruments: Instruments) -> OrderNews:
    """Parse an order object of ``/v5/order/realtime``, ``/history`` or the order stream."""
    instrument = known_instrument(row, instruments)
    status = text(row, "orderStatus")
    if status not in ORDER_STATES:
        raise InvalidInput("orderStatus", f"expected a status of the v5 documentation, was {status!r}")
    limit = text(row, "orderType") == "Limit"
    return OrderNews(
        link=text(row, "orderLinkId", ""),
        venue_order_id=text(row, "orderId"),
        symbol=instrument.symbol,
        side=_side(row),
        state=ORDER_STATES[status],
        lots=_lots(row, "qty", instrument),
        filled=_lots(row, "cumExecQty", instrument, "0"),
        ticks=_ticks(row, "price", instrument) if limit else None,
        reduce_only=bool(row.get("reduceOnly", False)),
        updated_ms=whole(row, "updatedTime"),
        reason=_reason(row),
        stop_order_type=_none_as_empty(text(row, "stopOrderType", "")),
    )


def execution_news(row: Payload, instruments: Instruments) -> ExecutionNews:
    """Parse an execution of ``/v5/execution/list`` or the execution stream.

    Prices of funding and liquidation rows need not lie on the grid: they are rounded to it.
    """
    instrument = known_instrument(row, instruments)
    exec_type = text(row, "execType")
    price = decimal(row, "execPrice", "0")
    trade = exec_type == "Trade"
    return ExecutionNews(
        exec_id=text(row, "execId"),
        exec_type=exec_type,
        link=text(row, "orderLinkId", ""),
        venue_order_id=text(row, "orderId", ""),
        symbol=instrument.symbol,
        side=_side(row),
        ticks=_ticks(row, "execPrice", instrument) if trade else instrument.ticks_floor(price),
        lots=_lots(row, "execQty", instrument),
        fee=money_up(decimal(row, "execFee", "0")),
        is_maker=bool(row.get("isMaker", False)),
        stop_order_type=_none_as_empty(text(row, "stopOrderType", "")),
        time_ms=whole(row, "execTime"),
        sequence=whole(row, "seq", "0"),
    )


def position_news(row: Payload, instruments: Instruments) -> PositionNews:
    """Parse a position of ``/v5/position/list`` or the position stream; one-way mode only."""
    instrument = known_instrument(row, instruments)
    index = whole(row, "positionIdx", "0")
    if index:
        raise InvalidInput(
            "positionIdx", f"expected one-way mode (0), was {index}: hedge mode is not supported"
        )
    size = _lots(row, "size", instrument, "0")
    stop = decimal(row, "stopLoss", "0")
    liquidation = decimal(row, "liqPrice", "0")
    price_field = "avgPrice" if "avgPrice" in row else "entryPrice"
    return PositionNews(
        symbol=instrument.symbol,
        lots=-size if row.get("side") == Side.SELL.value else size,
        entry_price=decimal(row, price_field, "0"),
        stop_ticks=_ticks(row, "stopLoss", instrument) if stop else None,
        leverage=decimal(row, "leverage", "0"),
        liquidation_price=liquidation or None,
        updated_ms=whole(row, "updatedTime", "0"),
        sequence=whole(row, "seq", "0"),
    )


def wallet_news(row: Payload, *, coin: str, updated_ms: int) -> WalletNews | None:
    """Parse one account of ``/v5/account/wallet-balance`` or the wallet stream; None if it lacks the coin."""
    coins = row.get("coin")
    if not isinstance(coins, list):
        raise InvalidInput("coin", f"expected a list, was {coins!r}")
    for entry in coins:
        if entry.get("coin") == coin:
            balance = decimal(entry, "walletBalance", "0")
            return WalletNews(coin=coin, balance=money_down(balance), updated_ms=updated_ms)
    return None


OF_TRADING = frozenset({
    "TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL", "CURRENCY_BUY", "CURRENCY_SELL",
})  # fmt: skip
"""Lines of the transaction log that executions and funding tell as well."""


def flow_news(row: Payload) -> FlowNews | None:
    """Parse a line of ``/v5/account/transaction-log``; None for one that a trade made, or that moved nothing."""
    kind, amount = text(row, "type"), money_down(decimal(row, "change", "0"))
    if kind in OF_TRADING or not amount:
        return None
    return FlowNews(text(row, "id"), kind, amount, whole(row, "transactionTime"))


def instrument_of(row: Payload, *, tiers: Tiers = ()) -> Instrument:
    """Parse a linear contract of ``/v5/market/instruments-info``.

    ``tiers`` come from the risk limits; without them half the margin at the highest leverage is
    assumed for every value, which is what Bybit's lowest tiers ask.
    """
    lots, leverage, risk = row["lotSizeFilter"], row["leverageFilter"], row.get("riskParameters", {})
    step = decimal(lots, "qtyStep")
    most = decimal(leverage, "maxLeverage")
    return Instrument(
        category="linear",
        symbol=text(row, "symbol"),
        base_coin=text(row, "baseCoin"),
        settle_coin=text(row, "settleCoin"),
        tick_size=decimal(row["priceFilter"], "tickSize"),
        qty_step=step,
        min_lots=_steps(decimal(lots, "minOrderQty"), step, ROUND_CEILING),
        max_lots=_steps(decimal(lots, "maxOrderQty"), step, ROUND_FLOOR),
        max_market_lots=_steps(decimal(lots, "maxMktOrderQty"), step, ROUND_FLOOR),
        min_notional=money(decimal(lots, "minNotionalValue", "0")),
        max_leverage=most,
        maintenance_ppm=tiers[0].maintenance_ppm if tiers else int(PPM / (2 * most)),
        funding_interval_min=whole(row, "fundingInterval"),
        price_limit_x_ppm=int(decimal(risk, "priceLimitRatioX", "0.05") * PPM),
        price_limit_y_ppm=int(decimal(risk, "priceLimitRatioY", "0.1") * PPM),
        status=text(row, "status"),
        tiers=tiers,
    )


def risk_tiers(rows: Iterable[Payload]) -> Tiers:
    """Parse the rows of one symbol of ``/v5/market/risk-limit``, lowest first.

    Recorded rates are fractions, some documents show percentages: the highest leverage, which is
    the inverse of the initial rate, tells which; InvalidInput if it is neither.
    """
    ordered = sorted(rows, key=lambda row: decimal(row, "riskLimitValue"))
    return tuple(_tier(row) for row in ordered)


def _tier(row: Payload) -> RiskTier:
    initial, most = decimal(row, "initialMargin"), decimal(row, "maxLeverage")
    scale = next((s for s in (1, 100) if _NEAR_ONE[0] < initial * most / s < _NEAR_ONE[1]), None)
    if scale is None:
        raise InvalidInput("initialMargin", f"expected about 1/{most} or 100/{most}, was {initial}")
    return RiskTier(
        number=whole(row, "id"),
        limit=money(decimal(row, "riskLimitValue")),
        initial_ppm=int(initial * PPM / scale),
        maintenance_ppm=int(decimal(row, "maintenanceMargin") * PPM / scale),
        deduction=money(decimal(row, "mmDeduction", "0")),
        leverage_ppm=int(most * PPM),
    )


def candle_of(row: list[str]) -> Candle:
    """Parse one row of ``/v5/market/kline``: start, open, high, low, close, volume, turnover."""
    try:
        start, *numbers = row
        return Candle(int(start), *(float(n) for n in numbers))
    except (ValueError, TypeError):
        raise InvalidInput("kline", f"expected seven numbers, was {row!r}") from None


def streamed_candle(row: Payload) -> Candle:
    """Parse one entry of the kline stream."""
    names = ("open", "high", "low", "close", "volume", "turnover")
    return Candle(whole(row, "start"), *(float(decimal(row, name)) for name in names))


def last_price(row: Payload, *, time_ms: int) -> LastPrice | None:
    """Parse an entry of the tickers stream; None for a delta that leaves the last price alone."""
    if not row.get("lastPrice"):
        return None
    return LastPrice(text(row, "symbol"), decimal(row, "lastPrice"), time_ms)


def money_up(value: Decimal) -> int:
    """Money units of an amount, rounded up: what we pay."""
    return int((value * MONEY_SCALE).to_integral_value(ROUND_CEILING))


def money_down(value: Decimal) -> int:
    """Money units of an amount, rounded down: what we own."""
    return int((value * MONEY_SCALE).to_integral_value(ROUND_FLOOR))


def _side(row: Payload) -> Side:
    try:
        return Side(text(row, "side"))
    except ValueError:
        raise InvalidInput("side", f"expected Buy or Sell, was {row.get('side')!r}") from None


def _lots(row: Payload, name: str, instrument: Instrument, default: str | None = None) -> int:
    try:
        return instrument.exact_lots(decimal(row, name, default))
    except ValueError as e:
        raise InvalidInput(name, str(e)) from None


def _ticks(row: Payload, name: str, instrument: Instrument) -> int:
    try:
        return instrument.exact_ticks(decimal(row, name))
    except ValueError as e:
        raise InvalidInput(name, str(e)) from None


def _steps(value: Decimal, step: Decimal, rounding: str) -> int:
    return int((value / step).to_integral_value(rounding))


def _reason(row: Payload) -> str:
    for name in ("rejectReason", "cancelType"):
        value = row.get(name, "")
        if isinstance(value, str) and value not in NO_REASON:
            return value
    return ""


def _none_as_empty(value: str) -> str:
    return "" if value in ("UNKNOWN", "None") else value

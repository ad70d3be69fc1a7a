"""Why a spot order is refused, in Bybit's codes and words."""

from __future__ import annotations

from enum import IntEnum

from trading_core.simulator.refusals import Refusal, SimRefused


class SpotRefusal(IntEnum):
    """Bybit v5 return codes of refused spot commands."""

    NO_BALANCE = 170131
    PRICE_OFF_GRID = 170134
    QTY_ABOVE_MOST = 170135
    QTY_BELOW_LEAST = 170136
    QTY_OFF_GRID = 170137
    VALUE_BELOW_LEAST = 170140
    DUPLICATE_LINK = 170141
    AMOUNT_OFF_GRID = 170148
    PRICE_TOO_HIGH = 170193
    PRICE_TOO_LOW = 170194
    ORDER_GONE = 170213
    TOO_MANY_ORDERS = 170810


MESSAGES: dict[SpotRefusal, str] = {
    SpotRefusal.NO_BALANCE: "Insufficient balance.",
    SpotRefusal.PRICE_OFF_GRID: "Order price has too many decimals.",
    SpotRefusal.QTY_ABOVE_MOST: "Order quantity exceeded upper limit.",
    SpotRefusal.QTY_BELOW_LEAST: "Order quantity exceeded lower limit.",
    SpotRefusal.QTY_OFF_GRID: "Order quantity has too many decimals.",
    SpotRefusal.VALUE_BELOW_LEAST: "Order value exceeded lower limit.",
    SpotRefusal.DUPLICATE_LINK: "Duplicate clientOrderId.",
    SpotRefusal.AMOUNT_OFF_GRID: "Market order amount decimal too long.",
    SpotRefusal.PRICE_TOO_HIGH: "Buy order price cannot be higher than the limit.",
    SpotRefusal.PRICE_TOO_LOW: "Sell order price cannot be lower than the limit.",
    SpotRefusal.ORDER_GONE: "Order does not exist.",
    SpotRefusal.TOO_MANY_ORDERS: "Cannot exceed maximum of 500 conditional, TP/SL and active orders.",
}


class SpotRefused(SimRefused):
    """A spot command was refused and changed nothing."""

    def __init__(self, code: SpotRefusal, message: str = "") -> None:
        super().__init__(Refusal.PARAMETER, message or MESSAGES[code])
        self.code = int(code)

"""Why the simulated exchange refuses a command, in Bybit's codes and words."""

from __future__ import annotations

from enum import IntEnum

from trading_core.errors import AilonaError


class Refusal(IntEnum):
    """Bybit v5 return codes of refused commands."""

    PARAMETER = 10001
    ORDER_GONE = 110001
    PRICE = 110003
    MARGIN_NEEDED = 110006
    NO_BALANCE = 110007
    TOO_MANY_CONDITIONAL = 110009
    LEVERAGE_TOO_HIGH = 110013
    NO_BALANCE_TO_ADD = 110014
    REDUCE_ONLY = 110017
    MODE_POSITION = 110024
    MODE_UNCHANGED = 110025
    MARGIN_UNCHANGED = 110027
    MODE_ORDERS = 110028
    TOO_MANY_ORDERS = 110020
    LEVERAGE_UNCHANGED = 110043
    POSITION_TOO_SMALL = 110058
    PARTLY_FILLED = 110059
    TOO_MANY_PARTIAL = 110061
    DUPLICATE_LINK = 110072
    ABOVE_TOP_TIER = 110089
    ABOVE_RISK_LIMIT = 110090
    NOT_RISING = 110092
    NOT_FALLING = 110093
    TOO_SMALL = 110094
    STOP_UNCHANGED = 34040
    MARGIN_MODE = 3400045


MESSAGES: dict[Refusal, str] = {
    Refusal.PARAMETER: "params error",
    Refusal.ORDER_GONE: "order not exists or too late to cancel",
    Refusal.PRICE: "Order price is out of permissible range",
    Refusal.MARGIN_NEEDED: "The assets are estimated to be unable to cover the position margin",
    Refusal.NO_BALANCE: "ab not enough for new order",
    Refusal.TOO_MANY_CONDITIONAL: "The number of stop orders exceeds the maximum allowable limit",
    Refusal.LEVERAGE_TOO_HIGH: "cannot set leverage gt maxLeverage by risk limit",
    Refusal.NO_BALANCE_TO_ADD: "Insufficient available balance to add additional margin",
    Refusal.REDUCE_ONLY: "current position is zero, cannot fix reduce-only order qty",
    Refusal.TOO_MANY_ORDERS: "Not allowed to have more than 500 active orders",
    Refusal.MODE_POSITION: "You have an existing position, so position mode cannot be switched",
    Refusal.MODE_UNCHANGED: "Position mode is not modified",
    Refusal.MARGIN_UNCHANGED: "Margin is not modified",
    Refusal.MODE_ORDERS: "Open orders exist, so you cannot change position mode",
    Refusal.LEVERAGE_UNCHANGED: "leverage not modified",
    Refusal.POSITION_TOO_SMALL: (
        "Insufficient number of remaining position size to set take profit and stop loss"
    ),
    Refusal.PARTLY_FILLED: "Cannot modify the TP/SL of a partially filled open order",
    Refusal.TOO_MANY_PARTIAL: "Cannot have more than 20 TP/SLs under Partial tpSlMode",
    Refusal.DUPLICATE_LINK: "OrderLinkedID is duplicate",
    Refusal.ABOVE_TOP_TIER: "Exceeds the maximum risk limit level",
    Refusal.ABOVE_RISK_LIMIT: "Order placement failed as your position may exceed the max limit",
    Refusal.NOT_RISING: "expect Rising, but trigger_price <= current",
    Refusal.NOT_FALLING: "expect Falling, but trigger_price >= current",
    Refusal.TOO_SMALL: "Order does not meet minimum order value 5USDT",
    Refusal.STOP_UNCHANGED: "not modified",
    Refusal.MARGIN_MODE: "Set margin mode failed",
}


class SimRefused(AilonaError):
    """A command was refused and changed nothing. ``code`` is Bybit's retCode, ``message`` its retMsg."""

    def __init__(self, code: Refusal, message: str = "") -> None:
        self.code = int(code)
        self.message = message or MESSAGES[code]
        super().__init__(f"{self.code}: {self.message}")

"""Why the simulated exchange refuses a command, in Bybit's codes and words."""

from __future__ import annotations

from enum import IntEnum

from trading_core.errors import AilonaError


class Refusal(IntEnum):
    """Bybit v5 return codes of refused commands."""

    PARAMETER = 10001
    ORDER_GONE = 110001
    NO_BALANCE = 110007
    TOO_MANY_CONDITIONAL = 110009
    LEVERAGE_TOO_HIGH = 110013
    REDUCE_ONLY = 110017
    TOO_MANY_ORDERS = 110020
    LEVERAGE_UNCHANGED = 110043
    DUPLICATE_LINK = 110072
    NOT_RISING = 110092
    NOT_FALLING = 110093
    TOO_SMALL = 110094
    STOP_UNCHANGED = 34040


MESSAGES: dict[Refusal, str] = {
    Refusal.PARAMETER: "params error",
    Refusal.ORDER_GONE: "order not exists or too late to cancel",
    Refusal.NO_BALANCE: "ab not enough for new order",
    Refusal.TOO_MANY_CONDITIONAL: "The number of stop orders exceeds the maximum allowable limit",
    Refusal.LEVERAGE_TOO_HIGH: "cannot set leverage gt maxLeverage by risk limit",
    Refusal.REDUCE_ONLY: "current position is zero, cannot fix reduce-only order qty",
    Refusal.TOO_MANY_ORDERS: "Not allowed to have more than 500 active orders",
    Refusal.LEVERAGE_UNCHANGED: "leverage not modified",
    Refusal.DUPLICATE_LINK: "OrderLinkedID is duplicate",
    Refusal.NOT_RISING: "expect Rising, but trigger_price <= current",
    Refusal.NOT_FALLING: "expect Falling, but trigger_price >= current",
    Refusal.TOO_SMALL: "Order does not meet minimum order value 5USDT",
    Refusal.STOP_UNCHANGED: "not modified",
}


class SimRefused(AilonaError):
    """A command was refused and changed nothing. ``code`` is Bybit's retCode, ``message`` its retMsg."""

    def __init__(self, code: Refusal, message: str = "") -> None:
        self.code = int(code)
        self.message = message or MESSAGES[code]
        super().__init__(f"{self.code}: {self.message}")

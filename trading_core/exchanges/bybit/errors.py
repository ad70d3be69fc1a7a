"""What a Bybit answer means for the request that got it: an exhaustive reading of retCodes.

Only a code on a list proves something; any other code means that nobody knows. Sources: Bybit v5
``error.mdx`` and the order protocol in docs/flows.md.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected

ORDER_GONE = 110001
"""The order does not exist, or it is too late to change it."""
DUPLICATE_LINK = 110072
"""An order with this client order id exists already."""


class Meaning(StrEnum):
    """What a retCode proves."""

    DONE = "done"
    """Accepted, or what was asked for holds already."""
    NOT_SENT = "not_sent"
    """Refused before it was looked at: the same request may be made again."""
    REJECTED = "rejected"
    """Definitely refused."""
    UNKNOWN = "unknown"
    """Proves nothing: reconcile."""


DONE_CODES = MappingProxyType(
    {
        0: "accepted",
        110025: "position mode not modified",
        110026: "margin mode not modified",
        110043: "leverage not modified",
        34040: "not modified",
    }
)
NOT_SENT_CODES = MappingProxyType(
    {
        10002: "timestamp outside the receive window",
        10006: "rate limit of the account",
    }
)
REJECTED_CODES = MappingProxyType(
    {
        10001: "parameter error",
        10003: "API key is invalid",
        10004: "signature is invalid",
        10005: "permission denied",
        10010: "IP address is not on the key's list",
        10024: "compliance rules",
        10027: "trading is banned",
        10029: "symbol is not on the key's list",
        33004: "API key expired",
        110001: "order does not exist or it is too late",
        110003: "price out of the permitted range",
        110004: "wallet balance is insufficient",
        110006: "assets would fall below the margin",
        110007: "available balance is insufficient",
        110008: "order was finished or cancelled",
        110009: "too many stop orders",
        110010: "order was cancelled",
        110012: "available balance is insufficient",
        110013: "leverage is above the risk limit",
        110017: "reduce-only rule is not satisfied",
        110020: "more than 500 active orders",
        110021: "open interest limit",
        110023: "reduce-only phase of the contract",
        110024: "position mode can't change while a position is open",
        110028: "position mode can't change while orders are open",
        110040: "order would liquidate the position",
        110044: "available margin is insufficient",
        110045: "wallet balance is insufficient",
        110051: "available balance is below the lowest price",
        110052: "available balance is insufficient",
        110053: "available balance is above the highest price",
        110061: "too many protective orders",
        110066: "trading is not allowed",
        110074: "contract is not live",
        110086: "leverage exceeds the risk limit",
        110090: "position would exceed the leverage's limit",
        110092: "trigger price should be above the market",
        110093: "trigger price should be below the market",
        110094: "order value below the minimum",
    }
)
EXISTS_CODES = frozenset({10014, DUPLICATE_LINK})
"""The request was seen before: look its order up. Part of UNKNOWN."""


def meaning(code: int) -> Meaning:
    """Return what a retCode proves."""
    if code in DONE_CODES:
        return Meaning.DONE
    if code in NOT_SENT_CODES:
        return Meaning.NOT_SENT
    if code in REJECTED_CODES:
        return Meaning.REJECTED
    return Meaning.UNKNOWN


def error_of(code: int, message: str) -> ExchangeError | None:
    """Return the error a retCode stands for; None when the request is done."""
    match meaning(code):
        case Meaning.DONE:
            return None
        case Meaning.NOT_SENT:
            return NotSent(message, code=code)
        case Meaning.REJECTED:
            return Rejected(message, code=code)
        case Meaning.UNKNOWN:
            return OutcomeUnknown(message, code=code)

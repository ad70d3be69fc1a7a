"""Every retCode we know: what it says, what it proves of a write, and what is done about it.

Sources: Bybit v5 ``error.mdx`` and, for what a code proves, the order protocol in docs/flows.md.
The list of definite refusals is an allow-list: a code that is not here proves nothing of a write.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Meaning(StrEnum):
    """What a retCode proves of a write."""

    DONE = "done"
    """Accepted, or what was asked for holds already."""
    NOT_SENT = "not_sent"
    """Refused before it was looked at: the same request may be made again."""
    REJECTED = "rejected"
    """Definitely refused."""
    UNKNOWN = "unknown"
    """Proves nothing: reconcile."""


class Action(StrEnum):
    """What the bot, or its owner, does about a retCode."""

    OK = "ok"
    """Nothing: it holds."""
    RETRY = "retry"
    """Ask again later."""
    RECON = "recon"
    """Read what became of it before anything else."""
    REJECT = "reject"
    """This request failed; the next decision goes on."""
    PAUSE = "pause"
    """The owner has to change something on the account or the symbol."""
    HALT = "halt"
    """The key or the account can't be used until its owner acts."""
    FIX = "fix"
    """Our request was wrong: an instrument changed, or it is a fault of ours."""


@dataclass(frozen=True, slots=True)
class RetCode:
    """One retCode; ``read`` and ``write`` are what is done about it on a read and on a write."""

    code: int
    words: str
    proves: Meaning
    read: Action
    write: Action


def _rows(
    proves: Meaning, read: Action, write: Action, words: Iterable[tuple[int, str]]
) -> tuple[RetCode, ...]:
    return tuple(RetCode(code, text, proves, read, write) for code, text in words)


RETCODES: tuple[RetCode, ...] = (
    *_rows(Meaning.DONE, Action.OK, Action.OK, [
        (0, "accepted"),
        (34040, "not modified"),
        (110025, "position mode not modified"),
        (110026, "margin mode not modified"),
        (110027, "margin not modified"),
        (110043, "leverage not modified"),
    ]),
    *_rows(Meaning.NOT_SENT, Action.RETRY, Action.RETRY, [
        (10002, "timestamp outside the receive window"),
        (10006, "rate limit of the account"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.RETRY, Action.RECON, [
        (429, "system protection"),
        (10000, "server timeout"),
        (10016, "internal error"),
        (10019, "service is restarting"),
        (10403, "rate limit of the address"),
        (10429, "system protection"),
        (20003, "too frequent requests"),
        (170001, "internal error"),
        (170005, "too many new orders"),
        (170007, "timeout"),
        (170032, "network error"),
        (170146, "order creation timed out"),
        (170147, "order cancellation timed out"),
        (170149, "order creation failed"),
        (170222, "too many requests"),
        (500000, "system error"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.RETRY, Action.RECON, [
        (110079, "order is being processed"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.RECON, Action.RECON, [
        (10014, "duplicate request"),
        (20006, "duplicate request id"),
        (110072, "duplicate client order id"),
        (170141, "duplicate client order id (spot)"),
    ]),
    *_rows(Meaning.REJECTED, Action.FIX, Action.FIX, [
        (10001, "parameter error"),
        (110094, "order value below the minimum"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.FIX, Action.FIX, [
        (10017, "route not found"),
        (170116, "order type is invalid (spot)"),
        (170117, "side is invalid (spot)"),
        (170121, "symbol is invalid (spot)"),
        (170124, "order amount too large"),
        (170134, "price has too many decimals"),
        (170135, "quantity above the maximum (spot)"),
        (170136, "quantity below the minimum"),
        (170137, "quantity has too many decimals"),
        (170140, "order value below the minimum (spot)"),
        (170148, "market order amount has too many decimals"),
    ]),
    *_rows(Meaning.REJECTED, Action.HALT, Action.HALT, [
        (10003, "API key is invalid"),
        (10004, "signature is invalid"),
        (10005, "permission denied"),
        (10010, "IP address is not on the key's list"),
        (10024, "compliance rules"),
        (10027, "trading is banned"),
        (33004, "API key expired"),
        (110066, "trading is not allowed"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.HALT, Action.HALT, [
        (-2015, "API key is invalid"),
        (10007, "authentication failed"),
        (10008, "account is banned"),
        (10009, "IP address is banned"),
        (110124, "trading is restricted for the account"),
        (110132, "trading is restricted in the region"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.PAUSE, Action.PAUSE, [
        (10028, "needs a unified trading account"),
        (100028, "is not available to a unified trading account"),
        (30228, "symbol is being delisted"),
        (110123, "agreement is not signed"),
        (110125, "agreement is not signed"),
        (170241, "agreement is not signed"),
        (182021, "margin mode conflict"),
        (3200403, "margin mode conflict"),
        (3400045, "margin mode can't be set"),
    ]),
    *_rows(Meaning.REJECTED, Action.PAUSE, Action.PAUSE, [
        (10029, "symbol is not on the key's list"),
        (110023, "reduce-only phase of the contract"),
        (110024, "position mode can't change while a position is open"),
        (110028, "position mode can't change while orders are open"),
        (110074, "contract is not live"),
    ]),
    *_rows(Meaning.REJECTED, Action.RECON, Action.RECON, [
        (110001, "order does not exist or it is too late"),
        (110008, "order was finished or cancelled"),
        (110010, "order was cancelled"),
        (110017, "reduce-only rule is not satisfied"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.RECON, Action.RECON, [
        (170139, "order was filled (spot)"),
        (170142, "order was cancelled (spot)"),
        (170143, "order does not exist (spot)"),
        (170213, "order does not exist (spot)"),
    ]),
    *_rows(Meaning.REJECTED, Action.REJECT, Action.REJECT, [
        (110003, "price out of the permitted range"),
        (110004, "wallet balance is insufficient"),
        (110006, "assets would fall below the margin"),
        (110007, "available balance is insufficient"),
        (110009, "too many stop orders"),
        (110012, "available balance is insufficient"),
        (110013, "leverage is above the risk limit"),
        (110020, "more than 500 active orders"),
        (110021, "open interest limit"),
        (110040, "order would liquidate the position"),
        (110044, "available margin is insufficient"),
        (110045, "wallet balance is insufficient"),
        (110051, "available balance is below the lowest price"),
        (110052, "available balance is insufficient"),
        (110053, "available balance is above the highest price"),
        (110061, "too many protective orders"),
        (110086, "leverage exceeds the risk limit"),
        (110090, "position would exceed the leverage's limit"),
        (110092, "trigger price should be above the market"),
        (110093, "trigger price should be below the market"),
    ]),
    *_rows(Meaning.UNKNOWN, Action.REJECT, Action.RECON, [
        (30208, "buy price above the limit"),
        (30209, "sell price below the limit"),
        (110011, "would liquidate at once"),
        (110014, "available balance can't cover the margin"),
        (110029, "position mode is not supported"),
        (110039, "would liquidate at once"),
        (110046, "would liquidate at once"),
        (110048, "position value above the risk limit"),
        (110058, "no position to protect, or a smaller one"),
        (110059, "protection of a partly filled order"),
        (110089, "position value above the risk limit"),
        (110120, "price out of the permitted range"),
        (110121, "price out of the permitted range"),
        (170033, "margin is insufficient"),
        (170131, "balance is insufficient"),
        (170132, "price above the limit (spot)"),
        (170133, "price below the limit (spot)"),
        (170193, "buy price above the limit (spot)"),
        (170194, "sell price below the limit (spot)"),
        (170810, "too many orders (spot)"),
    ]),
)  # fmt: skip
BY_CODE = MappingProxyType({row.code: row for row in RETCODES})
UNLISTED = RetCode(-1, "not in the table", Meaning.UNKNOWN, Action.RETRY, Action.RECON)


def retcode(code: int) -> RetCode:
    """Return what is known of a code; ``UNLISTED`` if nothing is."""
    return BY_CODE.get(code, UNLISTED)

"""The link of an order: the client order id, a pure function of rows."""

from __future__ import annotations

import base64
import hashlib

from trading_core.execution.order import Role

LINK_LENGTH_MAX = 36


def order_link(
    *, account: str, bot: str, symbol: str, trade: int, role: Role, leg: int, revision: int
) -> str:
    """Return the client order id (36 characters at most, letters, digits and dashes).

    The same rows always give the same link, so whoever sends twice sends the same order, and the
    venue's uniqueness rule (Bybit: retCode 110072) makes the second one harmless.
    """
    key = "|".join((account, bot, symbol, str(trade), role.value, str(leg), str(revision)))
    digest = hashlib.blake2s(key.encode(), digest_size=16).digest()
    return "A1-" + base64.b32encode(digest).decode().rstrip("=")[:26]

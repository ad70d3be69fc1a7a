"""What a Bybit answer means for the request that got it: the table of retCodes as our errors."""

from __future__ import annotations

from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.retcodes import Meaning, retcode

ORDER_GONE = 110001
"""The order does not exist, or it is too late to change it."""
CLOCK_REFUSED = 10002
"""The timestamp is outside the receive window."""
INSTRUMENT_CODES = frozenset({110003, 110023, 110074, 110086, 110090, 110094, 10001})
"""Refusals that a changed instrument explains: its definition is read again."""
KEY_CODES = frozenset({-2015, 10003, 10004, 10005, 10007, 10010, 33004})
"""Refusals that say the key is bad: it is checked again."""
SYMBOL_CODES = frozenset({10029, 30228, 110023, 110074})
"""Refusals that concern one contract, not the account."""


def error_of(code: int, message: str) -> ExchangeError | None:
    """Return the error a retCode stands for; None when the request is done."""
    match retcode(code).proves:
        case Meaning.DONE:
            return None
        case Meaning.NOT_SENT:
            return NotSent(message, code=code)
        case Meaning.REJECTED:
            return Rejected(message, code=code)
        case Meaning.UNKNOWN:
            return OutcomeUnknown(message, code=code)

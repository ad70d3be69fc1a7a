"""The errors the platform raises on purpose.

AilonaError
├── InvalidInput             somebody handed in something unusable; names the place
│   ├── DocumentInvalid      a bot document
│   ├── RulesInvalid         a rule-set document or its text form
│   └── CandlesInvalid       a candle file or frame
└── ExchangeError            a request to an exchange did not end in "accepted"
    ├── NotSent              refused before a byte left the house; safe to plan again
    ├── Rejected             the exchange definitely refused it
    └── OutcomeUnknown       nobody knows yet: reconcile, never resend blindly
"""

from __future__ import annotations


class AilonaError(Exception):
    """Root of every error raised on purpose."""


class InvalidInput(AilonaError):
    """Input that can't be used.

    ``path`` names the place (``plan.stop.pct``, ``row 17, column high``), ``reason`` says what was
    expected and what came.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class DocumentInvalid(InvalidInput):
    """A bot document that can't be accepted."""


class RulesInvalid(InvalidInput):
    """A rule-set that can't be accepted."""


class CandlesInvalid(InvalidInput):
    """Candles that can't be read or stored."""


class ExchangeError(AilonaError):
    """A request to an exchange that did not end in an acceptance.

    ``code`` is the exchange's retCode (0 when there was none), ``message`` its words, free of
    credentials.
    """

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.message = message


class NotSent(ExchangeError):
    """The request never left, or the exchange proved that it was not accepted and may be redone."""


class Rejected(ExchangeError):
    """The exchange definitely refused the request."""


class OutcomeUnknown(ExchangeError):
    """The request may or may not have been accepted."""

"""A REST request, its answer, and how parameters are read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from trading_core.errors import AilonaError
from trading_core.money import decimal_of
from trading_core.venue.exchange import Outcome
from trading_core.venue.limits import Quota

PARAMETER = 10001
_WHOLE = re.compile(r"-?[0-9]{1,16}")
_LINK = re.compile(r"[A-Za-z0-9_-]{1,36}")


class ApiError(AilonaError):
    """A request that ends in a retCode other than 0."""

    def __init__(
        self, code: int, message: str, *, status: int = 200, result: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.result = {} if result is None else result


@dataclass(slots=True)
class Request:
    """A request as it came: raw bytes for the signature, parameters for the handler."""

    method: str
    path: str
    raw_query: bytes
    body: bytes
    headers: dict[bytes, bytes]
    params: dict[str, Any] = field(default_factory=dict)
    remote: str = ""
    """Address of the client."""
    quota: Quota | None = None
    """What the account's limit granted; None where none is counted."""

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text; numbers are written plainly. Raise ApiError for anything else."""
        value = self.params.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ApiError(PARAMETER, f"params error: {name} invalid")
        return f"{Decimal(repr(value)):f}"

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.text(name)
        if not value:
            raise ApiError(PARAMETER, f"params error: {name} is required")
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """A parameter as a whole number."""
        text = self.text(name, str(default))
        if not _WHOLE.fullmatch(text):
            raise ApiError(PARAMETER, f"params error: {name} invalid")
        return int(text)

    def limit(self, *, default: int, most: int) -> int:
        """The page size, clamped to what is served."""
        return max(1, min(most, self.integer("limit", default)))

    def flag(self, name: str) -> bool:
        """A boolean, also as text."""
        value = self.params.get(name)
        if isinstance(value, str):
            return value.lower() == "true"
        return value is True

    def decimal(self, name: str) -> Decimal:
        """A number that must be there, plain."""
        try:
            return decimal_of(self.required(name))
        except ValueError as e:
            raise ApiError(PARAMETER, f"params error: {name} invalid") from e

    def link(self) -> str:
        """The orderLinkId, empty if none."""
        link = self.text("orderLinkId")
        if link and not _LINK.fullmatch(link):
            raise ApiError(PARAMETER, "params error: OrderLinkedID invalid")
        return link


@dataclass(slots=True)
class Reply:
    """The answer to a request, and what to tell the streams after it."""

    result: Any
    """An object, but of one endpoint that answers a list."""
    message: str = "OK"
    outcomes: list[Outcome] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    """``retExtInfo``: the code of each order of a batch."""
    beside: dict[str, Any] = field(default_factory=dict)
    """What stands beside the result in the envelope."""

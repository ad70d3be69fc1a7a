"""Bybit's tickers put together: a snapshot, then changes that name only the fields that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trading_core.exchanges.bybit import parse
from trading_core.exchanges.port import TickerNews

FIELDS = ("fundingRate", "markPrice", "bid1Price", "ask1Price")


class TickerBoard:
    """The tickers of one connection."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, float | None]] = {}
        self._at: dict[str, int] = {}

    def is_newest(self, symbol: str, at_ms: int) -> bool:
        """Whether a message isn't older than the last one of its symbol; a change out of turn is left out."""
        if at_ms < self._at.get(symbol, at_ms):
            return False
        self._at[symbol] = at_ms
        return True

    def heard(self, symbol: str, data: Mapping[str, Any]) -> TickerNews:
        """Take a message in and return the symbol's figures as they stand; raise InvalidInput.

        An empty text is a figure the contract doesn't have.
        """
        told = self._told.setdefault(symbol, dict.fromkeys(FIELDS))
        told.update({name: _number(data, name) for name in FIELDS if name in data})
        rate = told["fundingRate"]
        return TickerNews(
            symbol=symbol,
            funding_rate=None if rate is None else rate * 100.0,
            mark=told["markPrice"] or None,
            spread=_spread(told["bid1Price"], told["ask1Price"]),
        )


def _number(data: Mapping[str, Any], name: str) -> float | None:
    return None if data[name] == "" else float(parse.decimal(data, name))


def _spread(bid: float | None, ask: float | None) -> float | None:
    """Percent of the middle; None while a side of the book is empty."""
    if not bid or not ask:
        return None
    return (ask - bid) / ((ask + bid) / 2.0) * 100.0

"""Candles of many symbols, read when they are asked for and let go of again: memory for two, however many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping

from trading_core.market.candle import Candles

_KEPT = 2
"""Symbols kept: whoever compares one with another does not read both again and again."""


class Streamed(Mapping[str, Candles]):
    """The candles of some symbols, by symbol."""

    def __init__(self, symbols: Iterable[str], read: Callable[[str], Candles]) -> None:
        """Take what reads a symbol; it must give the same whenever it is called."""
        self._symbols = dict.fromkeys(symbols)
        self._read = read
        self._kept: OrderedDict[str, Candles] = OrderedDict()

    def __getitem__(self, symbol: str) -> Candles:
        if symbol not in self._symbols:
            raise KeyError(symbol)
        if symbol not in self._kept:
            if len(self._kept) == _KEPT:
                self._kept.popitem(last=False)
            self._kept[symbol] = self._read(symbol)
        self._kept.move_to_end(symbol)
        return self._kept[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._symbols

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

"""The public trades of a simulated market in mode ``ticks``: made when somebody wants to see them.

A trade follows from the path of its minute alone. So the stream and whoever asks later are told the same
trades, also after a restart, and a symbol nobody looks at costs nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from trading_core.market.instrument import Instrument
from trading_core.simulator.volume import whole_lots
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS, STEP_MS, STEPS, Ticks, seed_of
from trading_core.venue.prints import Lots, shares

Payload = dict[str, Any]

_MINUTES_BACK = 8
"""How far back trades can be asked for; the newest 1,000 are always within."""


class Minute(NamedTuple):
    """A minute's prices and lots: the first at its open, then one for each step."""

    open_ms: int
    prices: Ticks
    lots: Lots


class Tape:
    """Trades by symbol and minute."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._minutes: dict[str, Minute] = {}
        """The newest minute of each symbol that anybody looked at."""

    def minute(self, symbol: str, open_ms: int) -> Minute | None:
        """What is traded in a minute; None for a minute without a path."""
        kept = self._minutes.get(symbol)
        if kept is not None and kept.open_ms == open_ms:
            return kept
        source = self._exchange.source
        path, candle = source.path(symbol, open_ms), source.candle(symbol, open_ms)
        if path is None or candle is None:
            return None
        instrument = source.instruments[symbol]
        prices = np.concatenate(([instrument.nearest_ticks(candle.open)], path))
        lots = shares(
            whole_lots(candle.volume, instrument), prices, seed_of(source.seed, symbol, "trades", open_ms)
        )
        made = Minute(open_ms, prices, lots)
        if open_ms == self._exchange.open_ms:
            self._minutes[symbol] = made
        return made

    def trades(self, symbol: str, open_ms: int, first: int, last: int) -> list[Payload]:
        """The trades at the points [first, last] of a minute, oldest first; point 0 is its open."""
        minute = self.minute(symbol, open_ms)
        if minute is None:
            return []
        instrument = self._exchange.source.instruments[symbol]
        prices, lots = minute.prices.tolist(), minute.lots[first : last + 1].tolist()
        return [
            trade_payload(
                instrument, prices[point], before=prices[max(0, point - 1)], lots=size,
                time_ms=_time_of(open_ms, point), sequence=open_ms // STEP_MS + point,
            )
            for point, size in enumerate(lots, start=first)
            if size
        ]  # fmt: skip

    def recent(self, symbol: str, limit: int) -> list[Payload]:
        """The latest trades so far, at most ``limit``, oldest first."""
        found: list[Payload] = []
        clock = self._exchange.clock_ms
        open_ms = clock // MINUTE_MS * MINUTE_MS
        for minute_ms in range(open_ms, open_ms - _MINUTES_BACK * MINUTE_MS, -MINUTE_MS):
            done = min(STEPS, (clock - minute_ms) // STEP_MS)
            if done:  # a minute trades at its open once its first step was made
                found = self.trades(symbol, minute_ms, 0, done) + found
            if len(found) >= limit:
                break
        return found[-limit:]


def _time_of(open_ms: int, point: int) -> int:
    """When a point is traded; the close is of its own minute."""
    return open_ms + point * STEP_MS - (1 if point else 0)


def trade_payload(
    instrument: Instrument, ticks: int, *, before: int, lots: int, time_ms: int, sequence: int
) -> Payload:
    """A public trade as the stream tells it; who took is read off the direction of the price."""
    buys = ticks > before or (ticks == before and sequence % 2 == 0)
    direction = "ZeroPlusTick" if ticks == before else "PlusTick" if ticks > before else "MinusTick"
    return {
        "T": time_ms, "s": instrument.symbol, "S": "Buy" if buys else "Sell",
        "v": f"{instrument.qty(lots):f}", "p": f"{instrument.price(ticks):f}", "L": direction,
        "i": f"{time_ms:016x}-{sequence:x}", "BT": False, "RPI": False, "seq": sequence,
    }  # fmt: skip

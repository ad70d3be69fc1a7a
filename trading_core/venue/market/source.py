"""What a venue asks of a market: instruments, candles, the path inside a candle, funding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Candle, Candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import NOTHING_RECORDED, Recorded

MINUTE_MS = 60_000

STEPS = 240
"""Price steps inside a minute in mode ``ticks``: four per market second."""
STEP_MS = MINUTE_MS // STEPS

Ticks = npt.NDArray[np.int64]


class MarketSource(Protocol):
    """A market of one-minute candles. Pure: the same arguments always give the same answer."""

    kind: str
    """``synthetic``, ``replay`` or ``upstream``."""
    name: str
    """For people."""
    source: str
    """The series' source: ``synthetic``, ``binance`` ..."""
    category: str
    seed: int
    instruments: Mapping[str, Instrument]
    start_ms: int
    """Open time of the first candle that is played; earlier ones are history."""

    def candle(self, symbol: str, open_ms: int) -> Candle | None:
        """The candle that opens then; None if there is none."""

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """Candles that open in [start_ms, end_ms), also future ones: the caller keeps the secret."""

    def open_from(self, ms: int) -> int | None:
        """The first candle time at or after ``ms``, of any symbol; None behind the last one."""

    def path(self, symbol: str, open_ms: int) -> Ticks | None:
        """The prices of the ``STEPS`` steps inside a candle, in ticks; the last is its close."""

    def funding_rate_e8(self, symbol: str, time_ms: int) -> int:
        """The funding rate settled at that time, 10⁻⁸."""

    def recorded(self, symbol: str) -> Recorded:
        """Funding and mark prices as an exchange published them; of a market nobody recorded, nothing."""

    def prepare(self, symbol: str, open_ms: int) -> None:
        """Make now what a minute soon to be played will need, where that takes long."""

    def told(self, symbol: str) -> Mapping[str, str]:
        """Ticker fields heard of elsewhere; they stand before those derived here."""

    def close(self, open_ms: int, record: Mapping[str, Any]) -> Mapping[str, Candle] | None:
        """Take over what the record of a minute's close tells, and return its candles; None if it tells nothing.

        Only a market that is heard writes its candles into the log: it can't be asked again after a restart.
        """


class KnownMarket:
    """What a market needs that knows its own candles: nothing is heard of elsewhere, nothing takes long."""

    def recorded(self, symbol: str) -> Recorded:
        """Nothing."""
        return NOTHING_RECORDED

    def prepare(self, symbol: str, open_ms: int) -> None:
        """Nothing to make."""

    def told(self, symbol: str) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def close(self, open_ms: int, record: Mapping[str, Any]) -> Mapping[str, Candle] | None:
        """None: the candles are known."""


def seed_of(*parts: object) -> np.random.Generator:
    """A generator of its own for each tuple of parts."""
    words = [int.from_bytes(str(part).encode(), "little") for part in parts]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))

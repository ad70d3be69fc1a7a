"""One symbol's history, ready to be played: bars in ticks, and what the rules say at each close."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import frames_of
from trading_core.rules.evaluate import evaluate
from trading_core.rules.requirements import requirements
from trading_core.rules.verdict import History, Verdict
from trading_core.simulator.lockstep import CandleBar
from trading_core.simulator.walk import CandleTicks, nearest_ticks

BASE = Timeframe.M1


@dataclass(slots=True)
class SymbolHistory:
    """Played from left to right; closes must be asked for in rising order."""

    open_times: list[int]
    opens: list[int]
    highs: list[int]
    lows: list[int]
    closes: list[int]
    volumes: list[float]
    said: History
    said_times: list[int]
    row: int = 0
    """First base candle that closes after the last close asked for."""
    said_row: int = 0
    close_ticks: int = 0

    def bars_from(self, start_ms: int) -> Iterator[tuple[int, CandleBar]]:
        """Open time and bar of each base candle from then on."""
        first = int(np.searchsorted(self.open_times, start_ms))
        for i in range(first, len(self.open_times)):
            ticks = CandleTicks(self.opens[i], self.highs[i], self.lows[i], self.closes[i])
            yield self.open_times[i], CandleBar(ticks, self.volumes[i])

    def at(self, close_ms: int) -> tuple[int, Verdict | None]:
        """The last price known then, ticks, and the verdict; None without a candle closing then."""
        open_ms = close_ms - BASE.ms
        while self.row < len(self.open_times) and self.open_times[self.row] <= open_ms:
            self.close_ticks = self.closes[self.row]
            self.row += 1
        has_candle = self.row > 0 and self.open_times[self.row - 1] == open_ms
        while self.said_row < len(self.said_times) and self.said_times[self.said_row] < close_ms:
            self.said_row += 1
        said = self.said_row < len(self.said_times) and self.said_times[self.said_row] == close_ms
        return self.close_ticks, self.said.verdict(self.said_row) if said and has_candle else None


def load(
    document: BotDocument,
    symbol: str,
    candles: Mapping[str, Candles],
    instrument: Instrument,
    *,
    until_ms: int,
) -> SymbolHistory:
    """Evaluate a bot's rules for one symbol over all its candles, and turn these into ticks."""
    needed = set(requirements(document.rules, symbol=symbol, timeframe=document.timeframe))
    frames = frames_of(candles, needed | {(symbol, document.timeframe)}, until_ms=until_ms)
    said = evaluate(document.rules, frames, symbol=symbol, timeframe=document.timeframe)
    base = candles[symbol]
    return SymbolHistory(
        open_times=base.open_time.tolist(),
        opens=nearest_ticks(base.open, instrument).tolist(),
        highs=nearest_ticks(base.high, instrument).tolist(),
        lows=nearest_ticks(base.low, instrument).tolist(),
        closes=nearest_ticks(base.close, instrument).tolist(),
        volumes=base.volume.tolist(),
        said=said,
        said_times=said.close_ms.tolist(),
    )

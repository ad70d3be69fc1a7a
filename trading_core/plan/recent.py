"""The latest candles of a bot, and the distances an entry draws from them; integers, nothing remembered."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.money import PPM
from trading_core.plan.params import PlanParams


@dataclass(frozen=True, slots=True)
class Tick:
    """A closed minute as plans see it, ticks."""

    high: int
    low: int
    close: int


@dataclass(frozen=True, slots=True)
class Recent:
    """Closed candles of the bot's timeframe without a gap, the latest last, ticks."""

    highs: tuple[int, ...]
    lows: tuple[int, ...]
    closes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.closes)

    def range_ppm(self, candles: int) -> int:
        """The mean true range of the last candles in millionths of the last close, rounded up.

        True range: the longest of high to low, high to the close before, and low to it (Wilder 1978); a
        plain mean, so that it hangs on these candles alone.
        """
        count = len(self.closes)
        ranges = 0
        for i in range(count - candles, count):
            before = self.closes[i - 1]
            ranges += max(self.highs[i], before) - min(self.lows[i], before)
        return -(-ranges * PPM // (candles * self.closes[-1]))

    def extreme(self, candles: int, direction: int) -> int:
        """The lowest low of the last candles for a long, the highest high for a short."""
        return min(self.lows[-candles:]) if direction > 0 else max(self.highs[-candles:])


def candles_needed(params: PlanParams) -> int:
    """How many of the latest candles an entry must see; 0 if its distances are fixed."""
    ranged = params.range_candles
    return max(ranged + 1 if ranged else 0, params.extreme_candles)

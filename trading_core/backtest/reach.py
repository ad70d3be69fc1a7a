"""Counts the minutes whose inner order of events decides."""

from __future__ import annotations

from collections.abc import Mapping

from trading_core.simulator.account import SimAccount
from trading_core.simulator.volume import CandleBar


class Reach:
    """How many minutes reached an order or a stop, and how many of them on both sides.

    A minute with a stop below its low-to-be and a target above, both within reach, could have ended
    either way: the walk takes the worse one, and a report says how often that happened.
    """

    def __init__(self) -> None:
        self.touched = 0
        self.ambiguous = 0

    def look(self, account: SimAccount, candles: Mapping[str, CandleBar]) -> None:
        """Count the candles about to be walked, as the orders stand at their open."""
        for symbol in account.active:
            candle = candles.get(symbol)
            if candle is None or candle.volume <= 0:
                continue
            falls, rises = account.ledger.book(symbol).bounds()
            below, above = candle.ticks.low <= falls, candle.ticks.high >= rises
            self.touched += below or above
            self.ambiguous += below and above

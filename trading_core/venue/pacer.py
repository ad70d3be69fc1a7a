"""The clockwork of mode ``ticks``: prices move by themselves, at a chosen speed.

Only symbols that matter to anybody are walked step by step: those with an open order, a position or a
listener to their trades. The price of any other is put where it belongs once in a beat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from trading_core.market.candle import Candle
from trading_core.venue.clock import true_ms
from trading_core.venue.hub import Venue
from trading_core.venue.market.source import MINUTE_MS, STEP_MS, STEPS, Ticks
from trading_core.venue.moves import move

log = logging.getLogger(__name__)

_BEAT_S = 0.25
_COARSE_BEHIND_MS = 10 * MINUTE_MS
"""Further behind than this, minutes are walked by their four prices only."""
_DAY_MS = 1_440 * MINUTE_MS
_AHEAD_MS = 15 * MINUTE_MS
"""How long before midnight the symbols' next days begin to be made, one in a beat."""


class Pacer:
    """Moves the market to where the clock says it should be."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._speed = venue.config.speed
        self._follows_wall = venue.config.market == "synthetic" and venue.config.speed == 1.0
        self._wall0, self._market0 = true_ms(), self._exchange.clock_ms
        self._paths: dict[str, Ticks] = {}
        self._path_of: int | None = None
        self._ahead: Iterator[str] = iter(())
        """Symbols whose next day is still to be made."""
        self._ahead_of = 0

    def target_ms(self) -> int:
        """Where the market clock should stand now."""
        now = true_ms()
        if self._follows_wall:
            return now
        return self._market0 + int((now - self._wall0) * self._speed)

    async def run(self) -> None:
        """Move for ever; ends when the market does."""
        while not self._exchange.done:
            await self._catch_up(self.target_ms())
            self._show()
            self._prepare()
            await asyncio.sleep(_BEAT_S)
        log.info("the market is over")

    async def _catch_up(self, target: int) -> None:
        more = True
        while more:
            more = self._advance(target)
            await asyncio.sleep(0)  # others get their turn between two minutes

    def _advance(self, target: int) -> bool:
        """Move through at most one minute; whether there is more to do."""
        open_ms = self._exchange.open_ms
        if open_ms is None or target < open_ms + STEP_MS:
            return False
        self._load(open_ms)
        if target - open_ms > _COARSE_BEHIND_MS:
            self._walk_coarsely(open_ms)
        else:
            self._walk(open_ms, min(target, open_ms + MINUTE_MS))
        if target < open_ms + MINUTE_MS:
            return False
        self._close()
        return True

    def _load(self, open_ms: int) -> None:
        if self._path_of == open_ms:
            return
        self._path_of, self._paths = open_ms, {}
        source = self._exchange.source
        for symbol in source.instruments:
            path = source.path(symbol, open_ms)
            if path is not None and self._exchange.current(symbol) is not None:
                self._paths[symbol] = path

    def _prepare(self) -> None:
        """Make a symbol's next day while there is time, rather than all of them at midnight."""
        midnight = (self._exchange.clock_ms + _AHEAD_MS) // _DAY_MS * _DAY_MS
        if midnight <= self._exchange.clock_ms:
            return
        if midnight != self._ahead_of:
            self._ahead, self._ahead_of = iter(tuple(self._exchange.source.instruments)), midnight
        symbol = next(self._ahead, None)
        if symbol is not None:
            self._exchange.source.prepare(symbol, midnight)

    def _walk(self, open_ms: int, until: int) -> None:
        first, last = self._done(open_ms), (until - open_ms) // STEP_MS
        for step in range(first, last):
            at = open_ms + (step + 1) * STEP_MS
            for symbol in self._watched():
                move(self._venue, symbol, int(self._paths[symbol][step]), at)
                self._trade(symbol, open_ms, step + 1 if step else 0, step + 1)
            self._exchange.clock_ms = at
        if last > first:
            self._put(open_ms, last)

    def _watched(self) -> list[str]:
        """Symbols whose every step counts, in the order of the listing."""
        active, heard = self._exchange.activity.symbols, self._venue.public.traded
        return [symbol for symbol in self._paths if symbol in active or symbol in heard]

    def _put(self, open_ms: int, step: int) -> None:
        """Let every symbol stand where its path is after so many steps."""
        at, quotes = open_ms + step * STEP_MS, self._exchange.quotes
        active = self._exchange.activity.symbols
        for symbol, path in self._paths.items():
            quotes[symbol] = (int(path[step - 1]), at)
            if symbol not in active:
                self._exchange.forget_mark(symbol)

    def _done(self, open_ms: int) -> int:
        """How many steps were walked."""
        return max(0, (self._exchange.clock_ms - open_ms) // STEP_MS)

    def _walk_coarsely(self, open_ms: int) -> None:
        at, told = open_ms + MINUTE_MS, self._done(open_ms)
        for symbol in self._watched():
            path = self._paths[symbol]
            first, second = sorted((int(path.argmin()), int(path.argmax())))
            for step in (first, second, STEPS - 1):
                move(self._venue, symbol, int(path[step]), at)
            self._trade(symbol, open_ms, told + 1 if told else 0, STEPS)
        self._put(open_ms, STEPS)

    def _trade(self, symbol: str, open_ms: int, first: int, last: int) -> None:
        """Tell the trades at points [first, last] of the minute."""
        public = self._venue.public
        if symbol in public.traded:
            trades = public.board.tape.trades(symbol, open_ms, first, last)
            if trades:
                public.trades(symbol, trades)

    def _close(self) -> None:
        self._venue.publish(self._venue.submit({"op": "close"}))

    def _show(self) -> None:
        for symbol in self._venue.public.heard & self._paths.keys():
            self._venue.public.refresh(symbol)
            forming = self.forming(symbol)
            if forming is not None:
                self._venue.public.forming(symbol, forming)

    def forming(self, symbol: str) -> Candle | None:
        """The minute being played, as far as it was played."""
        candle, path = self._exchange.current(symbol), self._paths.get(symbol)
        if candle is None or path is None or self._path_of != candle.open_time:
            return None
        done = (self._exchange.clock_ms - candle.open_time) // STEP_MS
        minute = self._venue.public.board.tape.minute(symbol, candle.open_time)
        if not 0 < done < STEPS or minute is None:
            return None
        tick = self._exchange.source.instruments[symbol].price
        seen = path[:done]
        high = max(candle.open, float(tick(int(seen.max()))))
        low = min(candle.open, float(tick(int(seen.min()))))
        lots = int(minute.lots[: done + 1].sum())
        volume = float(self._exchange.source.instruments[symbol].qty(lots))
        return Candle(candle.open_time, candle.open, high, low, float(tick(int(seen[-1]))), volume)

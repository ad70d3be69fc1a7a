"""The clockwork of mode ``ticks``: prices move by themselves, at a chosen speed."""

from __future__ import annotations

import asyncio
import logging

import numpy as np

from trading_core.market.candle import Candle
from trading_core.venue.clock import true_ms
from trading_core.venue.hub import Venue
from trading_core.venue.market.source import MINUTE_MS, STEP_MS, STEPS, Ticks, seed_of
from trading_core.venue.moves import move
from trading_core.venue.prints import Lots, shares, whole_lots

log = logging.getLogger(__name__)

_BEAT_S = 0.25
_COARSE_BEHIND_MS = 10 * MINUTE_MS
"""Further behind than this, minutes are walked by their four prices only."""


class Pacer:
    """Moves the market to where the clock says it should be."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._speed = venue.config.speed
        self._follows_wall = venue.config.market == "synthetic" and venue.config.speed == 1.0
        self._wall0, self._market0 = true_ms(), self._exchange.clock_ms
        self._paths: dict[str, Ticks] = {}
        self._lots: dict[str, Lots] = {}
        """Of the trade at the open, then at each step."""
        self._path_of: int | None = None

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
        self._path_of, self._paths, self._lots = open_ms, {}, {}
        source = self._exchange.source
        for symbol, instrument in source.instruments.items():
            path, candle = source.path(symbol, open_ms), self._exchange.current(symbol)
            if path is not None and candle is not None:
                prices = np.concatenate(([instrument.nearest_ticks(candle.open)], path))
                rng = seed_of(source.seed, symbol, "trades", open_ms)
                self._paths[symbol] = path
                self._lots[symbol] = shares(whole_lots(candle.volume, instrument), prices, rng)

    def _walk(self, open_ms: int, until: int) -> None:
        done = self._opened(open_ms)
        for step in range(done, (until - open_ms) // STEP_MS):
            at = open_ms + (step + 1) * STEP_MS
            for symbol, path in self._paths.items():
                self._move(symbol, int(path[step]), at, lots=int(self._lots[symbol][step + 1]))
            self._exchange.clock_ms = at

    def _opened(self, open_ms: int) -> int:
        """How many steps were walked; before the first one, the minute trades at its open."""
        done = max(0, (self._exchange.clock_ms - open_ms) // STEP_MS)
        for symbol, lots in self._lots.items() if not done else ():
            candle = self._exchange.current(symbol)
            if candle is not None:
                ticks = self._exchange.source.instruments[symbol].nearest_ticks(candle.open)
                before = self._exchange.quotes[symbol][0]
                self._trade(symbol, ticks, before=before, at=open_ms, lots=int(lots[0]))
        return done

    def _walk_coarsely(self, open_ms: int) -> None:
        at, done = open_ms + MINUTE_MS, self._opened(open_ms)
        for symbol, path in self._paths.items():
            first, second = sorted((int(path.argmin()), int(path.argmax())))
            told = done + 1
            for step in (first, second, STEPS - 1):
                lots = int(self._lots[symbol][told : step + 2].sum())
                self._move(symbol, int(path[step]), at, lots=lots)
                told = max(told, step + 2)

    def _move(self, symbol: str, ticks: int, at: int, *, lots: int) -> None:
        before = self._exchange.quotes[symbol][0]
        move(self._venue, symbol, ticks, at)
        self._trade(symbol, ticks, before=before, at=at - 1, lots=lots)  # the close is of its own minute

    def _trade(self, symbol: str, ticks: int, *, before: int, at: int, lots: int) -> None:
        if not lots:
            return
        public = self._venue.public
        trade = public.board.trade(symbol, ticks, before=before, lots=lots, time_ms=at)
        public.trades(symbol, [trade])

    def _close(self) -> None:
        self._venue.publish(self._venue.submit({"op": "close"}))

    def _show(self) -> None:
        for symbol in self._paths:
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
        if not 0 < done < STEPS:
            return None
        tick = self._exchange.source.instruments[symbol].price
        seen = path[:done]
        high = max(candle.open, float(tick(int(seen.max()))))
        low = min(candle.open, float(tick(int(seen.min()))))
        lots = int(self._lots[symbol][: done + 1].sum())
        volume = float(self._exchange.source.instruments[symbol].qty(lots))
        return Candle(candle.open_time, candle.open, high, low, float(tick(int(seen[-1]))), volume)

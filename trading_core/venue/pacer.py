"""The clockwork of mode ``ticks``: prices move by themselves, at a chosen speed."""

from __future__ import annotations

import asyncio
import logging

from trading_core.market.candle import Candle
from trading_core.venue.clock import wall_ms
from trading_core.venue.hub import Venue
from trading_core.venue.market.source import MINUTE_MS, STEP_MS, STEPS, Ticks

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
        self._wall0, self._market0 = wall_ms(), self._exchange.clock_ms
        self._paths: dict[str, Ticks] = {}
        self._path_of: int | None = None

    def target_ms(self) -> int:
        """Where the market clock should stand now."""
        now = wall_ms()
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
        self._path_of, self._paths = open_ms, {}
        for symbol in self._exchange.source.instruments:
            path = self._exchange.source.path(symbol, open_ms)
            if path is not None:
                self._paths[symbol] = path

    def _walk(self, open_ms: int, until: int) -> None:
        done = max(0, (self._exchange.clock_ms - open_ms) // STEP_MS)
        for step in range(done, (until - open_ms) // STEP_MS):
            at = open_ms + (step + 1) * STEP_MS
            for symbol, path in self._paths.items():
                self._move(symbol, int(path[step]), at)
            self._exchange.clock_ms = at

    def _walk_coarsely(self, open_ms: int) -> None:
        at = open_ms + MINUTE_MS
        for symbol, path in self._paths.items():
            first, second = sorted((int(path.argmin()), int(path.argmax())))
            for step in (first, second, STEPS - 1):
                self._move(symbol, int(path[step]), at)

    def _move(self, symbol: str, ticks: int, at: int) -> None:
        before = self._exchange.quotes[symbol][0]
        low, high = min(before, ticks), max(before, ticks)
        if any(
            symbol in account.sim.ledger.active and account.sim.can_trigger(symbol, low, high)
            for account in self._exchange.accounts.values()
        ):
            record = {"op": "move", "s": symbol, "f": before, "t": ticks, "at": at}
            self._venue.publish(self._venue.submit(record))
        else:
            self._exchange.quotes[symbol] = (ticks, at)
        self._trade(symbol, ticks, before=before, at=at)

    def _trade(self, symbol: str, ticks: int, *, before: int, at: int) -> None:
        candle = self._exchange.current(symbol)
        if candle is None:
            return
        public = self._venue.public
        trade = public.board.trade(symbol, ticks, before=before, size=candle.volume / STEPS, time_ms=at)
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
        volume = round(candle.volume * done / STEPS, 8)
        return Candle(candle.open_time, candle.open, high, low, float(tick(int(seen[-1]))), volume)

"""``kill -9`` of every process in turn during a replay: the trades must not change."""

from __future__ import annotations

from typing import Any

from benchmarks.lockstep import CANDLES, TIMEOUT_S, compared, market_data
from benchmarks.processes import ROOT
from benchmarks.production import Platform, platform

BOTS = [ROOT / "benchmarks" / "busy-averager.json", ROOT / "docs" / "examples" / "trend-follower.json"]
"""One that nearly always has orders under way, and one with limit entries."""
VICTIMS = ("worker", "feed", "trader", "venue")
KILLS = 16
DOWN_S = 1.0

DOUBLED = """
    SELECT count(*) FROM (SELECT account_id, symbol, trade, role, leg, revision FROM bots_orderrow
                          GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) > 1) AS doubled
"""
LOST = "SELECT count(*) FROM bots_intentrow WHERE state IN ('planned', 'sending', 'unknown')"
PLAYED = "SELECT coalesce(max(open_time), 0) / 60000 FROM bots_candlerow"
UNPROTECTED = "SELECT count(*) FROM bots_positionrow WHERE lots <> 0 AND stop_ticks IS NULL"


class Killer:
    """Kills one process after another as the market moves on, and starts it again a moment later."""

    def __init__(self, candles: int) -> None:
        self.kills: dict[str, int] = dict.fromkeys(VICTIMS, 0)
        self.unprotected_seen = 0
        self._every = max(1, candles // (KILLS + 1))
        self._last_minute = 0
        self._down: tuple[str, float] | None = None

    def __call__(self, live: Platform, elapsed_s: float) -> None:
        """Called every second of the replay."""
        [(naked,)], [(minute,)] = live.query(UNPROTECTED), live.query(PLAYED)
        self.unprotected_seen += int(naked)
        if self._down is not None:
            self._raise(live, elapsed_s)
        elif not self._last_minute:
            self._last_minute = int(minute)
        elif int(minute) - self._last_minute >= self._every:
            self._last_minute = int(minute)
            self._kill(live, elapsed_s)

    def _kill(self, live: Platform, elapsed_s: float) -> None:
        name = VICTIMS[sum(self.kills.values()) % len(VICTIMS)]
        live.processes.kill(name)
        self.kills[name] += 1
        self._down = (name, elapsed_s)

    def _raise(self, live: Platform, elapsed_s: float) -> None:
        assert self._down is not None
        name, since = self._down
        if elapsed_s - since >= DOWN_S:
            live.processes.restart(name)
            self._down = None


def run_benchmark(candles: int) -> dict[str, Any]:
    """Play the candles while processes die; compare with the backtest of the same documents."""
    path = market_data() / CANDLES
    with platform(candles=path, limit=candles, bots=BOTS) as live:
        killer = Killer(candles)
        seconds = live.play(killer, timeout_s=TIMEOUT_S)
        [(doubled,)], [(lost,)], [(unprotected,)] = (live.query(sql) for sql in (DOUBLED, LOST, UNPROTECTED))
        return {
            "candles": candles,
            "seconds": round(seconds, 1),
            "kills": killer.kills,
            "bots": compared(live, BOTS, path, candles),
            "orders_doubled": int(doubled),
            "intents_unsettled": int(lost),
            "positions_without_stop_at_end": int(unprotected),
            "seconds_seen_without_confirmed_stop": killer.unprotected_seen,
        }

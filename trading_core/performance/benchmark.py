"""What the market did by itself, and what is left of a return beside it."""

from __future__ import annotations

from trading_core.performance.metric import Metric, missing, number
from trading_core.performance.track import Minutes, TrackRecord

BITCOIN = "BTCUSDT"
NO_CANDLES = "no candles"


def benchmark_figures(track: TrackRecord, final: int) -> dict[str, Metric]:
    """Return the change of the traded symbols, equally weighted, of bitcoin, and the return less the former.

    Measured from the first close the bot decided to the end; ``final`` is equity there, money units.
    """
    traded = [track.minutes[s] for s in track.traded if s in track.minutes and len(track.minutes[s].open_ms)]
    if not traded or not len(track.equity):
        none = missing(NO_CANDLES)
        return {"market_change_pct": none, "bitcoin_change_pct": none, "alpha_pct": none}
    change = sum(_change(track, minutes) for minutes in traded) / len(traded)
    bitcoin = track.minutes.get(BITCOIN)
    return {
        "market_change_pct": number(change),
        "bitcoin_change_pct": number(_change(track, bitcoin))
        if bitcoin is not None and len(bitcoin.open_ms)
        else missing(f"no candles of {BITCOIN} in this run"),
        "alpha_pct": number(100.0 * (final - track.start) / track.start - change),
    }


def _change(track: TrackRecord, minutes: Minutes) -> float:
    """Percent from the first close of the bot to its last."""
    first, last = map(int, minutes.closes_at(track.equity.close_ms[[0, -1]]))
    return 100.0 * (last - first) / first

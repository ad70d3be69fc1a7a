"""Guards of a bot: each returns the numbers that refuse an entry, or None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trading_core.market.timeframe import MINUTE_MS
from trading_core.money import PPM
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.levels import Guards

STOPPED = ("stop", "liquidation")
"""Exit reasons that count as a stop."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A trade of the bot that is over."""

    symbol: str
    closed_ms: int
    net: int
    """Money units gained, fees and funding paid."""
    reason: str
    """``ExitReason``."""


def ends_bot(guards: Guards, reason: str, *, is_flat: bool) -> bool:
    """Whether the bot takes nothing new any more, now that a closing execution had this reason."""
    return guards.after_stop == "close_only" and is_flat and reason in STOPPED


def check_stale(guards: Guards, *, last_ms: int, now_ms: int, interval_ms: int) -> Denial | None:
    """Refuse while the last candle is older than the bot's timeframe allows; 0 is not known."""
    allowed = guards.stale_ppm * interval_ms // PPM
    age = now_ms - last_ms
    if not last_ms or age <= allowed:
        return None
    return Denial(DenialCode.STALE_DATA, {"age": age // 1000, "limit": allowed // 1000})


def check_result_cooldown(
    guards: Guards, trades: Sequence[Ended], symbol: str, *, close_ms: int, interval_ms: int
) -> Denial | None:
    """Refuse for some candles after the symbol's last trade, as it ended.

    Counted like the plain cooldown: from the first close at or after the end of the trade.
    """
    last = max((t for t in trades if t.symbol == symbol), key=lambda t: t.closed_ms, default=None)
    if last is None:
        return None
    candles = guards.cooldown_win if last.net > 0 else guards.cooldown_loss
    if last.reason in STOPPED:
        candles = max(candles, guards.cooldown_stop)
    until = -(-last.closed_ms // interval_ms) * interval_ms + candles * interval_ms
    if close_ms >= until:
        return None
    result = "stop" if last.reason in STOPPED else "gain" if last.net > 0 else "loss"
    return Denial(
        DenialCode.RESULT_COOLDOWN,
        {"result": result, "candles": (until - close_ms) // interval_ms, "until_ms": until},
    )


def check_losses(guards: Guards, trades: Sequence[Ended], *, close_ms: int) -> Denial | None:
    """Refuse for a while after so many losing trades in a row, whatever their symbols."""
    if guards.losses is None:
        return None
    ordered = sorted(trades, key=lambda t: (t.closed_ms, t.symbol), reverse=True)
    row = next((n for n, trade in enumerate(ordered) if trade.net >= 0), len(ordered))
    if row < guards.losses:
        return None
    until = ordered[0].closed_ms + guards.losses_pause_minutes * MINUTE_MS
    if close_ms >= until:
        return None
    return Denial(DenialCode.LOSING_STREAK, {"losses": row, "limit": guards.losses, "until_ms": until})


def check_order_rate(guards: Guards, lately: int) -> Denial | None:
    """Refuse when the bot made as many orders in the last minute as it may."""
    limit = guards.orders_per_minute
    if limit is None or lately < limit:
        return None
    return Denial(DenialCode.ORDER_RATE, {"orders": lately, "limit": limit})


def check_price_band(guards: Guards, *, ticks: int, last_ticks: int, mark_ticks: int | None) -> Denial | None:
    """Refuse a price too far from the last price, or from the mark price where it is known."""
    if guards.price_band_ppm is None:
        return None
    for name, base in (("last", last_ticks), ("mark", mark_ticks)):
        if base and abs(ticks - base) * PPM > guards.price_band_ppm * base:
            away = -(-abs(ticks - base) * PPM // base)
            return Denial(
                DenialCode.PRICE_BAND,
                {"against": name, "away_ppm": away, "limit_ppm": guards.price_band_ppm},
            )
    return None


def check_funding(
    guards: Guards, *, direction: int, rate_ppm: int | None, close_ms: int, interval_min: int
) -> Denial | None:
    """Refuse shortly before funding is due, if the position would pay more than it may.

    Longs pay a positive rate, shorts a negative one. A rate nobody knows is refused too: what it costs
    can't be said.
    """
    if guards.funding_ppm is None or not interval_min:
        return None
    interval_ms = interval_min * MINUTE_MS
    left = -(-(interval_ms - close_ms % interval_ms) // MINUTE_MS)
    if left > guards.funding_minutes:
        return None
    numbers: dict[str, str | int] = {"minutes": left, "limit_ppm": guards.funding_ppm}
    if rate_ppm is None:
        return Denial(DenialCode.FUNDING, {**numbers, "rate": "not known"})
    if rate_ppm * direction <= guards.funding_ppm:
        return None
    return Denial(DenialCode.FUNDING, {**numbers, "rate": f"{rate_ppm * direction / 10_000:.4f} %"})


def check_liquidation(
    guards: Guards, *, direction: int, ticks: int, stop_ticks: int | None, liquidation_ticks: int | None
) -> Denial | None:
    """Refuse a plan whose whole ladder would be liquidated too near, or before its stop is reached."""
    if guards.liquidation_ppm is None or liquidation_ticks is None:
        return None
    away = direction * (ticks - liquidation_ticks)
    behind = stop_ticks is not None and direction * (stop_ticks - liquidation_ticks) <= 0
    if not behind and away * PPM >= guards.liquidation_ppm * ticks:
        return None
    return Denial(
        DenialCode.LIQUIDATION,
        {
            "away_ppm": away * PPM // ticks, "limit_ppm": guards.liquidation_ppm,
            "liquidation_ticks": liquidation_ticks, "stop_ticks": stop_ticks or 0,
            "where": "before its stop" if behind else "too near",
        },
    )  # fmt: skip

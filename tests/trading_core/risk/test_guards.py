"""Every guard lets through what lies just inside its limit, and refuses what lies just outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trading_core.market.timeframe import MINUTE_MS
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.guards import (
    Ended,
    check_funding,
    check_liquidation,
    check_losses,
    check_order_rate,
    check_price_band,
    check_result_cooldown,
    check_stale,
)  # fmt: skip
from trading_core.risk.ladder import check_exposure, check_level_positions, check_reserve, reserve
from trading_core.risk.levels import Guards, Held, Level, Limits, Where

HOUR = 60 * MINUTE_MS
NOON = 12 * HOUR
COIN = "USDT"
ETH = Held("ETHUSDT", 300)


def level(limits: Limits, *others: Held, equity: int = 1_000) -> Level:
    return Level(Where.ACCOUNT, limits, equity, equity, equity, others=others)


def exposure(limits: Limits, *others: Held, asked: Held = ETH) -> Denial | None:
    return check_exposure([level(limits, *others)], [], asked, COIN)


def lost(*nets: int, symbol: str = "ETHUSDT", reason: str = "rule") -> list[Ended]:
    """Trades that ended a minute apart, the last at noon."""
    return [Ended(symbol, NOON - MINUTE_MS * n, net, reason) for n, net in enumerate(reversed(nets))]


def cooldown(guards: Guards, net: int, reason: str, candles: int) -> Denial | None:
    return check_result_cooldown(
        guards,
        lost(net, reason=reason),
        "ETHUSDT",
        close_ms=NOON + candles * MINUTE_MS,
        interval_ms=MINUTE_MS,
    )


def funding(rate: int | None, minutes: int, direction: int = 1) -> Denial | None:
    return check_funding(
        Guards(funding_ppm=100, funding_minutes=30), direction=direction, rate_ppm=rate,
        close_ms=8 * HOUR - minutes * MINUTE_MS, interval_min=480,
    )  # fmt: skip


def liquidation(liquidation_ticks: int, stop: int, direction: int = 1) -> Denial | None:
    return check_liquidation(
        Guards(liquidation_ppm=100_000), direction=direction, ticks=1_000, stop_ticks=stop,
        liquidation_ticks=liquidation_ticks,
    )  # fmt: skip


def band(ticks: int, mark: int | None = 1_000) -> Denial | None:
    return check_price_band(Guards(price_band_ppm=10_000), ticks=ticks, last_ticks=1_000, mark_ticks=mark)


def stale(age_ms: int) -> Denial | None:
    return check_stale(Guards(), last_ms=NOON - age_ms, now_ms=NOON, interval_ms=MINUTE_MS)


STREAK = Guards(losses=3, losses_pause_minutes=30)
WIN, LOSS, STOP = Guards(cooldown_win=2), Guards(cooldown_loss=2), Guards(cooldown_stop=2)
TABLE: dict[str, tuple[DenialCode, Callable[[], Denial | None], Callable[[], Denial | None]]] = {
    "stale data": (DenialCode.STALE_DATA, lambda: stale(90_000), lambda: stale(90_001)),
    "after a win": (
        DenialCode.RESULT_COOLDOWN, lambda: cooldown(WIN, 1, "rule", 2), lambda: cooldown(WIN, 1, "rule", 1)),
    "a win is no loss": (
        DenialCode.RESULT_COOLDOWN, lambda: cooldown(LOSS, 1, "rule", 0), lambda: cooldown(LOSS, 0, "rule", 1)),
    "after a loss": (
        DenialCode.RESULT_COOLDOWN, lambda: cooldown(LOSS, -1, "rule", 2), lambda: cooldown(LOSS, -1, "rule", 1)),
    "after a stop": (
        DenialCode.RESULT_COOLDOWN, lambda: cooldown(STOP, 1, "stop", 2), lambda: cooldown(STOP, 1, "stop", 1)),
    "a rule is no stop": (
        DenialCode.RESULT_COOLDOWN, lambda: cooldown(STOP, -1, "rule", 0),
        lambda: cooldown(STOP, -1, "liquidation", 0)),
    "losses in a row": (
        DenialCode.LOSING_STREAK,
        lambda: check_losses(STREAK, lost(-1, 0, -1, -1), close_ms=NOON),
        lambda: check_losses(STREAK, lost(0, -1, -1, -1), close_ms=NOON)),
    "the pause after losses": (
        DenialCode.LOSING_STREAK,
        lambda: check_losses(STREAK, lost(-1, -1, -1), close_ms=NOON + 30 * MINUTE_MS),
        lambda: check_losses(STREAK, lost(-1, -1, -1), close_ms=NOON + 30 * MINUTE_MS - 1)),
    "order rate": (
        DenialCode.ORDER_RATE,
        lambda: check_order_rate(Guards(orders_per_minute=5), 4),
        lambda: check_order_rate(Guards(orders_per_minute=5), 5)),
    "band above the last price": (DenialCode.PRICE_BAND, lambda: band(1_010, None), lambda: band(1_011, None)),
    "band below the last price": (DenialCode.PRICE_BAND, lambda: band(990, None), lambda: band(989, None)),
    "band around the mark": (DenialCode.PRICE_BAND, lambda: band(1_000, 1_010), lambda: band(1_000, 1_011)),
    "funding rate": (DenialCode.FUNDING, lambda: funding(100, 30), lambda: funding(101, 30)),
    "funding time": (DenialCode.FUNDING, lambda: funding(101, 31), lambda: funding(101, 30)),
    "funding of a short": (DenialCode.FUNDING, lambda: funding(500, 1, -1), lambda: funding(-101, 1, -1)),
    "funding nobody knows": (DenialCode.FUNDING, lambda: funding(None, 31), lambda: funding(None, 30)),
    "liquidation distance": (
        DenialCode.LIQUIDATION, lambda: liquidation(900, 950), lambda: liquidation(901, 950)),
    "liquidation before the stop": (
        DenialCode.LIQUIDATION, lambda: liquidation(500, 501), lambda: liquidation(500, 500)),
    "liquidation of a short": (
        DenialCode.LIQUIDATION, lambda: liquidation(1_100, 1_050, -1), lambda: liquidation(1_099, 1_050, -1)),
    "positions": (
        DenialCode.LEVEL_POSITIONS,
        lambda: check_level_positions([level(Limits(max_positions=2), ETH)], []),
        lambda: check_level_positions([level(Limits(max_positions=2), ETH)], [ETH])),
    "exposure of a symbol": (
        DenialCode.SYMBOL_EXPOSURE,
        lambda: exposure(Limits(symbol_ppm=500_000), Held("ETHUSDT", -200)),
        lambda: exposure(Limits(symbol_ppm=500_000), Held("ETHUSDT", -201))),
    "net exposure": (
        DenialCode.NET_EXPOSURE,
        lambda: exposure(Limits(net_ppm=500_000), Held("BTCUSDT", 200)),
        lambda: exposure(Limits(net_ppm=500_000), Held("BTCUSDT", 201))),
    "net exposure the other way": (
        DenialCode.NET_EXPOSURE,
        lambda: exposure(Limits(net_ppm=1), Held("BTCUSDT", -400)),
        lambda: exposure(Limits(net_ppm=1), Held("BTCUSDT", -100))),
    "gross exposure": (
        DenialCode.GROSS_EXPOSURE,
        lambda: exposure(Limits(gross_ppm=500_000), Held("BTCUSDT", -200)),
        lambda: exposure(Limits(gross_ppm=500_000), Held("BTCUSDT", -201))),
    "reserve": (
        DenialCode.RESERVE,
        lambda: check_reserve(700, available=1_000, kept=reserve([level(Limits(reserve_ppm=300_000))]), coin=COIN),
        lambda: check_reserve(701, available=1_000, kept=reserve([level(Limits(reserve_ppm=300_000))]), coin=COIN)),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_a_guard_allows_just_inside_and_refuses_just_outside(name: str) -> None:
    code, inside, outside = TABLE[name]

    assert inside() is None
    refused = outside()
    assert refused is not None
    assert refused.code is code
    assert refused.numbers


def test_guards_that_ask_for_nothing_refuse_nothing() -> None:
    nothing = Guards()
    assert check_losses(nothing, lost(*[-1] * 99), close_ms=NOON) is None
    assert check_order_rate(nothing, 10_000) is None
    assert check_price_band(nothing, ticks=1, last_ticks=10**6, mark_ticks=None) is None
    assert exposure(Limits(), Held("BTCUSDT", 10**9)) is None
    assert check_reserve(10**9, available=0, kept=0, coin=COIN) is None


def test_the_nearest_rung_speaks_first() -> None:
    tight = Limits(gross_ppm=1, max_positions=1)
    rungs = [Level(where, tight, 1_000, 1_000, 1_000) for where in Where]

    refused = check_exposure(rungs, [], ETH, COIN)
    above = check_exposure(rungs[2:], [], ETH, COIN)

    assert refused is not None
    assert refused.numbers["where"] == "the bot"
    assert above is not None
    assert above.numbers["where"] == "the workspace"


def test_a_rung_without_equity_holds_nothing() -> None:
    refused = check_exposure([level(Limits(gross_ppm=10**7), equity=-5)], [], ETH, COIN)
    assert refused is not None
    assert refused.code is DenialCode.GROSS_EXPOSURE

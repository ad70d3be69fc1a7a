"""Contract definitions for venue and backtest: a table of facts, and a rule for symbols not in it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from trading_core.market.candle import Candles, Floats
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import plausible_tiers
from trading_core.money import money

_MIN_NOTIONAL = money("5")
_MAX_DECIMALS = 8

# symbol: priceLimitRatioX and Y in parts per million, where they are not the usual 5 % and 10 %.
_PRICE_LIMITS = {"BTCUSDT": (10_000, 20_000), "ETHUSDT": (20_000, 40_000)}
_USUAL_LIMITS = (50_000, 100_000)

_UNKNOWN_LIMIT = money("100000")

# symbol: tick, lot, min qty, max qty, max market qty, max leverage, maintenance ppm, risk limit
# (Bybit instruments-info and risk-limit, lowest tier; the limit is an order of magnitude).
_FACTS: dict[str, tuple[str, str, str, str, str, str, int, str]] = {
    "BTCUSDT": ("0.10", "0.001", "0.001", "1190.000", "119.000", "100", 5_000, "2000000"),
    "ETHUSDT": ("0.01", "0.01", "0.01", "7240.00", "724.00", "100", 5_000, "2000000"),
    "SOLUSDT": ("0.010", "0.1", "0.1", "79770.0", "7977.0", "100", 5_000, "1000000"),
    "XRPUSDT": ("0.0001", "0.1", "0.1", "10965300", "2467800", "75", 6_700, "1000000"),
    "DOGEUSDT": ("0.00001", "1", "1", "43678900", "5991100", "75", 6_700, "500000"),
    "LTCUSDT": ("0.01", "0.1", "0.1", "28740.0", "6160.0", "50", 10_000, "200000"),
    "ADAUSDT": ("0.0001", "1", "1", "6315500", "1109600", "75", 6_700, "200000"),
    "TRXUSDT": ("0.00001", "1", "1", "5417800", "1356000", "75", 6_700, "200000"),
}


def known_instrument(symbol: str) -> Instrument | None:
    """The contract definition of a well-known symbol; None for others."""
    facts = _FACTS.get(symbol)
    if facts is None:
        return None
    tick, lot, least, most, most_market, leverage, maintenance, limit = facts
    step = Decimal(lot)
    limit_x, limit_y = _PRICE_LIMITS.get(symbol, _USUAL_LIMITS)
    return Instrument(
        category="linear",
        symbol=symbol,
        base_coin=base_coin(symbol),
        settle_coin="USDT",
        tick_size=Decimal(tick),
        qty_step=step,
        min_lots=int(Decimal(least) / step),
        max_lots=int(Decimal(most) / step),
        max_market_lots=int(Decimal(most_market) / step),
        min_notional=_MIN_NOTIONAL,
        max_leverage=Decimal(leverage),
        maintenance_ppm=maintenance,
        funding_interval_min=480,
        price_limit_x_ppm=limit_x,
        price_limit_y_ppm=limit_y,
        tiers=plausible_tiers(money(limit), maintenance, Decimal(leverage)),
    )


def base_coin(symbol: str) -> str:
    """The coin a USDT symbol trades."""
    return symbol.removesuffix("USDT").removesuffix("PERP") or symbol


def derived_instrument(symbol: str, candles: Candles) -> Instrument:
    """A contract definition for a symbol nobody described, from the decimals of its candles."""
    tick = Decimal(1).scaleb(-_decimals(candles.close[-2_000:]))
    price = Decimal(str(float(candles.close[-1])))
    step = Decimal(1).scaleb(_digit(Decimal(1) / price))
    return Instrument(
        category="linear",
        symbol=symbol,
        base_coin=base_coin(symbol),
        settle_coin="USDT",
        tick_size=tick,
        qty_step=step,
        min_lots=1,
        max_lots=10_000_000,
        max_market_lots=1_000_000,
        min_notional=_MIN_NOTIONAL,
        max_leverage=Decimal(25),
        maintenance_ppm=20_000,
        funding_interval_min=480,
        tiers=plausible_tiers(_UNKNOWN_LIMIT, 20_000, Decimal(25)),
    )


def _decimals(prices: Floats) -> int:
    """The fewest decimals that write all these prices."""
    for decimals in range(_MAX_DECIMALS):
        if np.allclose(np.round(prices, decimals), prices, rtol=0, atol=1e-9):
            return decimals
    return _MAX_DECIMALS


def _digit(value: Decimal) -> int:
    """The power of ten of a lot worth about one unit of quote money, at most 1."""
    return min(0, value.adjusted())

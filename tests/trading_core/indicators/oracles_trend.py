"""Averages and trend, written from their formulas."""

from __future__ import annotations

import math

import numpy as np

from tests.trading_core.indicators.oracle_tools import (
    NAN,
    Oracle,
    atr,
    bottom,
    change,
    efficiency,
    ema,
    lag,
    line,
    ranked,
    rma,
    roll,
    slope,
    sma,
    top,
    total,
    triangle,
    true_range,
    weighted,
    wma,
)
from trading_core.market.candle import Candles, Floats

Out = tuple[Floats, ...]


def dema(c: Candles, period: int) -> Out:
    once = ema(c.close, period)
    return (2 * once - ema(once, period),)


def tema(c: Candles, period: int) -> Out:
    once = ema(c.close, period)
    twice = ema(once, period)
    return (3 * once - 3 * twice + ema(twice, period),)


def hma(c: Candles, period: int) -> Out:
    raw = 2 * wma(c.close, period // 2) - wma(c.close, period)
    return (wma(raw, math.isqrt(period)),)


def kama(c: Candles, period: int) -> Out:
    share = np.abs(efficiency(c.close, period))
    made = np.full(len(c.close), NAN)
    value = c.close[period - 1]
    for row in range(period, len(made)):
        weight = (share[row] * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        value += weight * (c.close[row] - value)
        made[row] = value
    return (made,)


def t3(c: Candles, period: int, volume_factor: float) -> Out:
    a = volume_factor
    e = [c.close]
    for _ in range(6):
        e.append(ema(e[-1], period))
    return (
        -(a**3) * e[6]
        + (3 * a**2 + 3 * a**3) * e[5]
        + (-6 * a**2 - 3 * a - 3 * a**3) * e[4]
        + (1 + 3 * a + a**3 + 3 * a**2) * e[3],
    )


def alma(c: Candles, period: int, offset: float, sigma: float) -> Out:
    middle, width = offset * (period - 1), period / sigma
    weights = np.array([math.exp(-((i - middle) ** 2) / (2 * width**2)) for i in range(period)])
    return (weighted(c.close, weights),)


def macd(c: Candles, fast: int, slow: int, signal: int) -> Out:
    # The fast average begins where the slow one does, seeded with the last candles before it.
    late = c.close.copy()
    late[: slow - fast] = NAN
    macd_line = ema(late, fast) - ema(c.close, slow)
    average = ema(macd_line, signal)
    return macd_line, average, macd_line - average


def _directional(c: Candles, period: int) -> tuple[Floats, Floats]:
    up, down = change(c.high), -change(c.low)
    moves = (np.where((up > down) & (up > 0), up, 0.0), np.where((down > up) & (down > 0), down, 0.0))
    reach = _wilder_sum(true_range(c), period)
    plus, minus = (100 * _wilder_sum(move, period) / reach for move in moves)
    return plus, minus


def _wilder_sum(x: Floats, n: int) -> Floats:
    made = np.full(len(x), NAN)
    value = x[1:n].sum()
    for row in range(n, len(x)):
        value = value - value / n + x[row]
        made[row] = value
    return made


def dx(c: Candles, period: int) -> Out:
    plus, minus = _directional(c, period)
    return (100 * np.abs(plus - minus) / (plus + minus),)


def adx(c: Candles, period: int) -> Out:
    return (rma(dx(c, period)[0], period), *_directional(c, period))


def adxr(c: Candles, period: int) -> Out:
    index = adx(c, period)[0]
    return ((index + lag(index, period - 1)) / 2,)


def supertrend(c: Candles, period: int, multiplier: float) -> Out:
    reach = multiplier * atr(c, period)
    lines, ways = np.full(len(c.close), NAN), np.full(len(c.close), NAN)
    upper = lower = NAN
    way = 1.0
    for row in range(period, len(lines)):
        middle = (c.high[row] + c.low[row]) / 2
        before = c.close[row - 1]
        high, low = middle + reach[row], middle - reach[row]
        upper = high if not (high >= upper and before <= upper) else upper
        lower = low if not (low <= lower and before >= lower) else lower
        if row > period:
            way = (
                -1.0 if way > 0 and c.close[row] < lower else 1.0 if way < 0 and c.close[row] > upper else way
            )
        lines[row], ways[row] = (lower if way > 0 else upper), way
    return lines, ways


def psar(c: Candles, step: float, limit: float) -> Out:
    made = np.full(len(c.high), NAN)
    fell, rose = c.low[0] - c.low[1], c.high[1] - c.high[0]
    long = not (fell > 0 and fell > rose)
    extreme, stop = (c.high[1], c.low[0]) if long else (c.low[1], c.high[0])
    weight = step
    for row in range(1, len(made)):
        last = max(1, row - 1)
        lows, highs = (c.low[last], c.low[row]), (c.high[last], c.high[row])
        if (long and c.low[row] <= stop) or (not long and c.high[row] >= stop):
            long = not long
            stop = min(extreme, *lows) if long else max(extreme, *highs)
            made[row] = stop
            weight, extreme = step, c.high[row] if long else c.low[row]
        else:
            made[row] = stop
            if (long and c.high[row] > extreme) or (not long and c.low[row] < extreme):
                extreme = c.high[row] if long else c.low[row]
                weight = min(limit, weight + step)
        stop += weight * (extreme - stop)
        stop = min(stop, *lows) if long else max(stop, *highs)
    return (made,)


def aroon(c: Candles, period: int) -> Out:
    up = roll(c.high, period + 1, lambda window: 100.0 * int(window.argmax()) / period)
    return up, roll(c.low, period + 1, lambda window: 100.0 * int(window.argmin()) / period)


def vortex(c: Candles, period: int) -> Out:
    reach = total(true_range(c), period)
    plus, minus = np.abs(c.high - lag(c.low, 1)), np.abs(c.low - lag(c.high, 1))
    return total(plus, period) / reach, total(minus, period) / reach


def _middle(c: Candles, n: int) -> Floats:
    return (top(c.high, n) + bottom(c.low, n)) / 2


def ichimoku(c: Candles, tenkan: int, kijun: int, senkou: int) -> Out:
    fast, slow = _middle(c, tenkan), _middle(c, kijun)
    return fast, slow, lag((fast + slow) / 2, kijun), lag(_middle(c, senkou), kijun)


def mass_index(c: Candles, fast: int, slow: int) -> Out:
    once = ema(c.high - c.low, fast)
    return (total(once / ema(once, fast), slow),)


def trix(c: Candles, period: int) -> Out:
    thrice = ema(ema(ema(c.close, period), period), period)
    return ((thrice / lag(thrice, 1) - 1) * 100,)


def r_squared(c: Candles, period: int) -> Out:
    rows = np.arange(period)
    return (roll(c.close, period, lambda window: float(np.corrcoef(rows, window)[0, 1] ** 2)),)


def regime(c: Candles, period: int, volatility: int) -> Out:
    trend = efficiency(c.close, period)
    way = np.sign(slope(c.close, period))
    state = np.where(trend * way >= 2 / math.sqrt(period), way, 0.0)
    state[np.isnan(trend)] = NAN
    return state, trend, ranked(atr(c, 14) / c.close * 100, volatility)


ORACLES: dict[str, Oracle] = {
    "sma": lambda c, period: (sma(c.close, period),),
    "ema": lambda c, period: (ema(c.close, period),),
    "wma": lambda c, period: (wma(c.close, period),),
    "dema": dema,
    "tema": tema,
    "rma": lambda c, period: (rma(c.close, period),),
    "hma": hma,
    "kama": kama,
    "t3": t3,
    "trima": lambda c, period: (triangle(c.close, period),),
    "zlema": lambda c, period: (ema(2 * c.close - lag(c.close, (period - 1) // 2), period),),
    "vwma": lambda c, period: (total(c.close * c.volume, period) / total(c.volume, period),),
    "alma": alma,
    "linreg": lambda c, period: (line(c.close, period, period - 1),),
    "tsf": lambda c, period: (line(c.close, period, period),),
    "midpoint": lambda c, period: ((top(c.close, period) + bottom(c.close, period)) / 2,),
    "midprice": lambda c, period: (_middle(c, period),),
    "macd": macd,
    "adx": adx,
    "adxr": adxr,
    "dx": dx,
    "supertrend": supertrend,
    "psar": psar,
    "aroon": aroon,
    "aroon_oscillator": lambda c, period: (aroon(c, period)[0] - aroon(c, period)[1],),
    "vortex": vortex,
    "ichimoku": ichimoku,
    "mass_index": mass_index,
    "trix": trix,
    "dpo": lambda c, period: (lag(c.close, period // 2 + 1) - sma(c.close, period),),
    "linreg_slope": lambda c, period: (slope(c.close, period),),
    "r_squared": r_squared,
    "regime": regime,
    "efficiency_ratio": lambda c, period: (np.abs(efficiency(c.close, period)),),
}

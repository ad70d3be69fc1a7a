"""What TA-Lib, the ``ta`` package and pandas have for the catalog's indicators, at the same parameters.

Each entry takes the columns (arrays for TA-Lib, series for the others) and the parameters and computes
the outputs that our indicator has, in as many calls as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import talib
from ta import momentum, trend, volatility, volume
from talib._ta_lib import MA_Type

Columns = Any
"""Something with open, high, low, close and volume."""

Peer = Callable[[Columns, Mapping[str, Any]], object]

EMA, SMA = MA_Type.EMA, MA_Type.SMA


def _of_close(function: Callable[..., object]) -> Peer:
    return lambda c, p: function(c.close, *p.values())


def _of_range(function: Callable[..., object]) -> Peer:
    return lambda c, p: function(c.high, c.low, *p.values())


def _of_candle(function: Callable[..., object]) -> Peer:
    return lambda c, p: function(c.high, c.low, c.close, *p.values())


def _of_whole(function: Callable[..., object]) -> Peer:
    return lambda c, p: function(c.open, c.high, c.low, c.close, *p.values())


def _of_trades(function: Callable[..., object]) -> Peer:
    return lambda c, p: function(c.high, c.low, c.close, c.volume, *p.values())


TALIB: Mapping[str, Peer] = {
    "sma": _of_close(talib.SMA),
    "ema": _of_close(talib.EMA),
    "wma": _of_close(talib.WMA),
    "dema": _of_close(talib.DEMA),
    "tema": _of_close(talib.TEMA),
    "rma": _of_close(talib.RMA),
    "hma": _of_close(talib.HMA),
    "kama": _of_close(talib.KAMA),
    "t3": _of_close(talib.T3),
    "trima": _of_close(talib.TRIMA),
    "zlema": _of_close(talib.ZLEMA),
    "vwma": lambda c, p: talib.VWMA(c.close, c.volume, p["period"]),
    "linreg": _of_close(talib.LINEARREG),
    "tsf": _of_close(talib.TSF),
    "midpoint": _of_close(talib.MIDPOINT),
    "midprice": _of_range(talib.MIDPRICE),
    "macd": _of_close(talib.MACD),
    "adx": lambda c, p: [
        function(c.high, c.low, c.close, p["period"])
        for function in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    ],
    "adxr": _of_candle(talib.ADXR),
    "dx": _of_candle(talib.DX),
    "supertrend": _of_candle(talib.SUPERTREND),
    "psar": _of_range(talib.SAR),
    "aroon": _of_range(talib.AROON),
    "aroon_oscillator": _of_range(talib.AROONOSC),
    "vortex": _of_candle(talib.VORTEX),
    "ichimoku": lambda c, p: _cloud([talib.MIDPRICE(c.high, c.low, each) for each in p.values()], p["kijun"]),
    "mass_index": _of_range(talib.MASSI),
    "trix": _of_close(talib.TRIX),
    "dpo": _of_close(talib.DPO),
    "linreg_slope": _of_close(talib.LINEARREG_SLOPE),
    "efficiency_ratio": _of_close(talib.ER),
    "rsi": _of_close(talib.RSI),
    "stochastic": lambda c, p: talib.STOCH(
        c.high, c.low, c.close, p["period"], p["smooth"], SMA, p["signal"], SMA
    ),
    "stochastic_fast": lambda c, p: talib.STOCHF(c.high, c.low, c.close, p["period"], p["signal"], SMA),
    "stoch_rsi": lambda c, p: talib.STOCH(
        *_three(talib.RSI(c.close, p["period"])), p["window"], p["smooth"], SMA, p["signal"], SMA
    ),
    "cci": _of_candle(talib.CCI),
    "williams_r": _of_candle(talib.WILLR),
    "cmo": _of_close(talib.CMOU),
    "ultimate": _of_candle(talib.ULTOSC),
    "smi": lambda c, p: talib.SMI(c.high, c.low, c.close, p["period"], p["second"], p["first"], p["signal"]),
    "roc": _of_close(talib.ROC),
    "momentum": _of_close(talib.MOM),
    "ppo": lambda c, p: _with_signal(talib.PPO(c.close, p["fast"], p["slow"], EMA), p),
    "apo": lambda c, p: talib.APO(c.close, p["fast"], p["slow"], EMA),
    "tsi": lambda c, p: _signalled(talib.TSI(c.close, p["slow"], p["fast"]), p),
    "awesome": _of_range(talib.AO),
    "accelerator": _of_range(talib.AC),
    "coppock": _of_close(talib.COPPOCK),
    "bop": _of_whole(talib.BOP),
    "elder_ray": _of_candle(talib.ERI),
    "qstick": lambda c, p: talib.QSTICK(c.open, c.close, p["period"]),
    "bollinger": lambda c, p: _placed(
        c.close, *talib.BBANDS(c.close, p["period"], p["deviations"], p["deviations"], SMA)
    ),
    "donchian": _of_range(talib.DONCHIAN),
    "keltner": lambda c, p: _around(
        talib.EMA(c.close, p["period"]), talib.ATR(c.high, c.low, c.close, p["atr_period"]) * p["multiplier"]
    ),
    "acceleration_bands": _of_candle(talib.ACCBANDS),
    "atr": _of_candle(talib.ATR),
    "atr_pct": _of_candle(talib.NATR),
    "true_range": _of_candle(talib.TRANGE),
    "average_range": _of_range(talib.ADR),
    "stddev": _of_close(talib.STDDEV),
    "variance": _of_close(talib.VAR),
    "chaikin_volatility": _of_range(talib.CVI),
    "relative_volatility": _of_close(talib.RVI),
    "volume_sma": lambda c, p: talib.SMA(c.volume, p["period"]),
    "relative_volume": lambda c, p: talib.RVOL(c.volume, p["period"]),
    "mfi": _of_trades(talib.MFI),
    "adosc": _of_trades(talib.ADOSC),
    "cmf": _of_trades(talib.CMF),
    "force_index": lambda c, p: talib.EFI(c.close, c.volume, p["period"]),
    "pvo": lambda c, p: _with_signal(talib.PVO(c.volume, p["fast"], p["slow"], 1), p),
    "typical_price": _of_candle(talib.TYPPRICE),
    "median_price": _of_range(talib.MEDPRICE),
    "weighted_close": _of_candle(talib.WCLPRICE),
    "average_price": _of_whole(talib.AVGPRICE),
    "highest": _of_close(talib.MAX),
    "lowest": _of_close(talib.MIN),
    "heikin_ashi": _of_whole(talib.HA),
}


COMPOSED: Mapping[str, str] = {
    "adx": "ADX, PLUS_DI, MINUS_DI",
    "ichimoku": "MIDPRICE three times; the spans' middle and both shifts with NumPy",
    "stoch_rsi": "RSI, STOCH of it",
    "ppo": "PPO, EMA of it; histogram with NumPy",
    "pvo": "PVO, EMA of it; histogram with NumPy",
    "tsi": "TSI, EMA of it",
    "bollinger": "BBANDS; place and width with NumPy",
    "keltner": "EMA, ATR; bands with NumPy",
}
"""What TA-Lib has no function for that gives all our outputs: how its contender makes them."""


def _three(line: Any) -> tuple[Any, Any, Any]:
    """A line as high, low and close."""
    return line, line, line


def _around(middle: Any, reach: Any) -> list[Any]:
    """A band around a line."""
    return [middle + reach, middle, middle - reach]


def _placed(price: Any, upper: Any, middle: Any, lower: Any) -> list[Any]:
    """A band, the price's place in it, and its width."""
    span = upper - lower
    return [upper, middle, lower, (price - lower) / span, span / middle]


def _cloud(lines: list[Any], ahead: int) -> list[Any]:
    """The lines, and the spans as they stand at this candle."""
    tenkan, kijun, middle = lines
    spans = []
    for span in ((tenkan + kijun) / 2.0, middle):
        moved = np.full(len(span), np.nan)
        moved[ahead:] = span[:-ahead]
        spans.append(moved)
    return [tenkan, kijun, *spans]


def _signalled(line: Any, params: Mapping[str, Any]) -> list[Any]:
    """A line and its EMA."""
    return [line, talib.EMA(line, params["signal"])]


def _with_signal(line: Any, params: Mapping[str, Any]) -> list[Any]:
    """A line, its EMA and the difference."""
    signal = talib.EMA(line, params["signal"])
    return [line, signal, line - signal]


def _each(made: Any, *outputs: str) -> list[object]:
    """Call these methods of one of ta's indicators; it computes when it is made or when it is called."""
    return [getattr(made, output)() for output in outputs]


def _with_average(line: Any, period: int) -> list[object]:
    """A line of ta's and its EMA."""
    return [line, trend.ema_indicator(line, period)]


TA: Mapping[str, Peer] = {
    "sma": lambda c, p: trend.sma_indicator(c.close, p["period"]),
    "ema": lambda c, p: trend.ema_indicator(c.close, p["period"]),
    "wma": lambda c, p: trend.wma_indicator(c.close, p["period"]),
    "kama": lambda c, p: momentum.kama(c.close, p["period"]),
    "macd": lambda c, p: _each(
        trend.MACD(c.close, p["slow"], p["fast"], p["signal"]), "macd", "macd_signal", "macd_diff"
    ),
    "adx": lambda c, p: _each(
        trend.ADXIndicator(c.high, c.low, c.close, p["period"]), "adx", "adx_pos", "adx_neg"
    ),
    "psar": lambda c, p: _each(
        trend.PSARIndicator(c.high, c.low, c.close, p["step"], p["limit"]), "psar"
    ),
    "aroon": lambda c, p: _each(
        trend.AroonIndicator(c.high, c.low, p["period"]), "aroon_up", "aroon_down"
    ),
    "vortex": lambda c, p: _each(
        trend.VortexIndicator(c.high, c.low, c.close, p["period"]),
        "vortex_indicator_pos", "vortex_indicator_neg",
    ),
    "ichimoku": lambda c, p: _each(
        trend.IchimokuIndicator(c.high, c.low, p["tenkan"], p["kijun"], p["senkou"]),
        "ichimoku_conversion_line", "ichimoku_base_line", "ichimoku_a", "ichimoku_b",
    ),
    "mass_index": lambda c, p: trend.mass_index(c.high, c.low, p["fast"], p["slow"]),
    "trix": lambda c, p: trend.trix(c.close, p["period"]),
    "dpo": lambda c, p: trend.dpo(c.close, p["period"]),
    "rsi": lambda c, p: momentum.rsi(c.close, p["period"]),
    "stochastic_fast": lambda c, p: _each(
        momentum.StochasticOscillator(c.high, c.low, c.close, p["period"], p["signal"]),
        "stoch", "stoch_signal",
    ),
    "stoch_rsi": lambda c, p: _each(
        momentum.StochRSIIndicator(c.close, p["period"], p["smooth"], p["signal"]),
        "stochrsi_k", "stochrsi_d",
    ),
    "cci": lambda c, p: trend.cci(c.high, c.low, c.close, p["period"]),
    "williams_r": lambda c, p: momentum.williams_r(c.high, c.low, c.close, p["period"]),
    "ultimate": lambda c, p: momentum.ultimate_oscillator(c.high, c.low, c.close, *p.values()),
    "roc": lambda c, p: momentum.roc(c.close, p["period"]),
    "ppo": lambda c, p: _each(
        momentum.PercentagePriceOscillator(c.close, p["slow"], p["fast"], p["signal"]),
        "ppo", "ppo_signal", "ppo_hist",
    ),
    "tsi": lambda c, p: _with_average(momentum.tsi(c.close, p["slow"], p["fast"]), p["signal"]),
    "awesome": lambda c, p: momentum.awesome_oscillator(c.high, c.low, p["fast"], p["slow"]),
    "kst": lambda c, p: _each(trend.KSTIndicator(c.close, nsig=p["signal"]), "kst", "kst_sig"),
    "bollinger": lambda c, p: _each(
        volatility.BollingerBands(c.close, p["period"], p["deviations"]),
        "bollinger_hband", "bollinger_mavg", "bollinger_lband", "bollinger_pband", "bollinger_wband",
    ),
    "donchian": lambda c, p: _each(
        volatility.DonchianChannel(c.high, c.low, c.close, p["period"]),
        "donchian_channel_hband", "donchian_channel_mband", "donchian_channel_lband",
    ),
    "keltner": lambda c, p: _each(
        volatility.KeltnerChannel(
            c.high, c.low, c.close, p["period"], p["atr_period"],
            original_version=False, multiplier=p["multiplier"],
        ),
        "keltner_channel_hband", "keltner_channel_mband", "keltner_channel_lband",
    ),
    "atr": lambda c, p: volatility.average_true_range(c.high, c.low, c.close, p["period"]),
    "ulcer_index": lambda c, p: volatility.ulcer_index(c.close, p["period"]),
    "vwap": lambda c, p: volume.volume_weighted_average_price(
        c.high, c.low, c.close, c.volume, p["period"]
    ),
    "mfi": lambda c, p: volume.money_flow_index(c.high, c.low, c.close, c.volume, p["period"]),
    "cmf": lambda c, p: volume.chaikin_money_flow(c.high, c.low, c.close, c.volume, p["period"]),
    "force_index": lambda c, p: volume.force_index(c.close, c.volume, p["period"]),
    "ease_of_movement": lambda c, p: volume.sma_ease_of_movement(c.high, c.low, c.volume, p["period"]),
}  # fmt: skip


def _spread(series: Any, period: int) -> list[Any]:
    """Mean and population deviation."""
    rolling = series.rolling(period)
    return [rolling.mean(), rolling.std(ddof=0)]


def _pandas_macd(c: Columns, p: Mapping[str, Any]) -> list[Any]:
    fast, slow = (c.close.ewm(span=p[name], adjust=False).mean() for name in ("fast", "slow"))
    signal = (fast - slow).ewm(span=p["signal"], adjust=False).mean()
    return [fast - slow, signal, fast - slow - signal]


def _pandas_bollinger(c: Columns, p: Mapping[str, Any]) -> list[Any]:
    middle, deviation = _spread(c.close, p["period"])
    reach = deviation * p["deviations"]
    upper, lower = middle + reach, middle - reach
    return [upper, middle, lower, (c.close - lower) / (upper - lower), (upper - lower) / middle]


def _pandas_donchian(c: Columns, p: Mapping[str, Any]) -> list[Any]:
    upper, lower = c.high.rolling(p["period"]).max(), c.low.rolling(p["period"]).min()
    return [upper, (upper + lower) / 2.0, lower]


def _pandas_zscore(c: Columns, p: Mapping[str, Any]) -> Any:
    middle, deviation = _spread(c.close, p["period"])
    return (c.close - middle) / deviation


PANDAS: Mapping[str, Peer] = {
    "sma": lambda c, p: c.close.rolling(p["period"]).mean(),
    "ema": lambda c, p: c.close.ewm(span=p["period"], adjust=False).mean(),
    "rma": lambda c, p: c.close.ewm(alpha=1.0 / p["period"], adjust=False).mean(),
    "macd": _pandas_macd,
    "roc": lambda c, p: c.close.pct_change(p["period"]) * 100.0,
    "momentum": lambda c, p: c.close.diff(p["period"]),
    "bollinger": _pandas_bollinger,
    "donchian": _pandas_donchian,
    "stddev": lambda c, p: c.close.rolling(p["period"]).std(ddof=0),
    "variance": lambda c, p: c.close.rolling(p["period"]).var(ddof=0),
    "volume_sma": lambda c, p: c.volume.rolling(p["period"]).mean(),
    "highest": lambda c, p: c.close.rolling(p["period"]).max(),
    "lowest": lambda c, p: c.close.rolling(p["period"]).min(),
    "zscore": _pandas_zscore,
}

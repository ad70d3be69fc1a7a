"""freqtrade over candles in memory: one strategy, indicators and statistics included. Prints one JSON line.

Run by freqtrade's own interpreter: ``python freqtrade_run.py CANDLES.npz``. It never asks an exchange:
the one market it trades is told to it.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.optimize.optimize_reports import generate_backtest_stats

STRATEGY = """
import talib.abstract as ta
from freqtrade.strategy import IStrategy

class Crossing(IStrategy):
    timeframe = "1m"
    minimal_roi = {"0": 0.015}
    stoploss = -0.01
    startup_candle_count = 60
    process_only_new_candles = True

    def populate_indicators(self, dataframe, metadata):
        dataframe["fast"] = ta.EMA(dataframe, timeperiod=9)
        dataframe["slow"] = ta.EMA(dataframe, timeperiod=21)
        dataframe["rsi"] = ta.RSI(dataframe, timeperiod=14)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        over = dataframe["fast"] > dataframe["slow"]
        crossed = over & ~over.shift(1, fill_value=True)
        dataframe.loc[crossed & (dataframe["rsi"] < 70), "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
"""

MARKET = {
    "id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "baseId": "BTC", "quoteId": "USDT",
    "active": True, "type": "spot", "spot": True, "margin": False, "future": False, "swap": False,
    "option": False,
    "contract": False, "linear": None, "inverse": None, "settle": None, "taker": 0.00055, "maker": 0.00055,
    "precision": {"amount": 0.00001, "price": 0.01},
    "limits": {"amount": {"min": 0.00001, "max": 9000.0}, "cost": {"min": 5.0, "max": None},
               "price": {"min": 0.01, "max": None}, "leverage": {"min": None, "max": None}},
    "info": {},
}  # fmt: skip


def config(folder: Path) -> dict[str, Any]:
    """What freqtrade's own configuration file would say."""
    return {
        "config": [], "strategy": "Crossing", "strategy_path": str(folder), "datadir": folder,
        "user_data_dir": folder,
        "exchange": {"name": "binance", "pair_whitelist": ["BTC/USDT"], "key": "", "secret": ""},
        "stake_currency": "USDT", "stake_amount": 1000, "dry_run": True, "dry_run_wallet": 10_000,
        "max_open_trades": 1, "timeframe": "1m", "fee": 0.00055, "trading_mode": "spot", "margin_mode": "",
        "candle_type_def": "spot", "dataformat_ohlcv": "feather", "export": "none",
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "same", "use_order_book": False},
        "exit_pricing": {"price_side": "same", "use_order_book": False},
        "unfilledtimeout": {"entry": 10, "exit": 10, "unit": "minutes"}, "internals": {},
    }  # fmt: skip


def peak_mib() -> int:
    """The most memory this program has held."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(told.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    """Write the candles as freqtrade stores them, load, then time the run and its statistics."""
    logging.disable(logging.CRITICAL)
    told = np.load(sys.argv[1])
    columns = {name: told[name] for name in ("open", "high", "low", "close", "volume")}
    frame = pd.DataFrame({"date": pd.to_datetime(told["open_time"], unit="ms", utc=True), **columns})

    def reload_markets(self: Any, *_: Any, **__: Any) -> None:
        self._markets = {"BTC/USDT": MARKET}
        self._api.set_markets([MARKET])
        self._api_async.set_markets([MARKET])
        self._last_markets_refresh = 2**62

    Exchange.reload_markets = reload_markets
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "crossing.py").write_text(STRATEGY)
        frame.to_feather(folder / "BTC_USDT-1m.feather")
        settings = config(folder) | {"runmode": RunMode.BACKTEST, "candle_type_def": CandleType.SPOT}
        backtest = Backtesting(settings)
        data, span = backtest.load_bt_data()
        [strategy] = backtest.strategylist
        began = time.process_time()
        first, last = backtest.backtest_one_strategy(strategy, data, span)
        stats = generate_backtest_stats(data, backtest.all_bt_content, min_date=first, max_date=last)
        seconds = time.process_time() - began
    trades = stats["strategy"]["Crossing"]["total_trades"]
    peak = peak_mib()
    print(json.dumps({"seconds": seconds, "trades": int(trades), "peak_mib": peak}))


if __name__ == "__main__":
    main()

"""One bot three times: compiled, interpreted, and on an account of the venue; the three must agree.

Five-minute candles are played as the one base candle that closes each of them, so that fills see the
whole candle and the bot's timeframe is exactly the recorded one.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.lockstep import market_data
from benchmarks.on_venue import run_on_venue
from benchmarks.parity_bots import parity_bots
from trading_core.backtest.compare import first_difference
from trading_core.backtest.inputs import instrument_for
from trading_core.backtest.result import Played, result_document
from trading_core.backtest.run import run
from trading_core.engine.document import BotDocument
from trading_core.market.candle import Candles
from trading_core.market.files import read_candles
from trading_core.market.instrument import Instrument
from trading_core.market.recorded import Recorded
from trading_core.market.recorded_files import beside, files_of, read_recorded
from trading_core.market.timeframe import MINUTE_MS, Timeframe

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
FROM_MS, TO_MS = 1_758_672_000_000, 1_767_225_600_000
"""2025-09-24 and 2026-01-01: the crash of 10 October lies between."""

Side = Callable[
    [BotDocument, Mapping[str, Candles], Mapping[str, Instrument], Mapping[str, Recorded]], Played
]


def five_minutes(folder: Path) -> dict[str, Candles]:
    """The recorded candles of the period, each as the base candle that closes it."""
    found = {}
    for symbol in SYMBOLS:
        [file] = (folder / "candles" / "bybit-linear").glob(f"{symbol}_5m_*.parquet")
        candles = read_candles(file)[1].between(FROM_MS, TO_MS)
        _, *columns = candles.columns()
        found[symbol] = Candles(candles.open_time + Timeframe("5m").ms - MINUTE_MS, *columns)
    return found


def recorded_of(folder: Path) -> dict[str, Recorded]:
    """Funding and mark prices of the period's contracts."""
    folders = beside([folder / "candles" / "bybit-linear"])
    found = files_of(folders, source="bybit", category="linear", symbols=SYMBOLS)
    return {symbol: read_recorded(files) for symbol, files in found.items()}


def sides(machine_code: Path) -> dict[str, Side]:
    """The three ways to play a bot."""
    return {
        "compiled": lambda bot, candles, contracts, told: run(
            bot, candles, contracts, recorded=told, machine_code=machine_code
        ),
        "interpreted": lambda bot, candles, contracts, told: run(bot, candles, contracts, recorded=told),
        "venue": lambda bot, candles, contracts, told: run_on_venue(bot, candles, contracts, recorded=told),
    }


def compared(
    bot: BotDocument,
    candles: Mapping[str, Candles],
    recorded: Mapping[str, Recorded],
    machine_code: Path,
) -> dict[str, Any]:
    """Play one bot on every side; counts of each, and where two sides first differ."""
    found = {symbol: candles[symbol] for symbol in bot.symbols}
    told = {symbol: recorded[symbol] for symbol in bot.symbols if symbol in recorded}
    contracts = {symbol: instrument_for(symbol, those) for symbol, those in found.items()}
    results, seconds = {}, {}
    for name, play in sides(machine_code).items():
        began = time.perf_counter()
        played = play(bot, found, contracts, told)
        seconds[name] = round(time.perf_counter() - began, 2)
        results[name] = result_document(played, driver=name)
    first = results["compiled"]
    differences = {
        f"compiled against {name}": str(first_difference(first, other) or "none")
        for name, other in results.items()
        if other is not first
    }
    parts = ("decisions", "orders", "executions", "funding")
    return {
        "bot": bot.name,
        "engine": first["meta"]["engine"],
        "counts": {name: {part: len(one[part]) for part in parts} for name, one in results.items()},
        "wallet_end": {name: one["meta"]["wallet_end"] for name, one in results.items()},
        "exit_reasons": first["metrics"]["exit_reasons"],
        "seconds": seconds,
        **differences,
    }


def run_benchmark() -> dict[str, Any]:
    """The parity table over the recorded period."""
    folder = market_data()
    candles, recorded = five_minutes(folder), recorded_of(folder)
    with tempfile.TemporaryDirectory() as cache:
        table = [compared(bot, candles, recorded, Path(cache)) for bot in parity_bots()]
    return {
        "candles": {symbol: len(found) for symbol, found in candles.items()},
        "agree": all(
            row[key] == "none" for row in table for key in row if key.startswith("compiled against")
        ),
        "bots": table,
    }


if __name__ == "__main__":
    print(json.dumps(run_benchmark(), indent=1))

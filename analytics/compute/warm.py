"""Makes the engine's machine code, or reads it from disk: by playing a run of a few candles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trading_core.backtest.run import run
from trading_core.engine.document import parse_document
from trading_core.market.candle import Candle, Candles
from trading_core.market.known_instruments import known_instrument
from trading_core.market.timeframe import MINUTE_MS

SYMBOL = "BTCUSDT"
PRICE = 60_000.0
MINUTES = 3
BOT: dict[str, Any] = {
    "schema": 1,
    "name": "Warm-up",
    "market": {"source": "synthetic", "category": "linear"},
    "universe": {"symbols": [SYMBOL]},
    "timeframe": "1m",
    "detail_timeframe": "1m",
    "rules": {"inline": {"schema": 1, "long": {"left": {"price": "close"}, "op": ">", "right": 0}}, "son": False},
    "plan": {
        "entry": {"type": "market"},
        "size": {"mode": "quote", "quote": "500"},
        "averaging": None,
        "take_profit": None,
        "stop": {"pct": "4", "base": "entry"},
        "exits": {"time_stop_minutes": None, "on_rule": True},
    },
    "risk": {"leverage": "2", "max_open_positions": 1, "max_position_quote": "5000", "cooldown_candles": 0},
    "fees": {"maker_pct": "0.02", "taker_pct": "0.055"},
    "wallet": {"balance": "10000"},
}  # fmt: skip
"""A document the compiled run carries."""


def warm(folder: Path) -> None:
    """Have the machine code in this process, and in the folder: seconds, or a minute the first time.

    Raise RuntimeError if the run was not compiled.
    """
    rows = [Candle(minute * MINUTE_MS, PRICE, PRICE, PRICE, PRICE, 1.0) for minute in range(MINUTES)]
    instrument = known_instrument(SYMBOL)
    assert instrument is not None
    played = run(parse_document(BOT), {SYMBOL: Candles.of(rows)}, {SYMBOL: instrument}, machine_code=folder)
    if played.engine != "compiled":
        raise RuntimeError(played.engine)

"""The bots that the backtest is timed with."""

from __future__ import annotations

from typing import Any

from trading_core.engine.document import BotDocument, parse_document


def _ema(period: int) -> dict[str, Any]:
    return {"indicator": "ema", "params": {"period": period}}


_CROSS = {"left": _ema(9), "op": "crosses_above", "right": _ema(21)}
_WEAK = {"left": {"indicator": "rsi", "params": {"period": 14}}, "op": "<", "right": 70}
_RULES = {"inline": {"schema": 1, "long": {"all": [_CROSS, _WEAK]}}, "son": False}


def _bot(name: str, symbols: list[str], plan: dict[str, Any]) -> BotDocument:
    return parse_document({
        "schema": 1,
        "name": name,
        "market": {"source": "binance", "category": "linear"},
        "universe": {"symbols": symbols},
        "timeframe": "1m",
        "detail_timeframe": "1m",
        "rules": _RULES,
        "plan": {
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": "1000"},
            "averaging": None,
            "take_profit": {"pct": "1.5", "base": "entry"},
            "stop": {"pct": "1", "base": "entry"},
            "exits": {"time_stop_minutes": None, "on_rule": False},
            **plan,
        },
        "risk": {
            "leverage": "3",
            "max_open_positions": len(symbols),
            "max_position_quote": "50000",
            "cooldown_candles": 0,
        },
        "fees": {"maker_pct": "0.055", "taker_pct": "0.055"},
        "wallet": {"balance": "100000"},
    })  # fmt: skip


def simple(symbols: list[str]) -> BotDocument:
    """EMA 9 crosses above EMA 21 while RSI 14 is below 70; target 1.5 %, stop 1 %, at the next open."""
    return _bot("Crossing", symbols, {})


def whole(symbols: list[str]) -> BotDocument:
    """The same entries with ten averaging legs, a ladder of targets whose last part trails, and a time stop."""
    averaging = {
        "legs": 10, "deviation_pct": "0.4", "step_scale": "1.1", "quote": "500", "volume_scale": "1.1",
        "resting": 3,
    }  # fmt: skip
    return _bot("Ten legs", symbols, {
        "averaging": averaging,
        "take_profit": {
            "pct": "0.8", "base": "average", "trailing_pct": "0.3",
            "steps": [{"pct": "0.4", "share_pct": "30"}, {"pct": "0.6", "share_pct": "30"}],
        },
        "stop": {"pct": "15", "base": "average"},
        "exits": {"time_stop_minutes": 2880, "on_rule": False},
    })  # fmt: skip

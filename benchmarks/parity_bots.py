"""Five bots whose runs must agree wherever they are played."""

from __future__ import annotations

from typing import Any

from trading_core.engine.document import BotDocument, parse_document


def _ema(period: int) -> dict[str, Any]:
    return {"indicator": "ema", "params": {"period": period}}


def _rsi(op: str, level: int) -> dict[str, Any]:
    return {"left": {"indicator": "rsi", "params": {"period": 14}}, "op": op, "right": level}


_UP = {"left": _ema(9), "op": "crosses_above", "right": _ema(21)}
_DOWN = {"left": _ema(9), "op": "crosses_below", "right": _ema(21)}
_BASE: dict[str, Any] = {
    "schema": 1,
    "market": {"source": "bybit", "category": "linear"},
    "universe": {"symbols": ["BTCUSDT"]},
    "timeframe": "5m",
    "detail_timeframe": "1m",
    "rules": {"inline": {"schema": 1, "long": _UP, "short": _DOWN}, "son": False},
    "plan": {
        "entry": {"type": "market"},
        "size": {"mode": "quote", "quote": "1000"},
        "averaging": None,
        "take_profit": {"pct": "1.5", "base": "entry"},
        "stop": {"pct": "1", "base": "entry"},
        "exits": {"time_stop_minutes": None, "on_rule": True},
    },
    "risk": {
        "leverage": "5",
        "max_open_positions": 1,
        "max_position_quote": "20000",
        "cooldown_candles": 1,
    },
    "fees": {"maker_pct": "0.02", "taker_pct": "0.055"},
    "wallet": {"balance": "10000"},
}


def _bot(name: str, plan: dict[str, Any], **changes: Any) -> BotDocument:
    return parse_document({**_BASE, "name": name, **changes, "plan": {**_BASE["plan"], **plan}})


def _rules(**trees: Any) -> dict[str, Any]:
    return {"inline": {"schema": 1, **trees}, "son": False}


def parity_bots(source: str = "bybit") -> list[BotDocument]:
    """A scalper, a ten-leg averager, one sized by its risk, a short seller, two symbols on one slot."""
    market = {"source": source, "category": "linear"}
    everywhere = {"symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"]}
    dip = _rules(
        long=_rsi("<", 32), short=_rsi(">", 68), average_long=_rsi("<", 45), average_short=_rsi(">", 55)
    )
    return [
        _bot(
            "Scalper, post-only",
            {
                "entry": {
                    "type": "post_only", "offset_pct": "0.05", "timeout_candles": 2, "requotes": 3,
                    "chase_pct": "0.2",
                },
                "take_profit": {"pct": "0.4", "base": "entry"},
                "stop": {"pct": "0.6", "base": "entry"},
                "exits": {"time_stop_minutes": 120, "on_rule": False},
            },
            market=market,
        ),
        _bot(
            "Ten legs, ladder, trailing",
            {
                "averaging": {
                    "legs": 10, "deviation_pct": "0.4", "step_scale": "1.15", "quote": "300",
                    "volume_scale": "1.2", "resting": 3,
                },
                "take_profit": {
                    "pct": "0.8", "base": "average", "trailing_pct": "0.3",
                    "steps": [{"pct": "0.4", "share_pct": "30"}, {"pct": "0.6", "share_pct": "30"}],
                },
                "stop": {"pct": "14", "base": "entry"},
                "exits": {"time_stop_minutes": 2880, "on_rule": False},
            },
            market=market, universe={"symbols": ["SOLUSDT"]}, rules=dip,
        ),
        _bot(
            "Sized by risk, stop by range, break-even",
            {
                "size": {"mode": "risk_pct", "pct": "0.5", "reinvest_pct": "50"},
                "take_profit": {"pct": "3", "base": "entry", "decay": [{"minutes": 600, "pct": "1"}]},
                "stop": {
                    "pct": "5", "base": "entry",
                    "drawn": {"from": "atr", "multiple": "2.5", "candles": 14, "least_pct": "0.3"},
                    "break_even": {"trigger_pct": "0.8", "offset_pct": "0.05"},
                    "trailing": {"activation_pct": "1.5", "distance_pct": "0.7"},
                },
            },
            market=market, universe=everywhere, timeframe="15m",
            risk={**_BASE["risk"], "max_open_positions": 3},
        ),
        _bot(
            "Short seller",
            {
                "size": {"mode": "equity_pct", "pct": "20"},
                "take_profit": {"pct": "2.5", "base": "average"},
                "stop": {"pct": "1.2", "base": "average"},
            },
            market=market, universe={"symbols": ["ETHUSDT"]},
            rules=_rules(short=_DOWN, exit_short=_rsi("<", 25)),
        ),
        _bot("Two symbols, one slot", {}, market=market, universe={"symbols": ["ETHUSDT", "SOLUSDT"]}),
    ]  # fmt: skip

"""The bots of a run: entries, legs, ladders, trailing stops, long and short, always in the market."""

from __future__ import annotations

from random import Random
from typing import Any

ALWAYS = {"left": {"price": "close"}, "op": ">", "right": 0}
Document = dict[str, Any]


def document(name: str, symbol: str, *, short: bool, plan: Document) -> Document:
    """Return a bot document that enters at every close it may."""
    side = "short" if short else "long"
    return {
        "schema": 1, "name": name, "market": {"source": "synthetic", "category": "linear"},
        "universe": {"symbols": [symbol]}, "timeframe": "1m", "detail_timeframe": "1m",
        "rules": {"inline": {"schema": 1, side: ALWAYS}, "son": False},
        "plan": plan,
        "risk": {"leverage": "2", "max_open_positions": 3, "max_position_quote": "5000", "cooldown_candles": 0},
        "fees": {"maker_pct": "0.02", "taker_pct": "0.055"}, "wallet": {"balance": "10000"},
    }  # fmt: skip


def _plan(**changes: Any) -> Document:
    return {
        "entry": {"type": "market"}, "size": {"mode": "quote", "quote": "300"}, "averaging": None,
        "take_profit": {"pct": "0.08", "base": "average"}, "stop": {"pct": "0.6", "base": "entry"},
        "exits": {"time_stop_minutes": None, "on_rule": False},
    } | changes  # fmt: skip


def _scalp() -> Document:
    return _plan(exits={"time_stop_minutes": 2, "on_rule": False})


def _averager() -> Document:
    averaging = {
        "legs": 3, "quote": "200", "volume_scale": "1.3", "deviation_pct": "0.05", "step_scale": "1.2", "resting": 2,
    }  # fmt: skip
    return _plan(averaging=averaging, stop={"pct": "0.9", "base": "entry"})


def _patient() -> Document:
    entry = {
        "type": "post_only",
        "offset_pct": "0.01",
        "timeout_candles": 2,
        "requotes": 3,
        "chase_pct": "0.2",
    }
    stop = {"pct": "0.8", "base": "entry", "trailing": {"activation_pct": "0.05", "distance_pct": "0.05"}}
    target = {"pct": "0.2", "base": "average", "steps": [{"pct": "0.04", "share_pct": "40"}]}
    return _plan(entry=entry, stop=stop, take_profit=target)


def _limited() -> Document:
    return _plan(entry={"type": "limit", "offset_pct": "0.02", "timeout_candles": 2, "unfilled": "complete"})


PLANS = (_scalp, _averager, _patient, _limited)


def documents(draw: Random, symbols: tuple[str, ...]) -> list[Document]:
    """Return one bot for each symbol, of plans and sides drawn by the seed."""
    return [
        document(f"Bot {number}", symbol, short=draw.random() < 0.5, plan=draw.choice(PLANS)())  # noqa: PLR2004
        for number, symbol in enumerate(symbols)
    ]

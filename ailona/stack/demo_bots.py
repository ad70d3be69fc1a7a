"""The bots of the demo workspace, as documents for whatever market the venue makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from bots.services.venue_control import VenueStatus
from trading_core.strict_json import loads

Document = dict[str, Any]


def add_bot_argument(parser: CommandParser) -> None:
    """Declare ``--bot``, whose paths ``documents_of`` reads."""
    parser.add_argument(
        "--bot",
        action="append",
        default=[],
        type=Path,
        metavar="BOT.json",
        help="a bot document the demo workspace is made with instead of the built-in ones; may be given again",
    )


def documents_of(paths: Sequence[Path], market: VenueStatus) -> list[Any]:
    """Return the documents in these files, or the built-in ones; raises ``InvalidInput`` or ``OSError``."""
    if paths:
        return [loads(path.read_bytes()) for path in paths]
    return demo_documents(source=market.source, category=market.category, symbols=market.symbols)


def demo_documents(*, source: str, category: str, symbols: Sequence[str]) -> list[Document]:
    """Return three documents; the first one wants to be in the market at every close."""
    market = {"source": source, "category": category}
    return [
        {**document, "market": market, "universe": {"symbols": list(symbols[:width])}}
        for document, width in ((_trend_rider(), 3), (_dip_buyer(), 2), (_band_scalper(), 2))
    ]


def _trend_rider() -> Document:
    fast, slow = _indicator("ema", period=9), _indicator("ema", period=21)
    rules = {
        "long": _compare(fast, ">", slow),
        "short": _compare(fast, "<", slow),
        "exit_long": _compare(fast, "crosses_below", slow),
        "exit_short": _compare(fast, "crosses_above", slow),
    }
    return _document(
        "Trend rider",
        rules=rules,
        plan={
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": "500"},
            "averaging": None,
            "take_profit": {"pct": "0.4", "base": "average"},
            "stop": {"pct": "1.5", "base": "entry"},
            "exits": {"time_stop_minutes": 120, "on_rule": True},
        },
    )


def _dip_buyer() -> Document:
    averaging = {
        "legs": 3,
        "deviation_pct": "0.3",
        "step_scale": "1.3",
        "quote": "150",
        "volume_scale": "1.5",
        "resting": 2,
    }
    return _document(
        "Dip buyer",
        rules={"long": _compare(_indicator("rsi", period=14), "<", 45)},
        plan={
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": "200"},
            "averaging": averaging,
            "take_profit": {"pct": "0.35", "base": "average"},
            "stop": {"pct": "4", "base": "entry"},
            "exits": {"time_stop_minutes": 240, "on_rule": False},
        },
    )


def _band_scalper() -> Document:
    close = {"price": "close"}
    lower = _indicator("bollinger", output="lower", period=20, deviations=1.5)
    upper = _indicator("bollinger", output="upper", period=20, deviations=1.5)
    return _document(
        "Band scalper",
        rules={"long": _compare(close, "<", lower), "short": _compare(close, ">", upper)},
        plan={
            "entry": {"type": "limit", "offset_pct": "0.02", "timeout_candles": 3},
            "size": {"mode": "equity_pct", "pct": "5"},
            "averaging": None,
            "take_profit": {"pct": "0.25", "base": "entry"},
            "stop": {"pct": "0.8", "base": "entry"},
            "exits": {"time_stop_minutes": 45, "on_rule": False},
        },
    )


def _document(name: str, *, rules: dict[str, Any], plan: dict[str, Any]) -> Document:
    return {
        "schema": 1,
        "name": name,
        "timeframe": "1m",
        "rules": {"inline": {"schema": 1, **rules}},
        "plan": plan,
        "risk": {
            "leverage": "3",
            "max_open_positions": 3,
            "max_position_quote": "5000",
            "cooldown_candles": 1,
        },
    }


def _indicator(name: str, *, output: str = "value", **params: float) -> dict[str, Any]:
    return {"indicator": name, "params": params, "output": output}


def _compare(left: Any, op: str, right: Any) -> dict[str, Any]:
    return {"left": left, "op": op, "right": right}

"""The shape of a bot document, declared once: the parser reads by it, the JSON Schema is made from it."""

from __future__ import annotations

from typing import Any

from trading_core.engine.limits_schema import GUARDS, LIMITS
from trading_core.engine.plan_schema import PLAN
from trading_core.engine.shape import (
    Choice,
    Default,
    Distinct,
    EitherKey,
    Fields,
    Flag,
    Given,
    Number,
    Text,
    Whole,
)  # fmt: skip
from trading_core.market.timeframe import Timeframe

SCHEMA_VERSION = 1


def _percent(low: str, high: str) -> Number:
    return Number(low, high, decimals=4, scale=4)


def _factor(low: str, high: str, decimals: int = 4) -> Number:
    return Number(low, high, decimals=decimals, scale=6)


_MONEY = Number("0.00000001", "1000000000", decimals=8, scale=8)

_ONE_WAY = "hedge mode is not supported: bots hold one net position per symbol (one-way mode)"

DOCUMENT = Fields(
    {
        "schema": Whole(SCHEMA_VERSION, SCHEMA_VERSION),
        "name": Text(r"\S(.{0,78}\S)?", "a name of 1 to 80 characters"),
        "market": Fields(
            {
                "source": Text(r"[a-z][a-z0-9_]{0,19}", "the name of a market such as bybit or synthetic"),
                "category": Choice(
                    ("linear",),
                    {
                        "spot": "spot bots are not supported: bots trade USDT-margined linear perpetuals",
                        "inverse": "inverse contracts are not supported: bots trade linear perpetuals",
                    },
                ),
            }
        ),
        "universe": Fields({"symbols": Distinct(Text(r"[A-Z0-9]{2,30}", "a symbol such as BTCUSDT"), 1, 20)}),
        "timeframe": Choice(tuple(t.value for t in Timeframe)),
        "detail_timeframe": Default(Choice(("1m",)), "1m"),
        "rules": EitherKey(
            {
                "inline": Given("a rule-set document"),
                "version": Text(r"[a-z2-7]{10}", "the code of a published rule-set version"),
            },
            {"son": Default(Flag(), value=False)},
        ),
        "plan": PLAN,
        "risk": Fields(
            {
                "leverage": _factor("1", "25", decimals=2),
                "max_open_positions": Whole(1, 20),
                "max_position_quote": _MONEY,
                "cooldown_candles": Whole(0, 10_000),
                "limits": Default(LIMITS, {}),
                "guards": Default(GUARDS, {}),
            },
            {"hedge": _ONE_WAY, "position_mode": _ONE_WAY},
        ),
        "fees": Default(
            Fields({"maker_pct": _percent("0", "1"), "taker_pct": _percent("0", "1")}),
            {"maker_pct": "0.02", "taker_pct": "0.055"},
        ),
        "wallet": Default(Fields({"balance": _MONEY}), {"balance": "10000"}),
    },
    {"hedge": _ONE_WAY, "position_mode": _ONE_WAY},
)


def json_schema() -> dict[str, Any]:
    """The bot document's JSON Schema, as published in ``docs/bot.schema.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AI-Lona bot document",
        "description": "Numbers are decimal strings. Ranges of decimals and relations between fields "
        "(legs inside the stop, stop inside liquidation) are checked by the parser.",
        **DOCUMENT.schema(),
    }

"""The shape of a bot document's plan."""

from __future__ import annotations

from trading_core.engine.shape import (
    Choice,
    Default,
    Fields,
    Flag,
    Listed,
    Nullable,
    Number,
    Shape,
    Variants,
    Whole,
)  # fmt: skip
from trading_core.plan.params import Base, Unfilled, Unit

LEGS_MAX = 30
STEPS_MAX = 5
"""Nearer targets beside the last one."""


def _percent(low: str, high: str) -> Number:
    return Number(low, high, decimals=4, scale=4)


def _factor(low: str, high: str) -> Number:
    return Number(low, high, decimals=4, scale=6)


_MONEY = Number("0.00000001", "1000000000", decimals=8, scale=8)
_BASE = Choice(tuple(base.value for base in Base))
_UNFILLED = Default(Choice(tuple(kind.value for kind in Unfilled)), Unfilled.KEEP.value)
_LIMIT: dict[str, Shape] = {
    "offset_pct": _percent("0", "10"),
    "timeout_candles": Whole(1, 1000),
    "unfilled": _UNFILLED,
}

_ENTRY = Variants(
    "type",
    {
        "market": {"slippage_pct": Default(Nullable(_percent("0.01", "10")), None)},
        "limit": {**_LIMIT, "slippage_pct": Default(_percent("0.01", "10"), "0.1")},
        "post_only": {
            **_LIMIT,
            "requotes": Default(Whole(0, 20), 5),
            "chase_pct": Default(_percent("0", "10"), "0.2"),
        },
    },
)

_REINVEST = Default(_percent("0", "100"), "100")
_SIZE = Variants(
    "mode",
    {
        "quote": {"quote": _MONEY},
        "equity_pct": {"pct": _percent("0.01", "1000"), "reinvest_pct": _REINVEST},
        "risk_pct": {"pct": _percent("0.01", "20"), "reinvest_pct": _REINVEST},
    },
)

_LADDER_EXTRAS = {
    "table": Default(
        Listed(Fields({"deviation": _factor("0.0001", "50"), "quote": _MONEY}), 0, LEGS_MAX), []
    ),
    "unit": Default(Choice(tuple(unit.value for unit in Unit)), Unit.PCT.value),
    "from": Default(_BASE, Base.ENTRY.value),
    "min_minutes": Default(Whole(0, 10_080), 0),
    "retrace_pct": Default(_percent("0", "10"), "0"),
    "spacing": Default(_factor("0", "10"), "0"),
    "cap_equity_pct": Default(Nullable(_percent("1", "2500")), None),
}
_AVERAGING = Fields(
    {
        "legs": Whole(0, LEGS_MAX),
        "deviation_pct": _percent("0.01", "50"),
        "step_scale": _factor("0.5", "5"),
        "quote": _MONEY,
        "volume_scale": _factor("0.5", "3"),
        "resting": Whole(1, 10),
        **_LADDER_EXTRAS,
    }
)

_TAKE_PROFIT = Fields(
    {
        "pct": _percent("0.01", "90"),
        "base": _BASE,
        "steps": Default(
            Listed(Fields({"pct": _percent("0.01", "90"), "share_pct": _percent("1", "99")}), 0, STEPS_MAX),
            [],
        ),
        "trailing_pct": Default(Nullable(_percent("0.01", "20")), None),
        "decay": Default(
            Listed(Fields({"minutes": Whole(1, 525_600), "pct": _percent("0", "90")}), 0, 10), []
        ),
    }
)

_LEAST = Default(_percent("0", "50"), "0")
_STOP = Fields(
    {
        "pct": _percent("0.1", "50"),
        "base": _BASE,
        "drawn": Default(
            Nullable(
                Variants(
                    "from",
                    {
                        "atr": {
                            "multiple": _factor("0.1", "20"),
                            "candles": Whole(2, 200),
                            "least_pct": _LEAST,
                        },
                        "structure": {"candles": Whole(2, 200), "least_pct": _LEAST},
                    },
                )
            ),
            None,
        ),
        "trailing": Default(
            Nullable(Fields({"activation_pct": _percent("0", "90"), "distance_pct": _percent("0.05", "50")})),
            None,
        ),
        "break_even": Default(
            Nullable(
                Fields(
                    {"trigger_pct": _percent("0.05", "90"), "offset_pct": Default(_percent("0", "10"), "0")}
                )
            ),
            None,
        ),
    }
)

_EXITS = Fields(
    {
        "time_stop_minutes": Default(Nullable(Whole(1, 525_600)), None),
        "on_rule": Default(Flag(), value=True),
        "min_profit_pct": Default(Nullable(_percent("0", "90")), None),
        "on_opposite": Default(Flag(), value=False),
    }
)

PLAN = Fields(
    {
        "entry": _ENTRY,
        "size": _SIZE,
        "averaging": Default(Nullable(_AVERAGING), None),
        "take_profit": Default(Nullable(_TAKE_PROFIT), None),
        "stop": _STOP,
        "exits": Default(_EXITS, {"time_stop_minutes": None, "on_rule": True}),
    }
)

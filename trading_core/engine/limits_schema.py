"""Limits and guards as JSON: one shape for the bot document, the API and the pages."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from trading_core.engine.shape import Choice, Default, Fields, Nullable, Number, Whole
from trading_core.errors import DocumentInvalid
from trading_core.money import plain
from trading_core.risk.levels import Guards, Limits, Tiers

_MULTIPLE = Number("0.01", "1000", decimals=4, scale=6)


def _percent(high: str = "100", low: str = "0.01") -> Number:
    return Number(low, high, decimals=4, scale=4)


def _maybe(shape: Number | Whole) -> Default:
    return Default(Nullable(shape), None)


_TIERS = Fields(
    {
        "warn_pct": _maybe(_percent()),
        "no_entries_pct": _maybe(_percent()),
        "close_only_pct": _maybe(_percent()),
        "flatten_pct": _maybe(_percent()),
    }
)

LIMITS = Fields(
    {
        "day_loss": Default(_TIERS, {}),
        "drawdown": Default(_TIERS, {}),
        "max_positions": _maybe(Whole(1, 10_000)),
        "gross": _maybe(_MULTIPLE),
        "net": _maybe(_MULTIPLE),
        "symbol": _maybe(_MULTIPLE),
        "reserve_pct": Default(_percent("99", "0"), "0"),
    }
)
"""What every rung of the ladder may limit; exposures are multiples of equity."""

GUARDS = Fields(
    {
        "losses_in_a_row": _maybe(Whole(1, 50)),
        "losses_pause_minutes": Default(Whole(1, 43_200), 60),
        "cooldown_after_win": Default(Whole(0, 10_000), 0),
        "cooldown_after_loss": Default(Whole(0, 10_000), 0),
        "cooldown_after_stop": Default(Whole(0, 10_000), 0),
        "orders_per_minute": _maybe(Whole(1, 1_000)),
        "price_band_pct": _maybe(_percent("50")),
        "stale_intervals": Default(Number("1", "100", decimals=2, scale=6), "1.5"),
        "funding_pct": _maybe(_percent("5", "0")),
        "funding_minutes": Default(Whole(1, 480), 30),
        "liquidation_pct": _maybe(_percent("90")),
        "after_stop": Default(Choice(("go_on", "close_only")), "go_on"),
    }
)
"""What only a bot may ask of its entries."""


def parse_limits(raw: object, path: str = "") -> Limits:
    """Return limits read from JSON data; raise DocumentInvalid with the path of the first fault."""
    return limits_of(LIMITS.read(raw, path), path)


def limits_of(data: dict[str, Any], path: str = "") -> Limits:
    """Return limits from what their shape read."""
    return Limits(
        day_loss=_tiers(data["day_loss"], f"{path}.day_loss".lstrip(".")),
        drawdown=_tiers(data["drawdown"], f"{path}.drawdown".lstrip(".")),
        max_positions=data["max_positions"],
        gross_ppm=data["gross"],
        net_ppm=data["net"],
        symbol_ppm=data["symbol"],
        reserve_ppm=data["reserve_pct"],
    )


def _tiers(data: dict[str, Any], path: str) -> Tiers:
    tiers = Tiers(data["warn_pct"], data["no_entries_pct"], data["close_only_pct"], data["flatten_pct"])
    steps = [ppm for _, ppm in reversed(tiers.steps())]
    if sorted(set(steps)) != steps:
        raise DocumentInvalid(path, "expected each harder step at a greater loss than the milder ones")
    return tiers


def guards_of(data: dict[str, Any]) -> Guards:
    """Return guards from what their shape read."""
    names = [field.name for field in fields(Guards)]
    return Guards(**dict(zip(names, (data[key] for key in GUARDS.fields), strict=True)))


def limits_data(limits: Limits) -> dict[str, Any]:
    """The limits as JSON-able data, every key present."""
    return {
        "day_loss": _tiers_data(limits.day_loss),
        "drawdown": _tiers_data(limits.drawdown),
        "max_positions": limits.max_positions,
        "gross": _scaled(limits.gross_ppm, -6),
        "net": _scaled(limits.net_ppm, -6),
        "symbol": _scaled(limits.symbol_ppm, -6),
        "reserve_pct": _scaled(limits.reserve_ppm, -4),
    }


def _tiers_data(tiers: Tiers) -> dict[str, Any]:
    return {f"{field.name}_pct": _scaled(getattr(tiers, field.name), -4) for field in fields(Tiers)}


def guards_data(guards: Guards) -> dict[str, Any]:
    """The guards as JSON-able data, every key present."""
    scales = {"price_band_pct": -4, "stale_intervals": -6, "funding_pct": -4, "liquidation_pct": -4}
    values = (getattr(guards, field.name) for field in fields(Guards))
    named = zip(GUARDS.fields, values, strict=True)
    return {key: _scaled(value, scales[key]) if key in scales else value for key, value in named}


def _scaled(number: int | None, exponent: int) -> str | None:
    return None if number is None else plain(Decimal(number).scaleb(exponent))

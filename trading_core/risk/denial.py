"""Why risk refuses an entry: a code with its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DenialCode(StrEnum):
    """Which limit refused; each is an outcome code of the engine too."""

    LOCKED = "locked"
    STALE_DATA = "stale_data"
    COOLDOWN = "cooldown"
    RESULT_COOLDOWN = "result_cooldown"
    LOSING_STREAK = "losing_streak"
    ORDER_RATE = "order_rate"
    MAX_POSITIONS = "max_positions"
    LEVEL_POSITIONS = "level_positions"
    MAX_EXPOSURE = "max_exposure"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    LEVERAGE_LIMIT = "leverage_limit"
    FUNDING = "funding"
    PRICE_BAND = "price_band"
    SYMBOL_EXPOSURE = "symbol_exposure"
    NET_EXPOSURE = "net_exposure"
    GROSS_EXPOSURE = "gross_exposure"
    LIQUIDATION = "liquidation"
    RESERVE = "reserve"
    NO_MARGIN = "no_margin"


@dataclass(frozen=True, slots=True)
class Denial:
    """One refusal."""

    code: DenialCode
    numbers: dict[str, str | int] = field(default_factory=dict)
    """What was there and what was asked for: integers, or decimals as text."""

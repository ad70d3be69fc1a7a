"""How fills are priced: the assumptions of the matching model, in one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from trading_core.money import PPM, mul_div_ceil


@dataclass(frozen=True, slots=True)
class MatchingParams:
    """Assumptions of the matching model; candles carry neither spread nor depth."""

    spread_ticks: int = 1
    """Distance from the last price to the side that is taken."""
    slippage_ppm: int = 100
    """Of the price, for market orders and triggered stops; the larger of it and the spread counts."""
    maker_ppm: int = 200
    """Fee of a resting order; Bybit's non-VIP 0.02 %."""
    taker_ppm: int = 550
    """Fee of an order that takes; Bybit's non-VIP 0.055 %."""
    volume_share_ppm: int | None = 100_000
    """Of a candle's volume, the most that one account gets of a symbol: a tenth (docs/decisions/0016).

    None: as much as it wants.
    """
    price_limits: bool = True
    """Whether limit orders priced far beyond the market are refused."""
    protection_orders: bool = True
    """Whether stop, target and trailing stop are shown as orders, by whoever shows orders."""

    def slip_ticks(self, ticks: int) -> int:
        """Ticks lost by taking at that price, rounded away from us."""
        return max(self.spread_ticks, mul_div_ceil(ticks, self.slippage_ppm, PPM))

    def fee_ppm(self, *, is_maker: bool) -> int:
        """The fee rate of a maker or a taker."""
        return self.maker_ppm if is_maker else self.taker_ppm

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """The assumptions of an account in a log.

        One that was opened before a rule existed goes on without it: its log was written so.
        """
        before = {"volume_share_ppm": None, "price_limits": False, "protection_orders": False}
        return cls(**{**before, **record})

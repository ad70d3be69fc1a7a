"""How fills are priced: the assumptions of the matching model, in one record."""

from __future__ import annotations

from dataclasses import dataclass

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

    def slip_ticks(self, ticks: int) -> int:
        """Ticks lost by taking at that price, rounded away from us."""
        return max(self.spread_ticks, mul_div_ceil(ticks, self.slippage_ppm, PPM))

    def fee_ppm(self, *, is_maker: bool) -> int:
        """The fee rate of a maker or a taker."""
        return self.maker_ppm if is_maker else self.taker_ppm

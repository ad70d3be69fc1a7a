"""Instruments: the only border between prices as people write them and integer ticks and lots."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cache

from trading_core.market.tiers import Tiers, single_tier
from trading_core.money import MONEY_SCALE, mul_div_ceil, mul_div_floor

TRADING = "Trading"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A contract definition, versioned because venues change steps and limits.

    Prices are integer ticks (multiples of ``tick_size``), quantities integer lots (multiples of
    ``qty_step``), money integer units of 10⁻⁸ settle coin.
    """

    category: str
    symbol: str
    base_coin: str
    settle_coin: str
    tick_size: Decimal
    qty_step: Decimal
    min_lots: int
    max_lots: int
    """Largest limit order."""
    max_market_lots: int
    min_notional: int
    """Money units; reduce-only closes are exempt."""
    max_leverage: Decimal
    maintenance_ppm: int
    """Maintenance margin rate of the lowest risk tier, parts per million."""
    funding_interval_min: int
    price_limit_x_ppm: int = 50_000
    """How far beyond the mark price a limit order may be priced (priceLimitRatioX), parts per million."""
    price_limit_y_ppm: int = 100_000
    """How far where the index price lies beyond that (priceLimitRatioY)."""
    status: str = TRADING
    """``PreLaunch``, ``Trading``, ``Delivering`` or ``Closed``, as Bybit names them."""
    version: int = 1
    tiers: Tiers = ()
    """Risk tiers, lowest first; without any, one tier of the rate and leverage above holds for all values."""

    def __post_init__(self) -> None:
        if not self.tiers:
            tiers = single_tier(self.maintenance_ppm, self.max_leverage)
            object.__setattr__(self, "tiers", tiers)

    @property
    def is_trading(self) -> bool:
        """Whether positions may be opened in it; in any other status they can only be closed."""
        return self.status == TRADING

    @property
    def value_scale(self) -> tuple[int, int]:
        """Money of one tick times one lot as a fraction (numerator, denominator)."""
        return _value_scale(self.tick_size, self.qty_step)

    def notional_floor(self, tick_lots: int) -> int:
        """Money of Σ ticks·lots, rounded down."""
        num, den = self.value_scale
        return mul_div_floor(tick_lots, num, den)

    def notional_ceil(self, tick_lots: int) -> int:
        """Money of Σ ticks·lots, rounded up."""
        num, den = self.value_scale
        return mul_div_ceil(tick_lots, num, den)

    def tick_lots_floor(self, money: int) -> int:
        """The most ticks·lots that are worth at most ``money``."""
        num, den = self.value_scale
        return mul_div_floor(money, den, num)

    def lots_for(self, money: int, ticks: int) -> int:
        """The most lots whose notional at that price is at most ``money``."""
        num, den = self.value_scale
        return mul_div_floor(money, den, num * ticks)

    def nearest_ticks(self, price: float) -> int:
        """The tick nearest to a market-data price."""
        return round(price / float(self.tick_size))

    def ticks_floor(self, price: Decimal) -> int:
        """Ticks at or below the price."""
        return int((price / self.tick_size).to_integral_value(ROUND_FLOOR))

    def ticks_ceil(self, price: Decimal) -> int:
        """Ticks at or above the price."""
        return int((price / self.tick_size).to_integral_value(ROUND_CEILING))

    def exact_ticks(self, price: Decimal) -> int:
        """Ticks of a price that lies on the grid; raise ValueError if it does not."""
        return _exact(price, self.tick_size, "tick size")

    def exact_lots(self, qty: Decimal) -> int:
        """Lots of a quantity that lies on the grid; raise ValueError if it does not."""
        return _exact(qty, self.qty_step, "quantity step")

    def price(self, ticks: int) -> Decimal:
        """The price of that many ticks."""
        return ticks * self.tick_size

    def qty(self, lots: int) -> Decimal:
        """The quantity of that many lots."""
        return lots * self.qty_step


@cache
def _value_scale(tick_size: Decimal, qty_step: Decimal) -> tuple[int, int]:
    return (tick_size * qty_step * MONEY_SCALE).as_integer_ratio()


def _exact(value: Decimal, step: Decimal, name: str) -> int:
    steps = value / step
    whole = int(steps)
    if whole != steps:
        raise ValueError(f"expected a multiple of the {name} {step}, was {value}")
    return whole

"""How far beyond the market a limit order may be priced."""

from __future__ import annotations

from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil, mul_div_floor
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.refusals import Refusal, SimRefused


def price_limits(instrument: Instrument, *, mark: int, index: int) -> tuple[int, int]:
    """Return (highest buy, lowest sell) in ticks, the first rounded down, the second up.

    Bybit, futures: min(max(index, mark · (1 + x)), mark · (1 + y)), mirrored for sells. The premium
    that it adds within these bounds is zero here: the book lies around the mark price.
    """
    x, y = instrument.price_limit_x_ppm, instrument.price_limit_y_ppm
    highest = min(max(index, mul_div_floor(mark, PPM + x, PPM)), mul_div_floor(mark, PPM + y, PPM))
    lowest = max(min(index, mul_div_ceil(mark, PPM - x, PPM)), mul_div_ceil(mark, PPM - y, PPM))
    return highest, max(1, lowest)


def check_price(
    ledger: Ledger, instrument: Instrument, side: Side, ticks: int, *, mark: int, index: int
) -> None:
    """Refuse a buy above the highest bid or a sell below the lowest ask, reduce-only or not.

    Raises SimRefused(110003).
    """
    if side.sign * (ticks - mark) <= 0 or not ledger.params.price_limits:
        return  # no limit is nearer than the mark price
    highest, lowest = price_limits(instrument, mark=mark, index=index)
    if side is Side.BUY and ticks > highest:
        raise SimRefused(Refusal.PRICE, _told(instrument, f"{side}", ticks, "higher", "buyLmt", highest))
    if side is Side.SELL and ticks < lowest:
        raise SimRefused(Refusal.PRICE, _told(instrument, f"{side}", ticks, "lower", "sellLmt", lowest))


def _told(instrument: Instrument, side: str, ticks: int, word: str, name: str, limit: int) -> str:
    price, most = instrument.price(ticks), instrument.price(limit)
    return f"Order price is out of permissible range: {side} price[{price:f}] is {word} than {name}[{most:f}]"

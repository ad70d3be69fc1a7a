"""What the synthetic market lists: well-known contracts at prices once seen, and any number of invented ones.

An invented contract is drawn from its name alone, so it is the same in every market of every seed. Steps,
bounds and leverage vary as they do among Bybit's small contracts; only the price moves by the market's seed.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import cache
from typing import TypeVar

from trading_core.errors import InvalidInput
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import plausible_tiers
from trading_core.money import PPM, money
from trading_core.venue.instruments import base_coin, known_instrument
from trading_core.venue.market.source import seed_of

T = TypeVar("T")

LISTED_MAX = 1_000
"""Names there are: the well-known ones first, then the invented ones, always in the same order."""

_PRICES = {
    "BTCUSDT": 104_000.0, "ETHUSDT": 3_450.0, "SOLUSDT": 162.0, "XRPUSDT": 2.35,
    "DOGEUSDT": 0.182, "LTCUSDT": 94.0, "ADAUSDT": 0.72, "TRXUSDT": 0.28,
}  # fmt: skip
_HEADS = ("B", "D", "F", "G", "K", "L", "M", "N", "P", "R", "S", "T", "V", "X", "Z")
_VOWELS = "AEIOU"
_SYLLABLES = (2, 3)
_LOWEST, _HIGHEST = 2e-5, 400.0
"""Between these an invented coin costs, most of them less than one."""
_LEVERAGES = (("12.5", 0.25), ("20", 0.15), ("25", 0.30), ("50", 0.20), ("75", 0.10))
_INTERVALS = ((240, 0.6), (480, 0.3), (60, 0.1))
"""Minutes between funding times: small contracts mostly settle every four hours."""
_ORDER_QUOTE, _MARKET_SHARE = 2_000_000.0, 5
"""Quote units of the largest limit order, and how many times smaller the largest market order is."""


def is_major(symbol: str) -> bool:
    """Whether a contract is one of the well-known, busy ones."""
    return symbol in _PRICES


@cache
def listing() -> tuple[str, ...]:
    """Every symbol that can be listed."""
    rng = seed_of("listing")
    names = dict.fromkeys(_PRICES)
    while len(names) < LISTED_MAX:
        syllables = range(int(rng.integers(_SYLLABLES[0], _SYLLABLES[1] + 1)))
        coin = "".join(str(rng.choice(_HEADS)) + _VOWELS[int(rng.integers(5))] for _ in syllables)
        names.setdefault(f"{coin}USDT")
    return tuple(names)


def base_price(symbol: str) -> float:
    """The price around which a contract moves; raise InvalidInput for a symbol that can't be listed."""
    if symbol in _PRICES:
        return _PRICES[symbol]
    if symbol not in _invented():
        raise InvalidInput(
            "symbols", f"expected some of {', '.join(_PRICES)} or of the listing, was {symbol!r}"
        )
    drawn = seed_of("listing", symbol, "price").beta(2, 2.6)
    return float(math.exp(math.log(_LOWEST) + drawn * math.log(_HIGHEST / _LOWEST)))


_LOWEST_LIMIT = money("200000")
"""Position value of the lowest risk tier."""


@cache
def _invented() -> frozenset[str]:
    return frozenset(listing())


def listed_instrument(symbol: str) -> Instrument:
    """The contract of a symbol; raise InvalidInput for one that can't be listed."""
    price = base_price(symbol)
    known = known_instrument(symbol)
    if known is not None:
        return known
    rng = seed_of("listing", symbol, "contract")
    digits = math.floor(math.log10(price))
    tick = Decimal(int(rng.choice((1, 1, 1, 5)))).scaleb(digits - int(rng.choice((4, 4, 5))))
    step = Decimal(f"{Decimal(1).scaleb(min(3, round(float(rng.uniform(-1, 0)) - math.log10(price)))):f}")
    lots = 10 ** math.floor(math.log10(_ORDER_QUOTE / price / float(step)))
    most = int(rng.integers(10, 100)) * lots // 10
    leverage = Decimal(_drawn(rng.random(), _LEVERAGES))
    maintenance_ppm = _maintenance_ppm(leverage)
    return Instrument(
        category="linear",
        symbol=symbol,
        base_coin=base_coin(symbol),
        settle_coin="USDT",
        tick_size=tick,
        qty_step=step,
        min_lots=1,
        max_lots=most,
        max_market_lots=most // _MARKET_SHARE,
        min_notional=money("5"),
        max_leverage=leverage,
        maintenance_ppm=maintenance_ppm,
        funding_interval_min=_drawn(rng.random(), _INTERVALS),
        tiers=plausible_tiers(_LOWEST_LIMIT, maintenance_ppm, leverage),
    )


def _maintenance_ppm(leverage: Decimal) -> int:
    """Half the initial margin, in hundreds: what the lowest tiers of Bybit's contracts come to."""
    return math.ceil(PPM / (2 * leverage) / 100) * 100


def _drawn(chance: float, shares: tuple[tuple[T, float], ...]) -> T:
    """The value whose share of the whole the chance falls on."""
    for value, share in shares:
        chance -= share
        if chance < 0:
            return value
    return shares[-1][0]

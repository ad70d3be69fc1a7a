"""What is asked of an upstream venue by REST: instruments, candles, funding rates, tickers. Blocking."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.environments import BYBIT
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.bybit.paging import rows_of
from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe
from trading_core.venue.clock import true_ms
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.market.upstream import UpstreamMarket

DAY_MS = 1_440 * MINUTE_MS
_RATES_MAX = 200


class UpstreamRest:
    """The public REST side of a venue; every call may raise ``ExchangeError``. One call at a time."""

    def __init__(self, endpoint: str, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self._market = BybitMarket(endpoint=endpoint, wall_ms=true_ms)
        self._session = BybitSession(endpoint=endpoint, wall_ms=true_ms)

    def instruments(self) -> dict[str, Instrument]:
        """The chosen contracts; InvalidInput for a symbol that isn't listed."""
        listed = {one.symbol: one for one in self._market.instruments("linear")}
        unknown = [symbol for symbol in self._symbols if symbol not in listed]
        if unknown:
            raise InvalidInput("symbols", f"the upstream doesn't list {', '.join(unknown)}")
        return {symbol: listed[symbol] for symbol in self._symbols}

    def newest_ms(self) -> int:
        """Open time of the newest candle of any symbol: all before it are final, it need not be."""
        newest = 0
        for symbol in self._symbols:
            rows = rows_of(self._session.get_kline, category="linear", symbol=symbol, interval="1", limit=1)
            newest = max([newest, *(int(row[0]) for row in rows)])
        if not newest:
            raise InvalidInput("symbols", "the upstream has no candle of any of them")
        return newest

    def candles(self, symbol: str, start_ms: int, end_ms: int) -> Candles:
        """One-minute candles that open in [start_ms, end_ms); those not there are absent."""
        return self._market.candles(
            category="linear", symbol=symbol, timeframe=Timeframe.M1, start_ms=start_ms, end_ms=end_ms
        )

    def rates(self, symbol: str) -> dict[int, int]:
        """The last 200 settled funding rates, 10⁻⁸, by time."""
        rows = rows_of(
            self._session.get_funding_rate_history, category="linear", symbol=symbol, limit=_RATES_MAX
        )
        return {int(r["fundingRateTimestamp"]): round(float(r["fundingRate"]) * 10**8) for r in rows}

    def tickers(self) -> dict[str, dict[str, Any]]:
        """The chosen contracts' tickers by symbol."""
        rows = rows_of(self._session.get_tickers, category="linear")
        return {row["symbol"]: row for row in rows if row["symbol"] in self._symbols}


def upstream_market(
    rest: UpstreamRest, address: str, *, start_ms: int | None, history_days: int, seed: int
) -> UpstreamMarket:
    """Read an upstream's market; it begins at ``start_ms`` or, with None, in its current minute.

    Raise InvalidInput for symbols it doesn't have, ExchangeError if it doesn't answer.
    """
    instruments = rest.instruments()
    newest = rest.newest_ms()
    history = {s: rest.candles(s, newest - history_days * DAY_MS, newest) for s in instruments}
    host = urlsplit(address).netloc
    is_bybit = host == urlsplit(BYBIT["mainnet"].rest).netloc
    whose = "Bybit's public market" if is_bybit else f"public market of {host}"
    market = UpstreamMarket(
        instruments, history, source="bybit" if is_bybit else "upstream",
        name=f"{whose}, fills simulated",
        start_ms=newest if start_ms is None else start_ms, seed=seed,
    )  # fmt: skip
    for symbol in instruments:
        for time_ms, rate_e8 in rest.rates(symbol).items():
            market.learn_rate(symbol, time_ms, rate_e8)
    return market

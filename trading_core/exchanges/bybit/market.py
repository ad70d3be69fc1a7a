"""The public REST side of Bybit: server time, instruments, candles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trading_core.errors import InvalidInput, OutcomeUnknown
from trading_core.exchanges.bybit import parse
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.paging import rows_of
from trading_core.market.candle import Candle, Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe

PAGE_CANDLES = 1000

INTERVALS = {
    Timeframe.M1: "1", Timeframe.M3: "3", Timeframe.M5: "5", Timeframe.M15: "15", Timeframe.M30: "30",
    Timeframe.H1: "60", Timeframe.H2: "120", Timeframe.H4: "240", Timeframe.H6: "360",
    Timeframe.H12: "720", Timeframe.D1: "D",
}  # fmt: skip


class BybitMarket:
    """Public market data at one address; see ``trading_core.exchanges.port.MarketData``."""

    def __init__(self, *, endpoint: str, wall_ms: Callable[[], int]) -> None:
        self._session = BybitSession(endpoint=endpoint, wall_ms=wall_ms)

    def __repr__(self) -> str:
        return f"BybitMarket({self._session!r})"

    def server_ms(self) -> int:
        """Ask for the venue's wall clock."""
        nanoseconds = self._session.get_server_time()["result"]["timeNano"]
        return int(nanoseconds) // 1_000_000

    def instruments(self, category: str) -> list[Instrument]:
        """Every USDT-margined linear perpetual; other categories raise ``InvalidInput``."""
        _require_linear(category)
        rows = rows_of(self._session.get_instruments_info, category=category, limit=1000)
        wanted = [row for row in rows if _is_usdt_perpetual(row)]
        tiers = self._tiers(category)
        return [
            parse.instrument_of(row, tiers=parse.risk_tiers(tiers.get(row["symbol"], ()))) for row in wanted
        ]

    def candles(
        self, *, category: str, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> Candles:
        """Candles that open at ``start_ms`` or later and close by ``end_ms``, oldest first.

        The venue's list may end with an unclosed candle and does not say so: ``end_ms`` must be a
        time that the market clock has reached.
        """
        _require_linear(category)
        found: dict[int, Candle] = {}
        span = PAGE_CANDLES * timeframe.ms
        for start in range(start_ms, end_ms, span):
            for candle in self._page(symbol, timeframe, start, min(start + span, end_ms)):
                if start_ms <= candle.open_time and candle.open_time + timeframe.ms <= end_ms:
                    found[candle.open_time] = candle
        return Candles.of([found[time] for time in sorted(found)])

    def close(self) -> None:
        """Drop the connections."""
        self._session.close()

    def _page(self, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int) -> list[Candle]:
        answer: dict[str, Any] = self._session.get_kline(
            category="linear", symbol=symbol, interval=INTERVALS[timeframe],
            start=start_ms, end=end_ms - 1, limit=PAGE_CANDLES,
        )  # fmt: skip
        rows = answer.get("result", {}).get("list")
        if not isinstance(rows, list):
            raise OutcomeUnknown("the answer has no candles")
        return [parse.candle_of(row) for row in rows]

    def _tiers(self, category: str) -> dict[str, list[parse.Payload]]:
        """Ask for the risk tiers of every symbol."""
        found: dict[str, list[parse.Payload]] = {}
        for row in rows_of(self._session.get_risk_limit, category=category):
            found.setdefault(row["symbol"], []).append(row)
        return found


def _require_linear(category: str) -> None:
    if category != "linear":
        raise InvalidInput("category", f"expected linear (USDT perpetuals), was {category!r}")


def _is_usdt_perpetual(row: parse.Payload) -> bool:
    return row.get("contractType") == "LinearPerpetual" and row.get("settleCoin") == "USDT"

"""The private REST side of one Bybit account: the ``Exchange`` port over two pybit sessions.

Orders have a session of their own, so that an exit never waits for a page of history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trading_core.errors import InvalidInput, OutcomeUnknown
from trading_core.exchanges.bybit import parse
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.paging import rows_of
from trading_core.exchanges.port import (
    Credentials,
    ExecutionNews,
    FlowNews,
    OrderNews,
    OrderRequest,
    PositionNews,
    SignedWindow,
    WalletNews,
)  # fmt: skip
from trading_core.market.instrument import Instrument
from trading_core.money import plain

CATEGORY = "linear"
SETTLE_COIN = "USDT"
PAGE_ROWS = 100
OFFSET_MAX_MS = 60_000
WINDOW_MS = 7 * 24 * 3_600_000
"""The longest span of one executions query."""


@dataclass(frozen=True, slots=True)
class FeeRates:
    """What an account pays for a contract, as fractions; a negative maker rate is a rebate."""

    taker: Decimal
    maker: Decimal


class BybitExchange:
    """One exchange account at one address; see ``trading_core.exchanges.port.Exchange``.

    ``instruments`` is read at each call, so a caller may replace definitions as they change.
    ``pacer`` spaces the requests of both sessions; by default it is one of the account's own.
    ``stop_trigger`` is the price that triggers the protective stop (``LastPrice`` or ``MarkPrice``).
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: Credentials,
        instruments: parse.Instruments,
        wall_ms: Callable[[], int],
        stop_trigger: str = "LastPrice",
        pacer: Pacer | None = None,
    ) -> None:
        self._instruments = instruments
        self._stop_trigger = stop_trigger
        self._wall_ms = wall_ms
        pacer = pacer or Pacer()
        self._orders, self._reads = (
            BybitSession(endpoint=endpoint, credentials=credentials, wall_ms=wall_ms, pacer=pacer)
            for _ in range(2)
        )

    def __repr__(self) -> str:
        return f"BybitExchange({self._orders!r})"

    def place(self, request: OrderRequest, *, window: SignedWindow) -> str:
        """Place an order; return the venue's order id."""
        with self._orders.signed(window, urgent=request.reduce_only):
            answer = self._orders.place_order(**self._order_fields(request))
        return str(_result(answer).get("orderId", ""))

    def amend(self, *, symbol: str, link: str, lots: int, ticks: int | None, window: SignedWindow) -> None:
        """Change quantity or price of an open order."""
        instrument = self._instrument(symbol)
        fields = {"qty": plain(instrument.qty(lots))}
        if ticks is not None:
            fields["price"] = plain(instrument.price(ticks))
        with self._orders.signed(window):
            self._orders.amend_order(category=CATEGORY, symbol=symbol, orderLinkId=link, **fields)

    def cancel(self, *, symbol: str, link: str, window: SignedWindow) -> None:
        """Cancel an open order."""
        with self._orders.signed(window, urgent=True):
            self._orders.cancel_order(category=CATEGORY, symbol=symbol, orderLinkId=link)

    def set_stop(self, *, symbol: str, stop_ticks: int | None, window: SignedWindow) -> None:
        """Set or clear the position's protective stop; unchanged is success."""
        stop = "0" if stop_ticks is None else plain(self._instrument(symbol).price(stop_ticks))
        with self._orders.signed(window, urgent=True):
            self._orders.set_trading_stop(
                category=CATEGORY, symbol=symbol, positionIdx=0, tpslMode="Full",
                stopLoss=stop, slTriggerBy=self._stop_trigger, slOrderType="Market",
            )  # fmt: skip

    def set_leverage(self, *, symbol: str, leverage: Decimal, window: SignedWindow) -> None:
        """Set leverage; unchanged is success."""
        times = plain(leverage)
        with self._orders.signed(window):
            self._orders.set_leverage(category=CATEGORY, symbol=symbol, buyLeverage=times, sellLeverage=times)

    def order(self, *, symbol: str, link: str) -> OrderNews | None:
        """Look an order up by link in open orders, then history."""
        for ask in (self._reads.get_open_orders, self._reads.get_order_history):
            with self._reading():
                rows = list(rows_of(ask, category=CATEGORY, symbol=symbol, orderLinkId=link))
            for row in rows:
                if row.get("orderLinkId") == link:
                    return parse.order_news(row, self._instruments)
        return None

    def open_orders(self) -> list[OrderNews]:
        """All open orders of the account, stop orders of the venue included."""
        with self._reading():
            ask = self._reads.get_open_orders
            rows = list(rows_of(ask, category=CATEGORY, settleCoin=SETTLE_COIN, openOnly=0, limit=50))
        return [parse.order_news(row, self._instruments) for row in rows]

    def executions(self, *, since_ms: int, until_ms: int | None = None) -> list[ExecutionNews]:
        """All executions since then, oldest first."""
        if until_ms is None or until_ms - since_ms < WINDOW_MS:
            rows = self._newest_executions(since_ms)
        else:
            rows = self._windowed_executions(since_ms, until_ms)
        found = {row["execId"]: parse.execution_news(row, self._instruments) for row in rows}
        return sorted(found.values(), key=lambda e: (e.time_ms, e.sequence, e.exec_id))

    def executions_of(self, *, symbol: str, link: str) -> list[ExecutionNews]:
        """All executions of one order."""
        with self._reading():
            ask = self._reads.get_executions
            rows = list(rows_of(ask, category=CATEGORY, symbol=symbol, orderLinkId=link, limit=PAGE_ROWS))
        return [
            parse.execution_news(row, self._instruments) for row in rows if row.get("orderLinkId") == link
        ]

    def positions(self) -> list[PositionNews]:
        """All positions that are not flat."""
        with self._reading():
            ask = self._reads.get_positions
            rows = list(rows_of(ask, category=CATEGORY, settleCoin=SETTLE_COIN, limit=200))
        found = [parse.position_news(row, self._instruments) for row in rows]
        return [position for position in found if position.lots]

    def wallet(self) -> WalletNews:
        """Read the settle coin's wallet."""
        with self._reading():
            answer = self._reads.get_wallet_balance(accountType="UNIFIED", coin=SETTLE_COIN)
        for row in _result(answer).get("list", []):
            news = parse.wallet_news(row, coin=SETTLE_COIN, updated_ms=int(answer.get("time", 0)))
            if news is not None:
                return news
        raise OutcomeUnknown(f"the answer has no {SETTLE_COIN} wallet")

    def flows(self, *, since_ms: int, until_ms: int) -> list[FlowNews]:
        """What was paid in and out in a span of at most 7 days, oldest first."""
        with self._reading():
            ask = self._reads.get_transaction_log
            rows = rows_of(
                ask,
                accountType="UNIFIED",
                currency=SETTLE_COIN,
                startTime=since_ms,
                endTime=until_ms,
                limit=50,
            )
            found = [news for row in rows if (news := parse.flow_news(row)) is not None]
        return sorted(found, key=lambda flow: (flow.time_ms, flow.flow_id))

    def margin_mode(self) -> str:
        """Read the margin mode (``ISOLATED_MARGIN``, ``REGULAR_MARGIN`` ...); it is never switched here."""
        with self._reading():
            return str(_result(self._reads.get_account_info()).get("marginMode", ""))

    def fee_rates(self) -> dict[str, FeeRates]:
        """Read the account's rates of every contract."""
        with self._reading():
            rows = _result(self._reads.get_fee_rates(category=CATEGORY)).get("list")
        if not isinstance(rows, list):
            raise OutcomeUnknown("the answer has no fee rates")
        return {
            parse.text(row, "symbol"): FeeRates(
                parse.decimal(row, "takerFeeRate"), parse.decimal(row, "makerFeeRate")
            )
            for row in rows
        }

    def hedged(self) -> bool:
        """Whether any USDT perpetual is in hedge mode; the mode is never switched here."""
        symbol = min(self._instruments, default="")
        with self._reading():
            ask = self._reads.get_positions
            rows = list(rows_of(ask, category=CATEGORY, settleCoin=SETTLE_COIN, limit=200))
            # A flat symbol is told by its name alone: two rows in hedge mode, one in one-way mode.
            rows += rows_of(ask, category=CATEGORY, symbol=symbol) if symbol else []
        return any(parse.whole(row, "positionIdx", "0") for row in rows)

    def key_information(self) -> dict[str, Any]:
        """Read what the key may do, as ``judged`` takes it."""
        with self._reading():
            return _result(self._reads.get_api_key_information())

    def measure_clock(self) -> int:
        """Measure the venue's clock against ours, sign by it from now on, and return the difference in ms.

        A difference of more than a minute is a fault that signing can't mend: ``OutcomeUnknown``.
        """
        with self._reading():
            before = self._wall_ms()
            told = int(self._reads.get_server_time()["result"]["timeNano"]) // 1_000_000
            offset = told - (before + self._wall_ms()) // 2
        if abs(offset) > OFFSET_MAX_MS:
            raise OutcomeUnknown(f"the clock is {offset} ms off the venue's")
        self._orders.offset_ms = self._reads.offset_ms = offset
        return offset

    def close(self) -> None:
        """Drop the connections."""
        self._orders.close()
        self._reads.close()

    def _order_fields(self, request: OrderRequest) -> dict[str, Any]:
        instrument = self._instrument(request.symbol)
        fields: dict[str, Any] = {
            "category": CATEGORY,
            "symbol": request.symbol,
            "side": request.side.value,
            "orderType": "Market" if request.ticks is None else "Limit",
            "qty": plain(instrument.qty(request.lots)),
            "timeInForce": "IOC" if request.ticks is None else request.force.value,
            "positionIdx": 0,
            "orderLinkId": request.link,
            "reduceOnly": request.reduce_only,
        }
        if request.ticks is not None:
            fields["price"] = plain(instrument.price(request.ticks))
        if request.stop_ticks is not None:
            fields |= {
                "stopLoss": plain(instrument.price(request.stop_ticks)),
                "tpslMode": "Full",
                "slTriggerBy": self._stop_trigger,
                "slOrderType": "Market",
            }
        return fields

    def _newest_executions(self, since_ms: int) -> Iterator[dict[str, Any]]:
        """Page back from now; rows of equal time may be mis-sorted, so a whole page must be older."""
        with self._reading():
            ask, older = self._reads.get_executions, 0
            for row in rows_of(ask, category=CATEGORY, settleCoin=SETTLE_COIN, limit=PAGE_ROWS):
                if int(row["execTime"]) >= since_ms:
                    older = 0
                    yield row
                    continue
                older += 1
                if older >= PAGE_ROWS:
                    return

    def _windowed_executions(self, since_ms: int, until_ms: int) -> Iterator[dict[str, Any]]:
        for start in range(since_ms, until_ms, WINDOW_MS):
            with self._reading():
                yield from rows_of(
                    self._reads.get_executions,
                    category=CATEGORY, settleCoin=SETTLE_COIN, limit=PAGE_ROWS,
                    startTime=start, endTime=min(start + WINDOW_MS - 1, until_ms),
                )  # fmt: skip

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Sign each page with the moment it is asked for; one reader at a time."""
        with self._reads.turn():
            yield

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise InvalidInput("symbol", f"expected a known instrument, was {symbol!r}")
        return instrument


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    result = answer.get("result")
    if not isinstance(result, dict):
        raise OutcomeUnknown("the answer has no result")
    return result

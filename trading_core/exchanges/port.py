"""What the platform asks of an exchange: one REST port and two streams.

REST methods block, are called from threads, and end in one of four ways: they return, or raise
``NotSent``, ``Rejected`` or ``OutcomeUnknown`` (see ``trading_core.errors``). Streams are asyncio.
Prices and quantities are in the instrument's integers on our side of the port.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, Protocol

from trading_core.execution.order import OrderState, Side, TimeInForce
from trading_core.market.candle import Candle, Candles
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to be placed."""

    symbol: str
    link: str
    side: Side
    lots: int
    ticks: int | None
    """None: market (immediate or cancel)."""
    reduce_only: bool
    stop_ticks: int | None
    """Protective stop attached to the position (Full mode, trigger by last price on paper)."""
    force: TimeInForce = TimeInForce.GTC
    """Of a limit order."""


@dataclass(frozen=True, slots=True)
class OrderNews:
    """An order as the venue tells it, by stream or by query."""

    link: str
    venue_order_id: str
    symbol: str
    side: Side
    state: OrderState
    lots: int
    filled: int
    ticks: int | None
    reduce_only: bool
    updated_ms: int
    """Market clock."""
    reason: str = ""
    """rejectReason or cancelType."""
    stop_order_type: str = ""
    """``StopLoss``, ``TakeProfit`` ... for the venue's own orders behind a position; else empty."""


@dataclass(frozen=True, slots=True)
class ExecutionNews:
    """A match, a liquidation fill or a funding payment as the venue tells it."""

    exec_id: str
    exec_type: str
    """``Trade``, ``Funding``, ``BustTrade``, ``AdlTrade`` ... as Bybit names them."""
    link: str
    venue_order_id: str
    symbol: str
    side: Side
    ticks: int
    lots: int
    fee: int
    """Money units, positive = paid (funding too)."""
    is_maker: bool
    stop_order_type: str
    """``StopLoss``, ``TakeProfit``, ``Stop`` or empty."""
    time_ms: int
    sequence: int


@dataclass(frozen=True, slots=True)
class PositionNews:
    """A position as the venue tells it."""

    symbol: str
    lots: int
    """Signed."""
    entry_price: Decimal
    stop_ticks: int | None
    leverage: Decimal
    liquidation_price: Decimal | None
    updated_ms: int
    sequence: int


@dataclass(frozen=True, slots=True)
class WalletNews:
    """The wallet balance of a coin in money units."""

    coin: str
    balance: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class FlowNews:
    """Money that came to an account, or left it, without a trade."""

    flow_id: str
    kind: str
    """As Bybit names it: ``TRANSFER_IN``, ``TRANSFER_OUT``, ``BONUS`` ..."""
    amount: int
    """Money units of the settle coin, negative = left."""
    time_ms: int


@dataclass(frozen=True, slots=True)
class StreamGap:
    """The private stream was (re)connected: everything before may have been missed; reconcile."""


@dataclass(frozen=True, slots=True)
class StreamMark:
    """The last private message's id, after its news was handed over."""

    message_id: str


PrivateNews = OrderNews | ExecutionNews | PositionNews | WalletNews | StreamGap | StreamMark


@dataclass(frozen=True, slots=True)
class LastPrice:
    """The last price of a symbol on the public stream."""

    symbol: str
    price: Decimal
    time_ms: int
    """Market clock."""


@dataclass(frozen=True, slots=True)
class TickerNews:
    """What the public stream tells of a contract beside its candles, as it stands now."""

    symbol: str
    funding_rate: float | None
    """Percent per funding interval; None where the venue hasn't told it."""
    mark: float | None
    spread: float | None
    """Percent of the middle of best bid and ask."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret; neither is ever printed."""

    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.api_key[:4]}…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are never pickled")


@dataclass(frozen=True, slots=True)
class SignedWindow:
    """When a request was signed and until when the venue may accept it; wall clock, ms."""

    signed_ms: int
    recv_window_ms: int


class Exchange(Protocol):
    """The private REST side of one exchange account. Thread-safe for one request at a time."""

    def place(self, request: OrderRequest, *, window: SignedWindow) -> str:
        """Place an order; return the venue's order id. Accepted is not executed."""

    def amend(self, *, symbol: str, link: str, lots: int, ticks: int | None, window: SignedWindow) -> None:
        """Change quantity or price of an open order."""

    def cancel(self, *, symbol: str, link: str, window: SignedWindow) -> None:
        """Cancel an open order; one that is already gone raises Rejected(110001)."""

    def set_stop(self, *, symbol: str, stop_ticks: int | None, window: SignedWindow) -> None:
        """Set or clear the position's protective stop; unchanged is success."""

    def set_leverage(self, *, symbol: str, leverage: Decimal, window: SignedWindow) -> None:
        """Set leverage; unchanged is success."""

    def order(self, *, symbol: str, link: str) -> OrderNews | None:
        """Look an order up by link in open orders, then history; None if the venue knows of none."""

    def open_orders(self) -> list[OrderNews]:
        """List all open orders of the account, all pages."""

    def executions(self, *, since_ms: int, until_ms: int | None = None) -> list[ExecutionNews]:
        """List all executions since then, oldest first, all pages.

        Without ``until_ms`` the newest are paged back to ``since_ms``, as far as the venue keeps
        them without a window (Bybit: 7 days).
        """

    def executions_of(self, *, symbol: str, link: str) -> list[ExecutionNews]:
        """List all executions of one order."""

    def positions(self) -> list[PositionNews]:
        """List all positions that are not flat."""

    def wallet(self) -> WalletNews:
        """Read the settle coin's wallet."""

    def flows(self, *, since_ms: int, until_ms: int) -> list[FlowNews]:
        """List what was paid in and out in a span of at most 7 days, oldest first, all pages."""

    def close(self) -> None:
        """Drop the connections."""


class MarketData(Protocol):
    """The public REST side."""

    def server_ms(self) -> int:
        """Ask for the venue's wall clock."""

    def instruments(self, category: str) -> list[Instrument]:
        """List every instrument of the category."""

    def candles(
        self, *, category: str, symbol: str, timeframe: Timeframe, start_ms: int, end_ms: int
    ) -> Candles:
        """List closed candles that open in [start_ms, end_ms), oldest first, all pages."""


class CandleStream(Protocol):
    """The public stream: closed base candles and last prices."""

    def candles(self, category: str, symbols: list[str]) -> AsyncIterator[tuple[str, Candle] | StreamGap]:
        """Yield closed 1m candles as they come; StreamGap after each (re)connect."""

    def news(
        self, category: str, symbols: list[str]
    ) -> AsyncIterator[tuple[str, Candle] | LastPrice | TickerNews | StreamGap]:
        """Yield the same with last prices in between."""


class PrivateStream(Protocol):
    """The private stream of one account."""

    def news(self) -> AsyncIterator[PrivateNews]:
        """News in the order the venue sent it; StreamGap after each (re)connect."""

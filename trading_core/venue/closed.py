"""Closed profit and loss: what each closing order brought, told from the executions alone."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.money import mul_div_floor
from trading_core.simulator.book import book_key
from trading_core.simulator.events import Executed
from trading_core.simulator.orders import StandingOrder


@dataclass(slots=True)
class ClosedTrade:
    """The closing part of one order."""

    order: StandingOrder
    """As it stood after its latest fill."""
    exec_type: str
    leverage_ppm: int
    sequence: int = 0
    """Of the latest fill."""
    updated_ms: int = 0
    lots: int = 0
    tick_lots: int = 0
    """Σ ticks·lots of the closing fills."""
    gained: int = 0
    """Money units from the prices alone."""
    open_fee: int = 0
    close_fee: int = 0
    fills: int = 0

    @property
    def pnl(self) -> int:
        """Money units after the fees of both ends; funding is not part of it."""
        return self.gained - self.open_fee - self.close_fee


class ClosedTrades:
    """All closed trades of an account."""

    def __init__(self) -> None:
        self.trades: dict[int, ClosedTrade] = {}
        """By number of the closing order."""
        self._open_fees: dict[str, int] = {}
        """Fees paid for what is held, by ``book_key``."""

    def hear(self, event: Executed, *, size: int, leverage_ppm: int) -> None:
        """Take an execution in; ``size`` is what is held after it, lots, signed."""
        if event.order is None:
            return
        closed = event.closed_lots
        before = abs(size) + closed if closed == event.lots else closed
        close_fee = mul_div_floor(event.fee, closed, event.lots)
        key = book_key(event.symbol, event.index)
        paid = self._open_fees.get(key, 0)
        returned = mul_div_floor(paid, closed, before) if closed else 0
        self._open_fees[key] = paid - returned + event.fee - close_fee
        if not closed:
            return
        trade = self.trades.setdefault(
            event.order.number, ClosedTrade(event.order, event.exec_type, leverage_ppm)
        )
        trade.order, trade.sequence, trade.updated_ms = event.order, event.sequence, event.time_ms
        trade.lots += closed
        trade.tick_lots += event.ticks * closed
        trade.gained += event.gained
        trade.open_fee += returned
        trade.close_fee += close_fee
        trade.fills += 1

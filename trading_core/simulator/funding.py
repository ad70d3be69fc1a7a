"""Funding: what one side of a perpetual contract pays the other."""

from __future__ import annotations

from dataclasses import replace

from trading_core.money import mul_div_ceil
from trading_core.simulator.book import Book
from trading_core.simulator.events import Event, Executed, WalletChanged
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import position_changed

_E8 = 10**8


def settle_funding(ledger: Ledger, book: Book, *, rate_e8: int, mark_ticks: int, time_ms: int) -> list[Event]:
    """Settle funding: longs pay a positive rate (10⁻⁸ of the value at mark), shorts receive it."""
    position = book.position
    if position.side is None:
        return []
    value = book.instrument.notional_ceil(abs(position.lots) * mark_ticks)
    paid = mul_div_ceil(value * position.side.sign, rate_e8, _E8)
    ledger.wallet -= paid
    book.total_realised -= paid
    book.position = replace(position, fees=position.fees + paid)
    book.updated_ms = time_ms
    executed = Executed(
        sequence=ledger.next_sequence(), exec_type="Funding", order=None, symbol=book.instrument.symbol,
        side=position.side.opposite, ticks=mark_ticks, lots=abs(position.lots), fee=paid,
        rate_e8=rate_e8, is_maker=False, stop_order_type="", closed_lots=0, gained=0, time_ms=time_ms,
        mark_ticks=mark_ticks, index=book.index,
    )  # fmt: skip
    changed = replace(position_changed(ledger, book), time_ms=time_ms)
    return [executed, changed, WalletChanged(ledger.wallet, time_ms)]

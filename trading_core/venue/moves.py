"""A price goes from where it stands to another one."""

from __future__ import annotations

from trading_core.venue.hub import Venue


def move(venue: Venue, symbol: str, ticks: int, at: int) -> None:
    """Move a price; journalled only where it may set an order or a position off."""
    exchange = venue.exchange
    before = exchange.quotes[symbol][0]
    low, high = min(before, ticks), max(before, ticks)
    if any(
        symbol in account.sim.ledger.active and account.sim.can_trigger(symbol, low, high)
        for account in exchange.accounts.values()
    ):
        venue.publish(venue.submit({"op": "move", "s": symbol, "f": before, "t": ticks, "at": at}))
    else:
        exchange.quotes[symbol] = (ticks, at)

"""A price goes from where it stands to another one, and mark and index go with it."""

from __future__ import annotations

from trading_core.venue.hub import Venue


def move(venue: Venue, symbol: str, ticks: int, at: int) -> None:
    """Move the last price; journalled only where it may set an order or a position off."""
    exchange = venue.exchange
    before = exchange.quotes[symbol][0]
    low, high = min(before, ticks), max(before, ticks)
    concerned = [
        account.sim.ledger
        for account in exchange.activity.on(symbol)
        if account.can_trigger(symbol, low, high)
    ]
    if concerned:
        marks = exchange.marks_of({s for ledger in concerned for s in ledger.symbols})
        record = {"op": "move", "s": symbol, "f": before, "t": ticks, "at": at, "m": marks}
        venue.publish(venue.submit(record))
    else:
        exchange.quotes[symbol] = (ticks, at)
    mark(venue, symbol, at)


def mark(venue: Venue, symbol: str, at: int) -> None:
    """Let mark and index follow the last price, or their upstream; journalled like a move."""
    exchange = venue.exchange
    assert exchange.marks is not None  # prices move by themselves in mode ticks only
    if symbol not in exchange.activity.symbols:
        exchange.forget_mark(symbol)
        return
    last = exchange.quotes[symbol][0]
    told = exchange.marks_at(symbol, last)
    if told == exchange.marks.get(symbol):
        return
    concerned = [
        account.sim.ledger
        for account in exchange.activity.on(symbol)
        if account.sim.met_by_mark(symbol, *told)
    ]
    if concerned:
        marks = exchange.marks_of({s for ledger in concerned for s in ledger.symbols}) | {symbol: told}
        record = {"op": "mark", "s": symbol, "l": last, "at": at, "m": marks}
        venue.publish(venue.submit(record))
    else:
        exchange.marks[symbol] = told

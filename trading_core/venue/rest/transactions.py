"""The transaction log: every line of the account's ledger."""

from __future__ import annotations

from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.rest.paging import DAY_MS, page, time_window
from trading_core.venue.rest.request import Reply, Request
from trading_core.venue.statements import transaction_payload, transaction_type

_ACCOUNT = "UNIFIED"


def transaction_log(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/transaction-log: the last day unless a window of up to 7 days is named."""
    start, end = time_window(request, now_ms=venue.exchange.clock_ms, default_ms=DAY_MS)
    found = [
        booked
        for booked in account.booked
        if start <= booked.executed.time_ms <= end and _fits(venue, request, booked)
    ]
    shown, cursor = page(found, request, number=lambda b: b.executed.sequence, default=20, most=50)
    return Reply({"nextPageCursor": cursor, "list": [transaction_payload(account, b) for b in shown]})


def _fits(venue: Venue, request: Request, booked: Booked) -> bool:
    symbol = booked.executed.symbol
    instrument = venue.exchange.source.instruments[symbol]
    wanted = {
        "accountType": _ACCOUNT,
        "category": "linear",
        "currency": instrument.settle_coin,
        "baseCoin": instrument.base_coin,
        "symbol": symbol,
        "type": transaction_type(booked),
        "transSubType": "",
    }
    return all(request.text(name) in ("", value) for name, value in wanted.items())

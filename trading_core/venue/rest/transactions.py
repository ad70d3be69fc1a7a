"""The transaction log: every line of the account's ledger; a spot trade makes one for each of its coins."""

from __future__ import annotations

from trading_core.simulator.spot.orders import SpotExecuted
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import Payload
from trading_core.venue.rest.paging import DAY_MS, page, time_window
from trading_core.venue.rest.request import Reply, Request
from trading_core.venue.spot_payloads import spot_transactions
from trading_core.venue.statements import transaction_payload

_ACCOUNT = "UNIFIED"


def transaction_log(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/transaction-log: the last day unless a window of up to 7 days is named.

    A page holds whole trades: with spot trades on it, it may be one line longer than asked for.
    """
    start, end = time_window(request, now_ms=venue.exchange.clock_ms, default_ms=DAY_MS)
    found = [
        (booked.executed.sequence, fitting)
        for booked in account.booked
        if start <= booked.executed.time_ms <= end
        and (fitting := [line for line in _lines(account, booked) if _fits(venue, request, line)])
    ]
    shown, cursor = page(found, request, number=lambda part: part[0], default=20, most=50)
    return Reply({"nextPageCursor": cursor, "list": [line for _, lines in shown for line in lines]})


def _lines(account: VenueAccount, booked: Booked) -> list[Payload]:
    if isinstance(booked.executed, SpotExecuted):
        return spot_transactions(account, booked)
    return [transaction_payload(account, booked)]


def _fits(venue: Venue, request: Request, line: Payload) -> bool:
    wanted = {
        "accountType": _ACCOUNT,
        "category": line["category"],
        "currency": line["currency"],
        "baseCoin": venue.exchange.source.instruments[line["symbol"]].base_coin,
        "symbol": line["symbol"],
        "type": line["type"],
        "transSubType": "",
    }
    return all(request.text(name) in ("", value) for name, value in wanted.items())

"""Answers by REST that show less, or other, than what is."""

from __future__ import annotations

from trading_core.venue.faults import candles, visibility
from trading_core.venue.hub import Venue
from trading_core.venue.instruments import as_payload
from trading_core.venue.interventions import TRADING
from trading_core.venue.rest.request import Reply, Request

INSTRUMENTS = "/v5/market/instruments-info"


def alter(venue: Venue, request: Request, reply: Reply) -> None:
    """Change an answer as the faults in force have it."""
    if request.path == INSTRUMENTS:
        _delisted(venue, request, reply)
    elif request.path == candles.PATH:
        candles.alter(venue.faults, request, reply, clock_ms=venue.exchange.clock_ms)
    elif request.path in visibility.PATHS:
        visibility.alter(venue.faults, reply)


def _delisted(venue: Venue, request: Request, reply: Reply) -> None:
    """Instruments on their way out: not among the trading ones, told if asked for by symbol or status."""
    if reply.result.get("category") != "linear":
        return
    statuses, asked, symbol = venue.exchange.statuses, request.text("status", TRADING), request.text("symbol")
    rows = [row for row in reply.result["list"] if row["symbol"] not in statuses]
    for name, status in statuses.items():
        if symbol == name or (not symbol and status == asked):
            rows.append({**as_payload(venue.exchange.source.instruments[name]), "status": status})
    reply.result["list"] = rows

"""Candles that stop coming, go missing, or change after they closed: on the stream and by REST alike."""

from __future__ import annotations

from typing import Any

import orjson

from trading_core.venue.candles import INTERVALS
from trading_core.venue.faults.active import Fault, Faults, Subject
from trading_core.venue.market.source import MINUTE_MS
from trading_core.venue.rest.request import Reply, Request

KINDS: dict[str, dict[str, object]] = {
    "candle_stale": {},
    "candle_gap": {},
    "candle_revised": {"ppm": 1_000},
}
"""``ppm``: how much the close of a revised candle moves.

Stale: nothing newer than the moment it was set. Gap and revised: candles that close from then on.
"""
PATH = "/v5/market/kline"
_SINCE = "since"


def begin(fault: Fault, clock_ms: int) -> None:
    """Note the market time at which a fault was set."""
    fault.memory[_SINCE] = clock_ms


def _strikes(fault: Fault, subject: Subject, interval: str, start: int) -> bool:
    """Whether a candle is struck: decided once for all who see it."""
    if start < fault.memory[_SINCE] or not fault.where.fits(subject):
        return False
    key = (subject.symbol, interval, start)
    if key not in fault.memory:
        fault.memory[key] = fault.strikes(subject)
    decided: bool = fault.memory[key]
    return decided


def carried(faults: Faults, subject: Subject, raw: bytes) -> list[bytes]:
    """The messages that go out in place of one of a kline topic."""
    chosen = faults.of(*KINDS)
    if not chosen:
        return [raw]
    message = orjson.loads(raw)
    candle = message["data"][0]
    told = [raw]
    for fault in chosen:
        if fault.kind == "candle_stale":
            if fault.strikes(subject):
                return []
        elif candle["confirm"] and _strikes(fault, subject, candle["interval"], candle["start"]):
            if fault.kind == "candle_gap":
                return []
            prices = {name: candle[name] for name in ("high", "low", "close")}
            revised = dict(zip(prices, _revised(*prices.values(), ppm=fault.params["ppm"]), strict=True))
            told.append(orjson.dumps({**message, "data": [{**candle, **revised}]}))
    return told


def alter(faults: Faults, request: Request, reply: Reply, *, clock_ms: int) -> None:
    """Show candles by REST as the faults have them."""
    rows = reply.result.get("list", [])
    interval, symbol = str(request.params.get("interval", "")), str(request.params.get("symbol", ""))
    for fault in faults.of(*KINDS):
        subject = Subject(None, PATH, f"kline.{interval}.{symbol}", symbol)
        length = INTERVALS[interval] * MINUTE_MS
        for row in reversed(rows):  # decided oldest first, as they closed
            if fault.kind != "candle_stale" and int(row[0]) + length <= clock_ms:
                _strikes(fault, subject, interval, int(row[0]))
        rows = [shown for row in rows for shown in _shown(fault, subject, interval, row)]
    reply.result["list"] = rows


def _shown(fault: Fault, subject: Subject, interval: str, row: list[Any]) -> list[list[Any]]:
    start = int(row[0])
    if fault.kind == "candle_stale":
        fits = Subject(None, "", subject.topic, subject.symbol)
        is_newer = start >= fault.memory[_SINCE] and fault.where.fits(fits)
        return [] if is_newer else [row]
    if not fault.memory.get((subject.symbol, interval, start)):
        return [row]
    if fault.kind == "candle_gap":
        return []
    high, low, close = _revised(*row[2:5], ppm=fault.params["ppm"])
    return [[row[0], row[1], high, low, close, *row[5:]]]


def _revised(high: str, low: str, close: str, *, ppm: int) -> tuple[str, str, str]:
    decimals = len(close.partition(".")[2])
    moved = round(float(close) * (1 + ppm / 1e6), decimals)
    return (
        f"{max(float(high), moved):.{decimals}f}", f"{min(float(low), moved):.{decimals}f}",
        f"{moved:.{decimals}f}",
    )  # fmt: skip

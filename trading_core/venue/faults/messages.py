"""Stream messages that get lost, come twice, too late or in another order; candle messages that lie."""

from __future__ import annotations

import asyncio

import orjson

from trading_core.venue.faults import candles
from trading_core.venue.faults.active import Faults, Subject
from trading_core.venue.streams.connection import Connection

KINDS: dict[str, dict[str, object]] = {
    "message_lost": {},
    "message_twice": {},
    "message_late": {"ms": 500},
    "message_reordered": {"ms": 500},
}
"""``ms``: how late; of a reordered one, how long it waits for the next message to go first."""


def carry(faults: Faults, connection: Connection, topic: str, raw: bytes, message_id: str) -> bool:
    """See to a message instead of the connection itself; False if no fault cares."""
    if connection.held is None and not faults.of(*KINDS, *candles.KINDS):
        return False  # before the message is read: most faults are about something else
    subject = Subject(connection.uid, connection.path, topic, _symbol(topic, raw))
    if topic.startswith("kline."):
        raws = candles.carried(faults, subject, raw)
        if raws != [raw]:
            for told in raws:
                connection.put_told(told, message_id)
            return True
    fault = faults.first(subject, *KINDS)
    held = connection.held
    if fault is None and held is None:
        return False
    _strike(
        fault.kind if fault else "", fault.params.get("ms", 0) if fault else 0, connection, raw, message_id
    )
    if held is not None and connection.held is held:
        _release(connection, held)
    return True


def _strike(kind: str, ms: int, connection: Connection, raw: bytes, message_id: str) -> None:
    loop = asyncio.get_running_loop()
    if kind == "message_lost":
        return
    if kind == "message_late":
        loop.call_later(ms / 1000, connection.put_told, raw, message_id)
        return
    if kind == "message_reordered" and connection.held is None:
        held = connection.held = (raw, message_id)
        loop.call_later(ms / 1000, _release, connection, held)
        return
    connection.put_told(raw, message_id)
    if kind == "message_twice":
        connection.put_told(raw, message_id)


def _release(connection: Connection, held: tuple[bytes, str]) -> None:
    """Let go of the message held back, unless that was done already."""
    if connection.held is held:
        connection.held = None
        connection.put_told(*held)


def _symbol(topic: str, raw: bytes) -> str:
    """The symbol of a public topic, or of the first row of a private message."""
    head, _, tail = topic.rpartition(".")
    if head and tail not in ("linear", "fast"):
        return tail
    row = orjson.loads(raw)["data"][0]
    return str(row.get("symbol", ""))

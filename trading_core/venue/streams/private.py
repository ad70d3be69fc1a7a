"""The private streams: order, execution, position, wallet, each message with an id of its own."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from trading_core.simulator.events import Accepted, Amended, Cancelled, Event, Executed, PositionChanged
from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.payloads import execution_payload, order_payload, position_payload, wallet_payload
from trading_core.venue.streams.connection import Connection

TOPICS = frozenset(
    {f"{topic}{suffix}" for topic in ("order", "execution", "position") for suffix in ("", ".linear")}
    | {"wallet"}
)
SILENT_TOPICS = frozenset(
    {"execution.fast", "execution.fast.linear", "greeks", "dcp", "dcp.future"}
    | {f"{topic}.{c}" for topic in ("order", "execution", "position") for c in ("spot", "inverse", "option")}
)
"""Accepted, never told anything."""

Told = tuple[str, dict[str, Any]]


class PrivateStreams:
    """Who listens to which account."""

    def __init__(self) -> None:
        self._listeners: dict[int, list[Connection]] = {}
        self._boot = secrets.token_hex(4)
        self._sent = 0

    def join(self, connection: Connection, uid: int) -> None:
        """Let an authenticated connection hear of its account."""
        connection.uid = uid
        self._listeners.setdefault(uid, []).append(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that ended."""
        if connection.uid is None:
            return
        listeners = self._listeners[connection.uid]
        listeners.remove(connection)
        if not listeners:
            del self._listeners[connection.uid]

    def last_message_id(self, uid: int) -> str | None:
        """Id of the last message sent on the newest open connection; None if nobody listens."""
        open_ones = [c for c in self._listeners.get(uid, ()) if c.subscribed]
        return open_ones[-1].last_message_id if open_ones else None

    def topics(self, uid: int) -> list[str]:
        """Topics anyone listens to on an account."""
        return sorted({topic for c in self._listeners.get(uid, ()) for topic in c.topics})

    def tell(self, account: VenueAccount, events: list[Event]) -> None:
        """Put what happened on the account's connections, in order."""
        listeners = self._listeners.get(account.uid)
        if not listeners:
            return
        for event in events:
            for topic, payload in _told(account, event):
                self._put(listeners, account, topic, payload)

    def _put(
        self, listeners: list[Connection], account: VenueAccount, topic: str, payload: dict[str, Any]
    ) -> None:
        self._sent += 1
        message_id = f"{account.uid}{self._boot}-{self._sent}"
        for connection in listeners:
            for name in (topic, f"{topic}.linear"):
                if name not in connection.topics:
                    continue
                connection.last_message_id = message_id
                envelope = {
                    "id": message_id, "topic": name, "creationTime": wall_ms(), "data": [payload],
                }  # fmt: skip
                connection.put_raw(orjson.dumps(envelope))


def _told(account: VenueAccount, event: Event) -> list[Told]:
    if isinstance(event, Accepted | Amended | Cancelled):
        return [("order", order_payload(account, event.order))]
    if isinstance(event, Executed):
        told: list[Told] = [("execution", execution_payload(account, event, pushed=True))]
        if event.order is not None:
            told.append(("order", order_payload(account, event.order)))
        return told
    if isinstance(event, PositionChanged):
        payload = position_payload(
            account, event.symbol, event.position, event.stop_ticks, seq=event.sequence, pushed=True
        )
        return [("position", payload)]
    return [("wallet", wallet_payload(account))]

"""The private streams: orders, executions, positions, wallet. Nothing is told before it changes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import orjson

from trading_core.simulator.events import (
    Accepted,
    Amended,
    Cancelled,
    Event,
    Executed,
    PositionChanged,
    WalletChanged,
)
from trading_core.simulator.matching import position_changed
from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.disconnects import TOPICS as DCP_TOPICS
from trading_core.venue.disconnects import Disconnects
from trading_core.venue.payloads import (
    execution_payload,
    fast_execution_payload,
    order_payload,
    position_payload,
)
from trading_core.venue.statements import wallet_payload
from trading_core.venue.streams.connection import Connection

_TOLD = ("order", "execution", "execution.fast", "position")
TOPICS = frozenset({f"{topic}{suffix}" for topic in _TOLD for suffix in ("", ".linear")} | {"wallet"})
SILENT_TOPICS = frozenset(
    {"greeks", "dcp", "dcp.future"}
    | {f"{topic}.{c}" for topic in _TOLD for c in ("spot", "inverse", "option")}
)
"""Accepted, never told anything."""
_FAST = "execution.fast"

Told = tuple[str, dict[str, Any]]


class PrivateStreams:
    """Who listens to which account."""

    def __init__(self, disconnects: Disconnects) -> None:
        self._disconnects = disconnects
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
        listeners = self._listeners.get(connection.uid, [])
        if connection not in listeners:
            return  # a trade socket: it orders, and hears nothing
        listeners.remove(connection)
        if connection.topics & DCP_TOPICS and not self._protected(connection.uid):
            self._disconnects.went(connection.uid)
        if not listeners:
            del self._listeners[connection.uid]

    def subscribe(self, connection: Connection, topic: str) -> None:
        """Let a connection that joined hear a topic."""
        connection.topics.add(topic)
        connection.subscribed = True
        if topic in DCP_TOPICS and connection.uid is not None:
            self._disconnects.came(connection.uid)

    def _protected(self, uid: int) -> bool:
        return any(c.topics & DCP_TOPICS for c in self._listeners.get(uid, ()))

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
        wanted = {topic.removesuffix(".linear") for c in listeners for topic in c.topics}
        for event in events:
            for topic, payload in _told(account, event, wanted):
                self._put(listeners, account, topic, payload)
        if "position" in wanted:
            for symbol in _only_ordered(events):
                self._put(listeners, account, "position", _standing(account, symbol))

    def _put(
        self, listeners: list[Connection], account: VenueAccount, topic: str, payload: dict[str, Any]
    ) -> None:
        self._sent += 1
        message_id = f"{account.uid}{self._boot}-{self._sent}"
        for connection in listeners:
            for name in (topic, f"{topic}.linear"):
                if name not in connection.topics:
                    continue
                envelope: dict[str, Any] = {"topic": name, "creationTime": wall_ms(), "data": [payload]}
                if topic == _FAST:
                    connection.tell(name, orjson.dumps(envelope))
                else:
                    connection.tell(name, orjson.dumps({"id": message_id, **envelope}), message_id)


def _told(account: VenueAccount, event: Event, wanted: set[str]) -> Iterator[Told]:
    """What an event means to each topic that anyone listens to."""
    if isinstance(event, PositionChanged):
        if "position" in wanted:
            yield "position", position_payload(account, event, pushed=True)
        return
    if isinstance(event, WalletChanged):
        if "wallet" in wanted:
            yield "wallet", wallet_payload(account)
        return
    if isinstance(event, Executed):
        if "execution" in wanted:
            yield "execution", execution_payload(account, event, pushed=True)
        if _FAST in wanted and event.exec_type == "Trade":
            yield _FAST, fast_execution_payload(account, event)
    if event.order is not None and "order" in wanted:
        yield "order", order_payload(account, event.order)


def _only_ordered(events: list[Event]) -> list[str]:
    """Symbols on which an order changed and the position did not: Bybit tells it all the same."""
    told = {event.symbol for event in events if isinstance(event, PositionChanged)}
    ordered = (event.order.symbol for event in events if isinstance(event, Accepted | Amended | Cancelled))
    return [symbol for symbol in dict.fromkeys(ordered) if symbol not in told]


def _standing(account: VenueAccount, symbol: str) -> dict[str, Any]:
    ledger = account.sim.ledger
    return position_payload(account, position_changed(ledger, ledger.book(symbol)), pushed=True)

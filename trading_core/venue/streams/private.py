"""The private streams: orders, executions, positions, wallet. Nothing is told before it changes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import orjson

from trading_core.simulator.book import book_key
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
from trading_core.venue.payloads import position_payload
from trading_core.venue.spot_payloads import (
    category_of,
    told_execution,
    told_fast_execution,
    told_order,
)
from trading_core.venue.statements import wallet_payload
from trading_core.venue.streams.connection import Connection

_TOLD = ("order", "execution", "execution.fast", "position")
TOPICS = frozenset(
    {f"{topic}{suffix}" for topic in _TOLD for suffix in ("", ".linear", ".spot")} - {"position.spot"}
    | {"wallet"}
)
SILENT_TOPICS = frozenset(
    {"greeks", "dcp", "dcp.future", "position.spot"}
    | {f"{topic}.{c}" for topic in _TOLD for c in ("inverse", "option")}
)
"""Accepted, never told anything."""
_FAST = "execution.fast"
_SUFFIX = re.compile(r"\.(?:linear|spot)$")

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
        wanted = {_SUFFIX.sub("", topic) for c in listeners for topic in c.topics}
        for event in events:
            for topic, payload in _told(account, event, wanted):
                self._put(listeners, account, topic, payload)
        if "position" in wanted:
            for key in _only_ordered(events):
                self._put(listeners, account, "position", _standing(account, key))

    def _put(
        self, listeners: list[Connection], account: VenueAccount, topic: str, payload: dict[str, Any]
    ) -> None:
        self._sent += 1
        message_id = f"{account.uid}{self._boot}-{self._sent}"
        for connection in listeners:
            for name in (topic, f"{topic}.{payload.get('category', 'linear')}"):
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
            yield "execution", told_execution(account, event, pushed=True)
        if _FAST in wanted and event.exec_type == "Trade":
            yield _FAST, told_fast_execution(account, event)
    if event.order is not None and "order" in wanted:
        yield "order", told_order(account, event.order)


def _only_ordered(events: list[Event]) -> list[str]:
    """Keys of positions on which an order changed and they did not: Bybit tells them all the same."""
    told = {book_key(event.symbol, event.index) for event in events if isinstance(event, PositionChanged)}
    ordered = (
        event.order.key
        for event in events
        if isinstance(event, Accepted | Amended | Cancelled) and category_of(event.order) == "linear"
    )
    return [key for key in dict.fromkeys(ordered) if key not in told]


def _standing(account: VenueAccount, key: str) -> dict[str, Any]:
    ledger = account.sim.ledger
    return position_payload(account, position_changed(ledger, ledger.book(key)), pushed=True)

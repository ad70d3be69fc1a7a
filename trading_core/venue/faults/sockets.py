"""Sockets that are cut, or stay open and say nothing."""

from __future__ import annotations

from trading_core.venue.faults.active import Fault, Subject
from trading_core.venue.hub import Venue
from trading_core.venue.streams.connection import Connection

KINDS: dict[str, dict[str, object]] = {"socket_cut": {}, "socket_silent": {}}
"""Both strike the sockets that are open when they are set; silence ends when the fault is removed."""
_SILENCED = "silenced"


def begin(venue: Venue, fault: Fault) -> None:
    """Strike the open sockets that are meant."""
    struck: list[Connection] = fault.memory.setdefault(_SILENCED, [])
    for connection in sorted(venue.sockets.open, key=lambda c: c.connection_id):
        if not any(fault.strikes(subject) for subject in _subjects(fault, connection)):
            continue
        if fault.kind == "socket_cut":
            connection.cut()
        else:
            connection.silence()
            struck.append(connection)


def end(fault: Fault) -> None:
    """Let silenced sockets speak again."""
    for connection in fault.memory[_SILENCED]:
        connection.wake()


def _subjects(fault: Fault, connection: Connection) -> list[Subject]:
    """What the socket is; by topic, the first of its topics that is meant."""
    if fault.where.topic is None:
        return [Subject(connection.uid, connection.path)]
    subjects = [Subject(connection.uid, connection.path, topic) for topic in sorted(connection.topics)]
    return [subject for subject in subjects if fault.where.fits(subject)][:1]

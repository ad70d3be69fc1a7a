"""A hint to a trader in the same process that an account has something to carry out.

The database is the truth and is polled anyway; the bell only saves the wait.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from django.db import transaction

Listener = Callable[[int], None]

_listeners: list[Listener] = []
_lock = Lock()


def ring(account_id: int) -> None:
    """Tell the traders of this process, after commit, that the account has a new intent."""
    transaction.on_commit(lambda: _tell(account_id))


def listen(listener: Listener) -> Callable[[], None]:
    """Have a listener called with account ids, from any thread; the answer ends that."""
    with _lock:
        _listeners.append(listener)

    def stop() -> None:
        with _lock:
            _listeners.remove(listener)

    return stop


def _tell(account_id: int) -> None:
    with _lock:
        listeners = tuple(_listeners)
    for listener in listeners:
        listener(account_id)

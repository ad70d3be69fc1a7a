"""Orders that stood and that the venue doesn't list any more: when their absence is proven.

A venue shows what it accepted late now and then. Who takes one empty answer for an end places the order a
second time; so an order counts as over only when orders, history and executions have all been empty
several times, over a while.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from bots.trader.reconcile import Missing

EMPTY_ANSWERS = 3


class Absences:
    """Since when which order of an account was looked for in vain, and how often."""

    def __init__(self, *, gone_after: float) -> None:
        self._gone_after = gone_after
        self._since: dict[int, float] = {}
        self._answers: dict[int, int] = {}

    def keep(self, missing: Iterable[Missing]) -> None:
        """Forget every order that is not missing (any more)."""
        ids = {order.order_id for order in missing}
        self._since = {order_id: since for order_id, since in self._since.items() if order_id in ids}
        self._answers = {order_id: n for order_id, n in self._answers.items() if order_id in ids}

    def proven(self, order: Missing) -> bool:
        """Take in one more complete empty answer; whether there were enough, for long enough."""
        now = time.monotonic()
        since = self._since.setdefault(order.order_id, now)
        self._answers[order.order_id] = answers = self._answers.get(order.order_id, 0) + 1
        return answers >= EMPTY_ANSWERS and now - since >= self._gone_after

    @property
    def is_waiting(self) -> bool:
        """Whether an absence is still to be proven."""
        return bool(self._since)

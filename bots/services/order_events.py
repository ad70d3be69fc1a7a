"""Writes down every step in the life of an order, in the transaction that makes it."""

from __future__ import annotations

from ailona.kit import clock
from bots.models import OrderEvent

WORDS_LENGTH = 200


def step(order_id: int, name: str, words: str = "") -> None:
    """Append a step; an order of nobody (id 0) has none."""
    if order_id:
        OrderEvent.objects.create(
            order_id=order_id, at=clock.now(), step=name[:24], words=words[:WORDS_LENGTH]
        )

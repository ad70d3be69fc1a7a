"""What workers do for accounts."""

from __future__ import annotations

from celery import shared_task

from accounts import outbox


@shared_task(name=outbox.TASK)
def deliver_outbox() -> None:
    """Send the letters that are due."""
    outbox.deliver()

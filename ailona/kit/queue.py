"""Rings a worker's bell: a task by name, after the transaction that made it necessary."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


class UnknownTask(LookupError):
    """A task name that is not in the routes of ``ailona.celery``."""


def enqueue(task: str, **ids: int | str) -> None:
    """Start a task after commit, or at once outside a transaction; raises ``UnknownTask`` on a misspelt name.

    Arguments are ids: a task reads the database. A broker that is down costs nothing but time, because
    the sweep rings again for everything that is behind.
    """
    routes = current_app.conf.task_routes or {}
    if task not in routes:
        raise UnknownTask(f"{task!r} is not a task; there are {', '.join(sorted(routes))}")
    transaction.on_commit(lambda: _send(task, ids))


def _send(task: str, ids: dict[str, int | str]) -> None:
    try:
        current_app.send_task(task, kwargs=ids, ignore_result=True, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning(
            "the broker did not take %s (%s); the sweep will ring again", task, type(error).__name__
        )

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from celery import current_app

from ailona.celery import QUEUES, ROUTES, SCHEDULE, app
from ailona.kit.queue import UnknownTask, enqueue


def test_enqueue_refuses_a_misspelt_name_at_once() -> None:
    with pytest.raises(UnknownTask, match="cycel"):
        enqueue("bots.cycel", bot_id=1)


def test_every_route_leads_to_a_queue_that_exists() -> None:
    assert {route["queue"] for route in ROUTES.values()} <= set(QUEUES)


def test_everything_scheduled_has_a_route() -> None:
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(ROUTES)


def test_the_default_app_is_ours_in_every_thread() -> None:
    assert current_app.main == "ailona"


@pytest.mark.db  # on both brokers
def test_a_message_reaches_its_own_queue_and_no_other() -> None:
    with app.connection_for_write() as connection:
        queues: dict[str, Any] = {
            name: queue(connection.default_channel) for name, queue in app.amqp.queues.items()
        }
        for queue in queues.values():
            queue.declare()
            queue.purge()

        app.send_task("bots.cycle", kwargs={"bot_id": 1, "workspace_id": 1}, connection=connection)

        waiting = {name: queue.queue_declare().message_count for name, queue in queues.items()}
        queues["cycles"].purge()
    assert waiting == {"verdicts": 0, "cycles": 1, "default": 0, "studies": 0}


def test_enqueue_waits_for_the_commit(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[object]]], db: None
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        enqueue("bots.sweep")

    assert len(callbacks) == 1

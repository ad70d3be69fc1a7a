"""Celery: which tasks there are, in which queue each waits, and what the clock starts by itself.

The broker is a doorbell: what is to be done stands in the database, and ``bots.sweep`` rings again
for whatever was not done.
"""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings
from kombu import Exchange, Queue

QUEUES = ("verdicts", "cycles", "default", "studies")

ROUTES: dict[str, dict[str, str]] = {
    "bots.verdicts": {"queue": "verdicts"},
    "bots.cycle": {"queue": "cycles"},
    "bots.enforce": {"queue": "cycles"},
    "bots.sweep": {"queue": "default"},
    "bots.journal": {"queue": "default"},
    "bots.study": {"queue": "studies"},
    "bots.figures": {"queue": "default"},
    "bots.thinning": {"queue": "default"},
    "accounts.outbox": {"queue": "default"},
}
"""Every task by its name; ``ailona.kit.queue.enqueue`` refuses any other."""

SWEEP_EVERY_S = 2.0
OUTBOX_EVERY_S = 5.0
JOURNAL_EVERY_S = 60.0
FIGURES_EVERY_S = 30.0
"""Twice a minute, so that none is stepped over; the same minute again changes nothing."""
THINNING_EVERY_S = 3_600.0

SCHEDULE: dict[str, dict[str, object]] = {
    "sweep": {"task": "bots.sweep", "schedule": SWEEP_EVERY_S, "options": {"expires": 2 * SWEEP_EVERY_S}},
    "outbox": {
        "task": "accounts.outbox",
        "schedule": OUTBOX_EVERY_S,
        "options": {"expires": 2 * OUTBOX_EVERY_S},
    },
    "journal": {
        "task": "bots.journal",
        "schedule": JOURNAL_EVERY_S,
        "options": {"expires": JOURNAL_EVERY_S},
    },
    "figures": {
        "task": "bots.figures",
        "schedule": FIGURES_EVERY_S,
        "options": {"expires": FIGURES_EVERY_S},
    },
    "thinning": {
        "task": "bots.thinning",
        "schedule": THINNING_EVERY_S,
        "options": {"expires": THINNING_EVERY_S},
    },
}

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ailona.settings")
if not settings.configured:  # `celery -A ailona worker`; a web process has its role by now
    os.environ.setdefault("AILONA_ROLE", "engine")

app = Celery("ailona")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # An exchange and a key of its own for each: with the shared default every queue would get every message.
    task_queues=[Queue(name, Exchange(name, "direct"), routing_key=name) for name in QUEUES],
    task_default_queue="default",
    task_create_missing_queues=False,
    task_routes=ROUTES,
    beat_schedule=SCHEDULE,
    # In memory: the schedule is code and nothing in it is rarer than a minute.
    beat_scheduler="celery.beat:Scheduler",
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
)
app.set_default()
app.autodiscover_tasks()

"""Side effects that leave after commit: written as rows, sent by a task, tried again when refused."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.db.models import F

from accounts.models import OutboxMessage
from ailona.kit.clock import now
from ailona.kit.queue import enqueue
from ailona.kit.tenancy import across_workspaces, workspace_scope

logger = logging.getLogger(__name__)

MAIL = "mail"
TASK = "accounts.outbox"
MAX_ATTEMPTS = 8
BATCH = 100
FIRST_WAIT = timedelta(seconds=30)


def write_mail(recipient: str, subject: str, body: str) -> OutboxMessage:
    """Leave a letter in the outbox of the active workspace; it goes out after commit.

    The text is stored: it carries no password, token or key.
    """
    row = OutboxMessage.objects.create(
        channel=MAIL, recipient=recipient, payload={"subject": subject, "body": body}, next_attempt_at=now()
    )
    enqueue(TASK)
    return row


def deliver() -> int:
    """Send what is due in every workspace; returns how many left. A letter may leave twice, never not at all."""
    with across_workspaces("outbox"):
        due = OutboxMessage.objects.filter(
            sent_at=None, channel=MAIL, attempts__lt=MAX_ATTEMPTS, next_attempt_at__lte=now()
        )
        found = list(due.order_by("next_attempt_at", "pk").values_list("pk", "workspace_id")[:BATCH])
    return sum(_deliver_one(pk, workspace_id) for pk, workspace_id in found)


def _deliver_one(pk: int, workspace_id: int) -> bool:
    row = _claim(pk, workspace_id)
    if row is None:
        return False
    letter = EmailMessage(row.payload["subject"], row.payload["body"], to=[row.recipient])
    try:
        letter.send()
    except (SMTPException, OSError) as error:
        logger.warning(
            "outbox message %s was not sent (%s), attempt %s", pk, type(error).__name__, row.attempts
        )
        with workspace_scope(workspace_id):
            OutboxMessage.objects.filter(pk=pk).update(error=type(error).__name__)
        return False
    with workspace_scope(workspace_id):
        OutboxMessage.objects.filter(pk=pk).update(sent_at=now(), error="")
    return True


def _claim(pk: int, workspace_id: int) -> OutboxMessage | None:
    """Take a message for this attempt, or None when another worker was faster."""
    with workspace_scope(workspace_id):
        row = OutboxMessage.objects.filter(pk=pk, sent_at=None, next_attempt_at__lte=now()).first()
        if row is None:
            return None
        wait = FIRST_WAIT * 2**row.attempts
        taken = OutboxMessage.objects.filter(pk=pk, sent_at=None, attempts=row.attempts).update(
            attempts=F("attempts") + 1, next_attempt_at=now() + wait
        )
        row.attempts += 1
    return row if taken else None

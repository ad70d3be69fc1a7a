"""Mail of a stack without a mail server: printed on the console and shown on /dev/mail, kept in memory."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from ailona.kit.clock import now

KEPT = 50


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it would have been delivered."""

    to: str
    subject: str
    body: str
    at: datetime


_letters: deque[Letter] = deque(maxlen=KEPT)
_lock = Lock()


def is_open() -> bool:
    """Return whether the mailbox may be shown: no mail server, and reachable from this machine only."""
    return bool(
        settings.LISTENS_ON_LOOPBACK and (settings.EMBEDDED or settings.DEBUG) and not settings.EMAIL_HOST
    )


def letters() -> list[Letter]:
    """Return the letters kept, the newest first."""
    with _lock:
        return list(reversed(_letters))


class MailboxBackend(BaseEmailBackend):
    """Django's way in."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Print and keep the messages."""
        for message in email_messages:
            letter = Letter(", ".join(message.to), str(message.subject), str(message.body), now())
            with _lock:
                _letters.append(letter)
            sys.stdout.write(f"\nMail to {letter.to}: {letter.subject}\n{letter.body}\n")
        sys.stdout.flush()
        return len(email_messages)

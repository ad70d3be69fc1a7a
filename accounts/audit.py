"""Who did what: append-only, and chained by hash within a workspace, so that a gap or a change shows."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from ailona.kit.clock import now
from ailona.kit.tenancy import current_workspace_id
from trading_core.errors import AilonaError

START = "0" * 64
_TRIES = 20
_SECRET = re.compile(r"secret|password|token|private|api_?key$", re.IGNORECASE)


class ChainBroken(AilonaError):
    """The audit log of a workspace was changed after it was written."""


def record(
    action: str, subject: str, actor: str = "system", details: dict[str, Any] | None = None
) -> AuditEvent:
    """Append an event to the log of the active workspace.

    ``action`` is ``thing.verb`` ("bot.started"), ``subject`` the public code of what it was done to,
    ``actor`` an e-mail address or the name of a part. Credentials are refused by name.
    """
    facts = json.loads(json.dumps(details or {}))
    if hidden := [name for name in facts if _SECRET.search(name)]:
        raise ValueError(f"the audit log holds no credentials: {', '.join(hidden)}")
    for _ in range(_TRIES - 1):
        try:
            return _append(action, subject, actor, facts)
        except IntegrityError:  # somebody else took this place in the chain: take the next
            continue
    return _append(action, subject, actor, facts)


def verify_chain() -> int:
    """Return the number of events in the active workspace's log; raises ``ChainBroken`` at the first fault."""
    previous, count = START, 0
    for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=500):
        count += 1
        if (event.sequence, event.previous_hash, event.hash) != (count, previous, _hash(event)):
            raise ChainBroken(f"workspace {event.workspace_id}: the audit log breaks at event {count}")
        previous = event.hash
    return count


def _append(action: str, subject: str, actor: str, details: dict[str, Any]) -> AuditEvent:
    last = AuditEvent.objects.order_by("-sequence").only("sequence", "hash").first()
    event = AuditEvent(
        workspace_id=current_workspace_id(),
        sequence=last.sequence + 1 if last else 1,
        at=now(),
        actor=actor,
        action=action,
        subject=subject,
        details=details,
        previous_hash=last.hash if last else START,
    )
    event.hash = _hash(event)
    with transaction.atomic():
        event.save(force_insert=True)
    return event


def _hash(event: AuditEvent) -> str:
    facts = [
        event.workspace_id, event.sequence, event.at.isoformat(), event.actor, event.action, event.subject,
        event.details, event.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

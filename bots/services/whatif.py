"""Counterfactuals: what a bot would have done with other rules, started here and computed by a worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.audit import record
from ailona.kit import clock
from ailona.kit.queue import enqueue
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, Study, StudyState
from bots.services.documents import document_of
from trading_core.backtest.whatif import changed_document
from trading_core.errors import InvalidInput

TASK = "bots.study"
DAYS_MAX = 90
RUNNING_MAX = 2
"""Studies under way in a workspace at a time."""
KEPT = timedelta(days=7)
UNDER_WAY = (StudyState.WAITING, StudyState.RUNNING)

Change = list[dict[str, Any]] | dict[str, Any]
"""Edits such as ``{"path": "long.all[0].right", "value": 35}`` on the bot's rules, or a whole rule-set."""


def start_what_if(bot: Bot, change: Change, days: int, *, actor: str = "system") -> Study:
    """Ask what a bot would have done over its last days with changed rules.

    Raise RulesInvalid with the path of what is wrong with the change, InvalidInput for a period out of
    range or too many studies at once.
    """
    if not 1 <= days <= DAYS_MAX:
        raise InvalidInput("days", f"expected 1 to {DAYS_MAX}, was {days}")
    changed_document(document_of(bot), change)
    with workspace_scope(bot.workspace_id):
        # The bot's row is locked, so that two askers at once are counted one after the other.
        Bot.objects.select_for_update(of=("self",), no_key=True).get(pk=bot.pk)
        if Study.objects.filter(state__in=UNDER_WAY).count() >= RUNNING_MAX:
            raise InvalidInput("studies", f"{RUNNING_MAX} are under way already: wait, or cancel one")
        now = clock.now()
        row = Study.objects.create(
            bot=bot, change=change, days=days, created_at=now, touched_at=now, expires_at=now + KEPT
        )
        record("study.started", row.code, actor, {"bot": bot.code, "days": days})
        enqueue(TASK, study_id=row.pk, workspace_id=row.workspace_id)
    return row


def study(code: str) -> Study:
    """Return a study of the active workspace; raise ``Study.DoesNotExist``."""
    return Study.objects.select_related("bot").get(code=code)


def cancel_study(row: Study, *, actor: str = "system") -> Study:
    """Stop a study that is waiting or running; one that has ended stays as it is."""
    with workspace_scope(row.workspace_id):
        stopped = Study.objects.filter(pk=row.pk, state__in=UNDER_WAY).update(
            state=StudyState.CANCELLED, touched_at=clock.now()
        )
        if stopped:
            record("study.cancelled", row.code, actor, {})
        row.refresh_from_db()
    return row

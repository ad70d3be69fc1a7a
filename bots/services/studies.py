"""Studies at work: claimed, computed, told how far they are, and taken up again when a worker died."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q

from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.queue import enqueue
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Study, StudyState
from bots.services.whatif import TASK, UNDER_WAY
from bots.services.whatif_result import answer, gather
from trading_core.errors import AilonaError

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)
"""How long a study may wait unheard before it is rung for again."""
SILENCE = timedelta(minutes=3)
"""How long a running one may be silent before its worker counts as dead."""
STEP = 2
"""Percent between two notes of how far it is."""


class Abandoned(Exception):
    """The study was cancelled, or another worker took it over."""


@dataclass(slots=True)
class _Told:
    """Notes how far a study is, and notices that it was cancelled."""

    row: Study
    percent: int = 0

    def __call__(self, share: float) -> None:
        percent = min(99, int(share * 100))
        if percent < self.percent + STEP:
            return
        self.percent = percent
        with workspace_scope(self.row.workspace_id):
            _change(self.row, progress=percent)


def _change(row: Study, **values: Any) -> None:
    """Change a study that is still ours; raise Abandoned if it isn't."""
    ours = Study.objects.filter(pk=row.pk, state=StudyState.RUNNING)
    if not ours.update(touched_at=clock.now(), **values):
        raise Abandoned
    tell(row.workspace_id, {"type": "study.changed", "study": row.code})


def run_study(study_id: int, workspace_id: int) -> bool:
    """Compute a study that waits, or whose worker fell silent; False if there is nothing to do."""
    with workspace_scope(workspace_id):
        now = clock.now()
        free = Q(state=StudyState.WAITING) | Q(state=StudyState.RUNNING, touched_at__lt=now - SILENCE)
        if not Study.objects.filter(free, pk=study_id).update(state=StudyState.RUNNING, touched_at=now):
            return False
        row = Study.objects.select_related("bot").get(pk=study_id)
    try:
        with workspace_scope(workspace_id, reading=True):
            question = gather(row.bot, row.change, row.days)
        # Outside every transaction: it takes seconds, and who cancels it must not wait.
        result = answer(question, _Told(row))
        _end(row, state=StudyState.DONE, progress=100, result=result)
    except Abandoned:
        return False
    except AilonaError as error:
        _end(row, state=StudyState.FAILED, error=str(error)[:300])
    except Exception:
        logger.exception("study %s failed", row.code)
        _end(row, state=StudyState.FAILED, error="it failed for a reason of ours; it is logged")
    return True


def _end(row: Study, **values: Any) -> None:
    with workspace_scope(row.workspace_id):
        try:
            _change(row, **values)
        except Abandoned:
            return


def ring_forgotten_studies() -> int:
    """Ring again for studies that nobody took up, or whose worker fell silent; return how many."""
    now = clock.now()
    with across_workspaces("studies"):
        forgotten = Study.objects.filter(
            Q(state=StudyState.WAITING, touched_at__lt=now - PATIENCE)
            | Q(state=StudyState.RUNNING, touched_at__lt=now - SILENCE)
        )
        ids = list(forgotten.values_list("pk", "workspace_id"))
    for study_id, workspace_id in ids:
        with workspace_scope(workspace_id):
            # Touched, so that it is rung for once in a while and not at every sweep.
            waiting = Study.objects.filter(pk=study_id, state=StudyState.WAITING)
            waiting.update(touched_at=now)
            enqueue(TASK, study_id=study_id, workspace_id=workspace_id)
    return len(ids)


def drop_expired_studies() -> int:
    """Remove studies that have ended and expired; return how many."""
    with across_workspaces("studies"):
        expired = Study.objects.filter(expires_at__lt=clock.now()).exclude(state__in=UNDER_WAY)
        workspaces = set(expired.values_list("workspace_id", flat=True))
    dropped = 0
    for workspace_id in sorted(workspaces):
        with workspace_scope(workspace_id):
            rows = Study.objects.filter(expires_at__lt=clock.now()).exclude(state__in=UNDER_WAY)
            dropped += rows.delete()[0]
    return dropped

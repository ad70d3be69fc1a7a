"""The loop's tasks: ids in, one service each."""

from __future__ import annotations

from celery import shared_task

from bots.services.aged_verdicts import drop_aged_verdicts
from bots.services.close import run_close
from bots.services.cycle import run_cycle
from bots.services.enforcing import enforce_lock
from bots.services.lifecycle import settle_all_starting
from bots.services.minutes import sample_minutes
from bots.services.packing import pack_journals
from bots.services.studies import drop_expired_studies, ring_forgotten_studies, run_study
from bots.services.thinning import thin_minutes
from bots.services.wake import ring_those_behind


@shared_task(name="bots.verdicts")
def verdicts(source: str, category: str, close_ms: int) -> None:
    """Answer what the rules ask about a close and let the bots decide."""
    run_close(source, category, close_ms)


@shared_task(name="bots.cycle")
def cycle(bot_id: int, workspace_id: int) -> None:
    """Let a bot decide every close it has not seen."""
    run_cycle(bot_id, workspace_id)


@shared_task(name="bots.enforce")
def enforce(lock_id: int, workspace_id: int) -> None:
    """Carry a risk lock out on the trades it concerns."""
    enforce_lock(lock_id, workspace_id)


@shared_task(name="bots.sweep")
def sweep() -> None:
    """Ring again for whatever is behind."""
    settle_all_starting()
    ring_those_behind()
    ring_forgotten_studies()


@shared_task(name="bots.journal")
def journal() -> None:
    """Pack the decisions that have become old; drop studies that have expired, verdicts nobody waits for."""
    pack_journals()
    drop_expired_studies()
    drop_aged_verdicts()


@shared_task(name="bots.figures")
def figures() -> None:
    """Take what accounts are worth and bots have made at the newest minute."""
    sample_minutes()


@shared_task(name="bots.thinning")
def thinning() -> None:
    """Leave one minute of each hour of the figures that have become old."""
    thin_minutes()


@shared_task(name="bots.study")
def study(study_id: int, workspace_id: int) -> None:
    """Compute what a bot would have done with other rules."""
    run_study(study_id, workspace_id)

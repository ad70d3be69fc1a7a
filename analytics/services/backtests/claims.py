"""The compute process's side of a backtest: taken up once, told how far it is, ended once.

A claim is a conditional UPDATE of the run's row, so one row is never taken up twice. Its ``attempt`` is
the fence: whoever was thought lost and comes back later changes nothing any more. The lease is
``touched_at``; a running row that was not touched for ``SILENCE`` is free again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from ailona.kit import clock
from ailona.kit.push import tell
from ailona.kit.tenancy import across_workspaces, workspace_scope
from analytics.models import BacktestPart, BacktestResult, BacktestRun, BacktestState
from analytics.services.backtests.engine_hash import engine_hash
from analytics.services.backtests.playing import Outcome
from analytics.states import before

SILENCE = timedelta(seconds=30)
"""How long a running one may be silent before whoever runs it counts as lost."""
LOSSES_MAX = 2
"""Processes that may be lost over one run."""
READING = "Reading candles"
BYTES_MAX = 64 * 1024 * 1024
"""Of all parts of a result together."""

LOST = (
    f"The process that played it was lost {LOSSES_MAX + 1} times, so it was given up. "
    "A shorter period or fewer symbols need less memory."
)


class Lost(Exception):
    """The claim is no longer ours: it was taken over, cancelled or deleted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process, and nobody else, is to play."""

    run_id: int
    workspace_id: int
    attempt: int
    code: str
    document: dict[str, Any]
    document_hash: str
    start_ms: int
    end_ms: int


def claim_next() -> Claim | None:
    """Take up a run that waits, or whose process was lost; None if there is none.

    Workspaces take turns: the one whose last run began longest ago goes first.
    """
    for run_id, workspace_id in _waiting():
        claim = _take(run_id, workspace_id)
        if claim is not None:
            return claim
    return None


def _free() -> Q:
    lost = Q(state=BacktestState.RUNNING, touched_at__lt=clock.now() - SILENCE)
    return Q(state=BacktestState.QUEUED) | lost


def _waiting() -> list[tuple[int, int]]:
    with across_workspaces("backtests"):
        free = list(BacktestRun.objects.filter(_free()).values_list("pk", "workspace_id", "created_at"))
        if not free:
            return []
        workspaces = {workspace_id for _, workspace_id, _ in free}
        rows = BacktestRun.objects.filter(workspace_id__in=workspaces).values("workspace_id")
        served = dict(rows.annotate(last=Max("started_at")).values_list("workspace_id", "last"))
    free.sort(key=lambda row: (_moment(served[row[1]]), row[2], row[0]))
    return [(run_id, workspace_id) for run_id, workspace_id, _ in free]


def _moment(at: Any) -> float:
    return float(at.timestamp()) if at else 0.0


def _take(run_id: int, workspace_id: int) -> Claim | None:
    with workspace_scope(workspace_id):
        run = BacktestRun.objects.filter(_free(), pk=run_id).first()
        if run is None:
            return None
        row = BacktestRun.objects.filter(pk=run.pk, attempt=run.attempt, state=run.state)
        if not row.filter(touched_at=run.touched_at).update(**_taken(run)):
            return None
        _say(workspace_id, run.code)
        run.refresh_from_db()
    if run.state != BacktestState.RUNNING:
        return None
    return Claim(
        run.pk, workspace_id, run.attempt, run.code, run.document, run.document_hash, run.start_ms, run.end_ms
    )


def _taken(run: BacktestRun) -> dict[str, Any]:
    """What becomes of a free run: it is played, or given up."""
    losses = run.losses + (run.state == BacktestState.RUNNING)
    ended = {"ended_at": clock.now(), "touched_at": clock.now(), "message": "", "losses": losses}
    if run.cancel_requested:
        return {**ended, "state": BacktestState.CANCELLED}
    if losses > LOSSES_MAX:
        return {**ended, "state": BacktestState.FAILED, "error": LOST}
    now = clock.now()
    return {
        "state": BacktestState.RUNNING, "attempt": run.attempt + 1, "losses": losses, "started_at": now,
        "touched_at": now, "progress": 0.0, "message": READING,
    }  # fmt: skip


def report_progress(claim: Claim, share: float, message: str) -> None:
    """Note how far it is, and that its process lives; raise Lost if the claim is no longer ours."""
    with workspace_scope(claim.workspace_id):
        if not _row(claim).update(progress=share, message=message[:120], touched_at=clock.now()):
            raise Lost
        _say(claim.workspace_id, claim.code)


def keep(claim: Claim) -> None:
    """Note that its process lives; raise Lost if the claim is no longer ours."""
    with workspace_scope(claim.workspace_id):
        if not _row(claim).update(touched_at=clock.now()):
            raise Lost


def is_to_stop(claim: Claim) -> bool:
    """Say whether somebody asked to cancel it; raise Lost if the claim is no longer ours."""
    with workspace_scope(claim.workspace_id, reading=True):
        asked = _row(claim).values_list("cancel_requested", flat=True).first()
    if asked is None:
        raise Lost
    return asked


def adopt(claim: Claim, data_hash: str) -> bool:
    """Note what data it plays on; end it with the workspace's own result of the same, if there is one."""
    with workspace_scope(claim.workspace_id):
        _note_data(claim, data_hash)
        key = cache_key(claim, data_hash)
        found = BacktestResult.objects.select_for_update().filter(cache_key=key).first()
        if found is None:
            return False
        same = BacktestRun.objects.filter(result=found).values_list("candles", flat=True).first()
        _finish(claim, found, candles=same or 0, from_cache=True)
    return True


def finish(claim: Claim, data_hash: str, outcome: Outcome) -> None:
    """Store what it came to, all of it or nothing; raise Lost if the claim is no longer ours."""
    size = sum(map(len, outcome.parts.values()))
    if size > BYTES_MAX:
        fail(
            claim,
            f"Its result takes {size // 2**20} MB, more than the {BYTES_MAX // 2**20} MB that are kept.",
        )
        return
    with workspace_scope(claim.workspace_id):
        _note_data(claim, data_hash)
        key = cache_key(claim, data_hash)
        result = BacktestResult.objects.select_for_update().filter(cache_key=key).first()
        _finish(claim, result or _stored(key, outcome), candles=outcome.candles, from_cache=False)


def fail(claim: Claim, sentence: str) -> None:
    """End it without a result, and say why; raise Lost if the claim is no longer ours."""
    _stop(claim, state=BacktestState.FAILED, error=sentence[:400])


def stop(claim: Claim) -> None:
    """End it because somebody cancelled it; raise Lost if the claim is no longer ours."""
    _stop(claim, state=BacktestState.CANCELLED)


def give_back(claim: Claim) -> None:
    """Let it wait again: this process is about to end. Raise Lost if the claim is no longer ours."""
    _change(claim, state=BacktestState.QUEUED, progress=0.0)


def cache_key(claim: Claim, data_hash: str) -> str:
    """Return what makes two runs of a workspace the same: engine, document and data."""
    return hashlib.sha256(f"{engine_hash()}:{claim.document_hash}:{data_hash}".encode()).hexdigest()


def _row(claim: Claim) -> QuerySet[BacktestRun]:
    return BacktestRun.objects.filter(pk=claim.run_id, attempt=claim.attempt, state=BacktestState.RUNNING)


def _note_data(claim: Claim, data_hash: str) -> None:
    if not _row(claim).update(data_hash=data_hash, engine_hash=engine_hash(), touched_at=clock.now()):
        raise Lost


def _stored(key: str, outcome: Outcome) -> BacktestResult:
    result = BacktestResult.objects.create(
        cache_key=key,
        engine=outcome.engine[:200],
        seconds=outcome.seconds,
        figures=outcome.figures,
        created_at=clock.now(),
    )
    parts = [BacktestPart(result=result, name=name, content=made) for name, made in outcome.parts.items()]
    BacktestPart.objects.bulk_create(parts)
    return result


def _finish(claim: Claim, result: BacktestResult, *, candles: int, from_cache: bool) -> None:
    _change(
        claim,
        state=BacktestState.DONE,
        progress=1.0,
        ended_at=clock.now(),
        result=result,
        candles=candles,
        from_cache=from_cache,
    )


def _stop(claim: Claim, **values: Any) -> None:
    _change(claim, ended_at=clock.now(), **values)


def _change(claim: Claim, *, state: BacktestState, **values: Any) -> None:
    """Move a run that is still ours to another state; raise Lost if it isn't."""
    assert BacktestState.RUNNING in before(state)
    with workspace_scope(claim.workspace_id):
        if not _row(claim).update(state=state, message="", touched_at=clock.now(), **values):
            raise Lost
        _say(claim.workspace_id, claim.code)


def _say(workspace_id: int, code: str) -> None:
    tell(workspace_id, {"type": "backtest.changed", "backtest": code})

"""Alice's desk with an hour or two of a synthetic market, for tests of backtests as jobs."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Workspace
from ailona.kit.tenancy import workspace_scope
from analytics.compute.process import Compute
from analytics.compute.worker import Limits, outcome_of
from analytics.models import BacktestRun, BacktestState
from analytics.services.backtests import claims
from analytics.services.backtests.claims import Claim
from analytics.services.backtests.playing import Outcome
from analytics.services.backtests.requests import request_run
from bots.services import store
from tests.builders import START_MS, random_walk
from tests.roles import acting_as
from tests.worlds import MINUTE, World, document, key

COUNT = 240
LIMITS = Limits(seconds=60, memory_mb=2_000)
RISES: Any = {
    "schema": 1,
    "long": {"left": {"change_pct": {"of": {"price": "close"}, "n": 3}}, "op": ">", "right": 0.1},
}


def bot_document(**changes: Any) -> dict[str, Any]:
    """A bot that trades some dozen times in the market of ``desk``."""
    return document(**{"rules": {"inline": RISES, "son": False}, **changes})


@pytest.fixture
def desk(workspace: Workspace) -> Workspace:
    """Alice's workspace; 240 minutes of BTCUSDT are stored."""
    World(workspace)
    with acting_as("engine"):
        store.add_closed(key(), list(random_walk(COUNT, seed=5)))
    return workspace


def requested(workspace: Workspace, *, minutes: int | None = COUNT, **changes: Any) -> BacktestRun:
    """A backtest of the first minutes; None: of all there are."""
    first, last = (0, 2 * START_MS) if minutes is None else (START_MS, START_MS + minutes * MINUTE)
    document = bot_document(**changes)
    with acting_as("web"), workspace_scope(workspace.pk):
        return request_run(document, start_ms=first, end_ms=last, actor="alice")


def claimed() -> Claim:
    with acting_as("engine"):
        claim = claims.claim_next()
    assert claim is not None
    return claim


def played(claim: Claim) -> Outcome:
    """What a claim comes to, in this process."""
    with acting_as("engine"):
        made = outcome_of(claim, LIMITS, None, lambda _: None)
    assert isinstance(made, Outcome), made
    return made


def compute(folder: Path, *, seconds: int = 60, memory_mb: int = 2_000) -> Compute:
    return Compute(folder, Limits(seconds, memory_mb), threading.Event())


def again(run: BacktestRun) -> BacktestRun:
    """The row as it is now."""
    with workspace_scope(run.workspace_id):
        return BacktestRun.objects.select_related("result").get(pk=run.pk)


def finished(workspace: Workspace, *, minutes: int | None = COUNT, **changes: Any) -> BacktestRun:
    """A backtest that is done."""
    run = requested(workspace, minutes=minutes, **changes)
    claim = claimed()
    with acting_as("engine"):
        claims.finish(claim, "d" * 64, played(claim))
    done = again(run)
    assert done.state == BacktestState.DONE
    return done

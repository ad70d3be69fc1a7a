"""Backtests as jobs: asked for, claimed, ended once; quotas, the cache, cancelling, lost claims."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import Workspace
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from analytics.models import BacktestPart, BacktestResult, BacktestRun, BacktestState
from analytics.services.backtests import claims
from analytics.services.backtests.claims import LOSSES_MAX, SILENCE, Lost
from analytics.services.backtests.inputs import gather
from analytics.services.backtests.parts import unpacked
from analytics.services.backtests.quota import QuotaExceeded
from analytics.services.backtests.requests import NotAllowed, cancel_run, delete_run, request_run
from analytics.states import NEXT, before
from bots.services import store
from bots.services.documents import parsed
from tests.analytics.backtest_desk import (  # noqa: F401 - desk is a fixture
    COUNT,
    again,
    bot_document,
    claimed,
    desk,
    finished,
    played,
    requested,
)
from tests.builders import START_MS
from tests.roles import acting_as
from tests.worlds import MINUTE, candle, key
from trading_core.errors import DocumentInvalid, InvalidInput

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_asked_for_taken_up_and_done(desk: Workspace) -> None:
    run = requested(desk)

    assert (run.state, run.symbols, run.end_ms - run.start_ms) == ("queued", ["BTCUSDT"], COUNT * MINUTE)
    claim = claimed()
    assert again(run).state == "running"
    with acting_as("engine"):
        assert claims.claim_next() is None
        claims.report_progress(claim, 0.5, "Playing 2025-01-01")
        assert (again(run).progress, again(run).message) == (0.5, "Playing 2025-01-01")
        claims.finish(claim, "d" * 64, played(claim))

    done = again(run)
    assert (done.state, done.progress, done.candles, done.from_cache) == ("done", 1.0, COUNT, False)
    assert done.result is not None
    with workspace_scope(desk.pk):
        parts = {part.name: bytes(part.content) for part in BacktestPart.objects.filter(result=done.result)}
    assert set(parts) == {"page", "json", "csv", "parquet"}
    assert unpacked(parts["json"])["metrics"]["trades"] == done.result.figures["trades"] > 0


def test_the_table_of_states_is_closed() -> None:
    ended = (BacktestState.DONE, BacktestState.FAILED, BacktestState.CANCELLED)

    assert set(NEXT) == set(BacktestState)
    assert [NEXT[state] for state in ended] == [frozenset()] * 3
    assert before(BacktestState.DONE) == before(BacktestState.FAILED) == [BacktestState.RUNNING]


@pytest.mark.role("engine")
@pytest.mark.parametrize("ended", ["done", "failed", "cancelled"])
def test_what_has_ended_stays_as_it_is(desk: Workspace, ended: str) -> None:
    run = requested(desk)
    claim = claimed()
    with workspace_scope(desk.pk):
        BacktestRun.objects.filter(pk=run.pk).update(state=ended)

    for act in (
        lambda: claims.report_progress(claim, 0.1, ""),
        lambda: claims.keep(claim),
        lambda: claims.adopt(claim, "d" * 64),
        lambda: claims.fail(claim, "no"),
        lambda: claims.stop(claim),
        lambda: claims.give_back(claim),
        lambda: claims.is_to_stop(claim),
    ):
        with pytest.raises(Lost):
            act()
    cancel_run(run)

    assert again(run).state == ended


def test_the_same_run_again_takes_the_result_that_is_there(desk: Workspace) -> None:
    first = finished(desk)
    run = requested(desk)
    claim = claimed()
    with acting_as("engine"):
        assert claims.adopt(claim, "d" * 64)

    done = again(run)
    assert (done.state, done.from_cache, done.result_id, done.candles) == (
        "done",
        True,
        first.result_id,
        COUNT,
    )


def test_another_document_or_other_data_is_another_result(desk: Workspace) -> None:
    finished(desk)
    requested(desk, name="Another")
    another = claimed()
    requested(desk)
    same = claimed()

    with acting_as("engine"):
        assert not claims.adopt(another, "d" * 64)
        assert not claims.adopt(same, "e" * 64)


def test_no_workspace_gets_the_result_of_another(desk: Workspace, strangers_workspace: Workspace) -> None:
    finished(desk)
    requested(strangers_workspace)
    with acting_as("engine"):
        assert not claims.adopt(claimed(), "d" * 64)


@pytest.mark.role("engine")
def test_the_hash_of_the_data_sees_every_candle(desk: Workspace) -> None:
    bot = parsed(again(requested(desk)).document)
    end = START_MS + COUNT * MINUTE
    whole = gather(bot, START_MS, end).hash()

    assert gather(bot, START_MS, end).hash() == whole
    assert gather(bot, START_MS, end - MINUTE).hash() != whole
    store.add_closed(key(), [candle(COUNT)])
    assert gather(bot, START_MS, end).hash() == whole
    assert gather(bot, START_MS, end + MINUTE).hash() != whole


def test_a_lost_run_is_taken_up_again_and_ends_once(desk: Workspace) -> None:
    run = requested(desk)
    lost = claimed()
    made = played(lost)
    silent(run)
    second = claimed()

    with acting_as("engine"):
        with pytest.raises(Lost):
            claims.finish(lost, "d" * 64, made)
        claims.finish(second, "d" * 64, made)
    with workspace_scope(desk.pk):
        assert BacktestResult.objects.count() == 1
    assert (again(run).state, again(run).attempt, again(run).losses) == ("done", 2, 1)


def test_a_run_that_is_lost_again_and_again_is_given_up_with_a_sentence(desk: Workspace) -> None:
    run = requested(desk)
    for _ in range(LOSSES_MAX + 1):
        claimed()
        silent(run)

    with acting_as("engine"):
        assert claims.claim_next() is None
    assert again(run).state == "failed"
    assert "lost 3 times" in again(run).error


def test_a_process_that_ends_in_order_gives_its_run_back(desk: Workspace) -> None:
    run = requested(desk)
    with acting_as("engine"):
        claims.give_back(claimed())
    assert again(run).state == "queued"
    claimed()

    assert (again(run).attempt, again(run).losses) == (2, 0)


def silent(run: BacktestRun) -> None:
    with acting_as("engine"), workspace_scope(run.workspace_id):
        gone = clock.now() - SILENCE - timedelta(seconds=1)
        BacktestRun.objects.filter(pk=run.pk).update(touched_at=gone)


def test_cancelling(desk: Workspace) -> None:
    waiting, running = requested(desk), requested(desk)
    assert cancel_run(waiting, actor="alice").state == "cancelled"
    claim = claimed()
    with acting_as("engine"):
        assert not claims.is_to_stop(claim)
    assert cancel_run(running, actor="alice").cancel_requested
    with acting_as("engine"):
        assert claims.is_to_stop(claim)
        claims.stop(claim)

    assert again(running).state == "cancelled"


def test_cancelling_what_nobody_runs_any_more_works_at_once(desk: Workspace) -> None:
    run = requested(desk)
    claimed()
    silent(run)

    assert cancel_run(run).state == "cancelled"


def test_a_lost_run_that_was_cancelled_is_not_played_again(desk: Workspace) -> None:
    run = requested(desk)
    claimed()
    cancel_run(run)
    silent(run)
    with acting_as("engine"):
        assert claims.claim_next() is None

    assert again(run).state == "cancelled"


def test_a_result_that_is_too_big_is_not_kept(desk: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BYTES_MAX", 10)
    run = requested(desk)
    claim = claimed()
    with acting_as("engine"):
        claims.finish(claim, "d" * 64, played(claim))

    assert again(run).state == "failed"
    assert "more than the 0 MB that are kept" in again(run).error
    with workspace_scope(desk.pk):
        assert not BacktestResult.objects.exists()


def test_workspaces_take_turns(desk: Workspace, strangers_workspace: Workspace) -> None:
    mine = [requested(desk).code for _ in range(2)]
    theirs = requested(strangers_workspace).code

    assert [claimed().code for _ in range(3)] == [mine[0], theirs, mine[1]]


def test_deleting_takes_the_result_along_unless_it_is_shared(desk: Workspace) -> None:
    first, second = finished(desk), requested(desk)
    with pytest.raises(NotAllowed, match="cancel it first"):
        delete_run(second)
    with acting_as("engine"):
        claims.adopt(claimed(), "d" * 64)

    with workspace_scope(desk.pk):
        delete_run(first)
        assert BacktestResult.objects.count() == 1
        delete_run(second)
        assert not BacktestResult.objects.exists()
        assert not BacktestPart.objects.exists()


@pytest.mark.parametrize("name, most, says", [
    ("BACKTESTS_AT_ONCE", 1, "1 backtests are under way"), ("BACKTESTS_PER_DAY", 1, "within 24 hours"),
    ("BACKTESTS_KEPT", 1, "delete some first"), ("BACKTEST_CANDLES", 100, "240 candles are more than the 100"),
])  # fmt: skip
def test_quotas(desk: Workspace, settings: Settings, name: str, most: int, says: str) -> None:
    first = finished(desk) if name == "BACKTESTS_KEPT" else None
    if first is None and name != "BACKTEST_CANDLES":
        requested(desk)
    setattr(settings, name, most)

    with pytest.raises(QuotaExceeded, match=says):
        requested(desk)
    with workspace_scope(desk.pk):
        assert BacktestRun.objects.count() == (0 if name == "BACKTEST_CANDLES" else 1)


def test_deleting_gives_nothing_back_of_the_day(desk: Workspace, settings: Settings) -> None:
    settings.BACKTESTS_PER_DAY = 1
    run = cancel_run(requested(desk))
    delete_run(run)

    with pytest.raises(QuotaExceeded, match="24 hours"):
        requested(desk)


@pytest.mark.parametrize("start, end, path, says", [
    (0, 0, "to", "after the beginning"), (5, 1, "to", "after the beginning"),
    (COUNT, COUNT + 9, "from", "those of BTCUSDT on synthetic linear are from 2025-01-01 00:00 to 2025-01-01 04:00"),
    (-90, 0, "from", "no candles in that time"),
])  # fmt: skip
def test_a_period_that_cannot_be_played(desk: Workspace, start: int, end: int, path: str, says: str) -> None:
    with workspace_scope(desk.pk), pytest.raises(InvalidInput, match=says) as refused:
        request_run(bot_document(), start_ms=START_MS + start * MINUTE, end_ms=START_MS + end * MINUTE)

    assert refused.value.path == path


def test_a_period_is_cut_to_what_is_stored(desk: Workspace) -> None:
    with workspace_scope(desk.pk):
        run = request_run(bot_document(), start_ms=0, end_ms=START_MS * 2)

    assert (run.start_ms, run.end_ms) == (START_MS, START_MS + COUNT * MINUTE)


def test_a_bad_document_is_refused_with_its_place(desk: Workspace) -> None:
    with workspace_scope(desk.pk), pytest.raises(DocumentInvalid) as refused:
        request_run(bot_document(timeframe="7m"), start_ms=START_MS, end_ms=START_MS + MINUTE)

    assert refused.value.path == "timeframe"

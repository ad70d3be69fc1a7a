"""The compute process: runs in forked children, ended from outside, and the machine code beside them."""

from __future__ import annotations

import multiprocessing
import os
import struct
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from django.db import OperationalError

from accounts.models import Workspace
from ailona.kit.tenancy import workspace_scope
from analytics.compute import machine_code, process, worker
from analytics.compute.machine_code import CodeState, MachineCode
from analytics.compute.patience import INTERPRETED_PER_S, is_worth_waiting
from analytics.compute.process import COMPILING, Stopping
from analytics.models import BacktestResult, BacktestRun
from analytics.services.backtests import claims
from analytics.services.backtests.claims import Claim
from analytics.services.backtests.inputs import Inputs
from analytics.services.backtests.requests import cancel_run
from tests.analytics.backtest_desk import (  # noqa: F401 - desk is a fixture
    again,
    claimed,
    compute,
    desk,
    requested,
)
from tests.roles import acting_as
from tests.worlds import MINUTE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def _no_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes a minute; the tests of the compiled run do it."""
    monkeypatch.setattr(machine_code, "_compile", lambda *_: os._exit(1))


def stuck(claim: Claim, *_: object) -> None:
    time.sleep(60)


def test_a_run_is_played_by_a_child_and_the_same_again_comes_from_the_cache(
    desk: Workspace, tmp_path: Path
) -> None:
    one, other = requested(desk), requested(desk)
    made = compute(tmp_path)
    with acting_as("engine"):
        assert made.play_next()
        assert made.play_next()
        assert not made.play_next()
    made.code.stop()

    first, second = again(one), again(other)
    assert (first.state, first.error, first.from_cache) == ("done", "", False)
    assert (second.state, second.from_cache, second.data_hash) == ("done", True, first.data_hash)
    assert second.result_id == first.result_id
    assert first.result is not None
    assert first.result.engine == "interpreted"


def test_what_cannot_be_played_fails_with_a_sentence(desk: Workspace, tmp_path: Path) -> None:
    run = requested(desk)
    with acting_as("engine"), workspace_scope(desk.pk):
        BacktestRun.objects.filter(pk=run.pk).update(end_ms=run.start_ms, start_ms=run.start_ms - 60 * MINUTE)
    with acting_as("engine"):
        compute(tmp_path).play_next()

    assert again(run).state == "failed"
    assert again(run).error == "from: no candles of BTCUSDT on synthetic linear in that time."


def test_a_cancel_ends_the_child_within_a_second(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "work", stuck)
    run = requested(desk)
    made = compute(tmp_path)
    with acting_as("engine"):
        claim = claimed()
        job = made._start(claim)
        assert made._step(job)
        with workspace_scope(desk.pk):
            cancel_run(run)
        began = time.monotonic()
        while made._step(job):
            pass
        job.process.kill()
        job.process.join()

    assert time.monotonic() - began < 1.0
    assert again(run).state == "cancelled"


def test_a_run_that_takes_too_long_is_ended(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "work", stuck)
    run = requested(desk)
    with acting_as("engine"):
        compute(tmp_path, seconds=0).play_next()

    assert again(run).state == "failed"
    assert "more than the 0 seconds" in again(run).error


def hungry(inputs: Inputs, *_: object) -> None:
    bytearray(300 * 2**20)


def test_a_run_that_takes_too_much_memory_is_told_so(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "play", hungry)
    run = requested(desk)
    with acting_as("engine"):
        compute(tmp_path, memory_mb=100).play_next()

    assert again(run).state == "failed"
    assert "more than the 100 MB of memory" in again(run).error


def test_a_child_that_is_killed_fails_its_run_with_a_sentence(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "play", lambda *_: os.kill(os.getpid(), 9))
    run = requested(desk)
    with acting_as("engine"):
        compute(tmp_path).play_next()

    assert again(run).state == "failed"
    assert "ended by the system" in again(run).error
    with workspace_scope(desk.pk):
        assert not BacktestResult.objects.exists()


def torn(claim: Claim, limits: object, code: object, way: tuple[Connection, Connection], parent: int) -> None:
    """Begin to send something long, and die."""
    os.write(way[1].fileno(), struct.pack("!i", 1_000_000) + b"the beginning")


def test_a_result_that_is_torn_off_fails_its_run(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "work", torn)
    run = requested(desk)
    with acting_as("engine"):
        compute(tmp_path).play_next()

    assert "ended by the system" in again(run).error


def test_a_run_that_was_cancelled_as_its_process_ends_stays_cancelled(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = requested(desk)
    made = compute(tmp_path)

    def cancelled(claim: Claim) -> None:
        claims.stop(claim)
        raise Stopping

    monkeypatch.setattr(made, "_see_through", cancelled)
    with acting_as("engine"):
        assert made.play_next()

    assert again(run).state == "cancelled"


def test_a_process_that_is_asked_to_end_gives_its_run_back(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "work", stuck)
    run = requested(desk)
    made = compute(tmp_path)
    made.stop.set()
    with acting_as("engine"):
        made.play_next()
    made.code.stop()

    assert again(run).state == "queued"


def test_a_database_that_is_away_costs_the_run_a_turn_and_no_more(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(claim: Claim) -> bool:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(process, "work", stuck)
    monkeypatch.setattr(process, "DATABASE_WAIT_S", 0.0)
    monkeypatch.setattr(claims, "is_to_stop", away)
    run = requested(desk)
    made = compute(tmp_path)
    with acting_as("engine"):
        assert made._turn()
    made.code.stop()

    assert again(run).state == "running"
    assert not multiprocessing.active_children()


def test_a_run_waits_for_machine_code_only_if_that_is_sooner(desk: Workspace) -> None:
    run = requested(desk)
    claim = claimed()
    minutes = 240
    with acting_as("engine"):
        assert not is_worth_waiting(claim, 0)
        assert not is_worth_waiting(claim, 2 * minutes / INTERPRETED_PER_S)
        assert is_worth_waiting(claim, minutes / INTERPRETED_PER_S / 2)
    assert again(run).state == "running"


def test_a_run_that_waits_for_machine_code_says_so_and_can_be_cancelled(
    desk: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "is_worth_waiting", lambda *_: True)
    run = requested(desk)
    made = compute(tmp_path)
    seen: list[str] = []

    def cancel_once_told() -> None:
        seen.append(again(run).message)
        with workspace_scope(desk.pk):
            cancel_run(again(run))

    monkeypatch.setattr(made.code, "look", cancel_once_told)
    with acting_as("engine"):
        made.play_next()
    made.code.stop()

    assert seen[0] == COMPILING
    assert again(run).state == "cancelled"


def test_the_longer_compiling_takes_the_less_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = MachineCode(tmp_path)
    code.state = CodeState.COMPILING
    left = []
    for elapsed in (0, 30, 60, 600):
        monkeypatch.setattr(code, "_began", time.monotonic() - elapsed)
        left.append(round(code.remaining_s()))

    assert left == [60, 30, 30, 300]


@pytest.mark.parametrize("works", [True, False])
def test_machine_code_is_made_by_a_child_and_then_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool, eventually: Callable[..., object]
) -> None:
    loaded: list[Path] = []
    monkeypatch.setattr(machine_code, "_compile", lambda *_: os._exit(0 if works else 1))
    monkeypatch.setattr(machine_code, "warm", loaded.append)
    code = MachineCode(tmp_path)
    assert (code.path, code.remaining_s()) == (None, 0.0)
    code.begin()
    assert code.remaining_s() > 0

    def looked() -> bool:
        code.look()
        return code.state is not CodeState.COMPILING

    eventually(looked)

    assert (code.state, code.remaining_s()) == (CodeState.READY if works else CodeState.FAILED, 0.0)
    assert (code.path, loaded) == ((tmp_path, [tmp_path]) if works else (None, []))


def test_an_idle_process_ends_when_it_is_asked_to(db: None, tmp_path: Path) -> None:
    made = compute(tmp_path)
    thread = threading.Timer(0.05, made.stop.set)
    thread.start()
    made.run()
    thread.join()

    assert made.code.state is CodeState.COLD

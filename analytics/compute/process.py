"""The compute process: takes up backtests one after the other and keeps the engine's machine code warm.

Each run is played by a forked child. This process alone writes: progress a few times a second, the result
whole at the end. It ends a run that was cancelled, takes too long or too much memory by ending its child.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections

from analytics.compute.machine_code import FOLDER, MachineCode
from analytics.compute.patience import is_worth_waiting
from analytics.compute.worker import Failed, Limits, Message, Progress, Read, work
from analytics.services.backtests import claims
from analytics.services.backtests.claims import Claim, Lost
from analytics.services.backtests.playing import Outcome

logger = logging.getLogger(__name__)

LOOK_S = 0.5
"""How often an idle process looks for work."""
TICK_S = 0.2
"""How often a run is looked after: progress is written and a cancel noticed this soon."""
BEAT_S = 5.0
"""How often a run that says nothing is noted to be alive."""
DATABASE_WAIT_S = 2.0
COMPILING = "Compiling the engine, once"

_context = get_context("fork")


class Stopping(Exception):
    """This process is asked to end."""


@dataclass(slots=True)
class _Job:
    """A run under way."""

    claim: Claim
    process: ForkProcess
    receiver: Connection
    deadline: float
    data_hash: str = ""
    told: Progress | None = None
    beaten: float = 0.0
    """When it was last noted to be alive."""


class Compute:
    """One compute process. ``stop`` may be set from a signal handler."""

    def __init__(self, folder: Path, limits: Limits, stop: threading.Event) -> None:
        self.code = MachineCode(folder)
        self.limits = limits
        self.stop = stop

    @classmethod
    def from_settings(cls, stop: threading.Event) -> Compute:
        """The one this installation describes."""
        limits = Limits(settings.BACKTEST_SECONDS, settings.BACKTEST_MEMORY_MB)
        return cls(Path(settings.DATA_DIR) / FOLDER, limits, stop)

    def run(self) -> None:
        """Work until asked to stop."""
        try:
            while not self.stop.is_set():
                self.code.look()
                if not self._turn():
                    self.stop.wait(LOOK_S)
        finally:
            self.code.stop()

    def _turn(self) -> bool:
        """Play a run if there is one; outlive a database that is away for a while."""
        try:
            return self.play_next()
        except DatabaseError as error:
            logger.warning("the database did not answer (%s); trying again", type(error).__name__)
            connections.close_all()
            self.stop.wait(DATABASE_WAIT_S)
            return True

    def play_next(self) -> bool:
        """Take up one run and see it through; False if there was none."""
        claim = claims.claim_next()
        if claim is None:
            return False
        try:
            try:
                self._see_through(claim)
            except Stopping:
                claims.give_back(claim)
        except Lost:
            logger.info("backtest %s is no longer ours", claim.code)
        return True

    def _see_through(self, claim: Claim) -> None:
        self.code.begin()
        if not self._wait_for_code(claim):
            return
        job = self._start(claim)
        try:
            while self._step(job):
                pass
        finally:
            job.process.kill()
            job.process.join()
            job.receiver.close()

    def _wait_for_code(self, claim: Claim) -> bool:
        """Wait for the machine code as long as that is sooner than doing without; False if it was cancelled."""
        told = 0.0
        while is_worth_waiting(claim, self.code.remaining_s()):
            if time.monotonic() - told > BEAT_S:
                told = time.monotonic()
                claims.report_progress(claim, 0.0, COMPILING)
            if claims.is_to_stop(claim):
                claims.stop(claim)
                return False
            if self.stop.wait(TICK_S):
                raise Stopping
            self.code.look()
        return True

    def _start(self, claim: Claim) -> _Job:
        connections.close_all()  # a connection must not be in two processes
        way = receiver, sender = _context.Pipe(duplex=False)
        process = _context.Process(
            target=work, args=(claim, self.limits, self.code.path, way, os.getpid()), daemon=True
        )
        process.start()
        sender.close()
        return _Job(claim, process, receiver, time.monotonic() + self.limits.seconds)

    def _step(self, job: _Job) -> bool:
        """Hear what a run says and what people want of it; False when it has ended."""
        until = time.monotonic() + TICK_S
        while (left := until - time.monotonic()) > 0:
            if not job.receiver.poll(left):
                break
            try:
                message: Message = job.receiver.recv()
            except (EOFError, OSError):  # between two messages, or in the middle of one
                self._ended(job)
                return False
            if not self._hear(job, message):
                return False
        return self._look_after(job)

    def _hear(self, job: _Job, message: Message) -> bool:
        """Take what a run says; False when that was its last word."""
        if isinstance(message, Progress):
            job.told = message
            return True
        if isinstance(message, Read):
            job.data_hash = message.data_hash
            return not claims.adopt(job.claim, message.data_hash)
        if isinstance(message, Outcome):
            claims.finish(job.claim, job.data_hash, message)
        elif isinstance(message, Failed):
            claims.fail(job.claim, message.sentence)
        return False

    def _look_after(self, job: _Job) -> bool:
        """Write down how far it is, stop what is to stop."""
        self.code.look()
        if self.stop.is_set():
            raise Stopping
        if claims.is_to_stop(job.claim):
            claims.stop(job.claim)
            return False
        if time.monotonic() > job.deadline:
            claims.fail(job.claim, too_long(self.limits))
            return False
        now = time.monotonic()
        if job.told is not None:
            claims.report_progress(job.claim, job.told.share, job.told.message)
            job.told, job.beaten = None, now
        elif now - job.beaten > BEAT_S:
            claims.keep(job.claim)
            job.beaten = now
        return True

    def _ended(self, job: _Job) -> None:
        """It ended without a last word: the kernel, or a fault in a library, ended it."""
        job.process.join()
        logger.error("the process of backtest %s ended with %s", job.claim.code, job.process.exitcode)
        claims.fail(job.claim, ended_by_itself(self.limits))


def too_long(limits: Limits) -> str:
    """Say that a run took too long."""
    return (
        f"It took more than the {limits.seconds:,} seconds a backtest may take: "
        "choose a shorter period or fewer symbols."
    )


def ended_by_itself(limits: Limits) -> str:
    """Say that the process of a run was ended from outside."""
    return (
        f"Its process was ended by the system, most likely for memory (at most {limits.memory_mb:,} MB): "
        "choose a shorter period or fewer symbols."
    )

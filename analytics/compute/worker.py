"""One run in a process of its own, forked from the warm one.

It can be ended at any instant, and costs nobody else memory or time. It reads the market and writes
nothing; what it has to say goes to its parent.
"""

from __future__ import annotations

import logging
import re
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ailona.kit.orphans import die_with
from analytics.services.backtests.claims import Claim
from analytics.services.backtests.inputs import gather
from analytics.services.backtests.playing import Outcome, play
from bots.services.documents import parsed
from trading_core.errors import AilonaError

logger = logging.getLogger(__name__)

MB = 2**20
SPARE_S = 30
"""Processor seconds beyond the limit until the kernel ends a run whose parent does not."""
OOM_SCORE = "900"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take."""

    seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    share: float
    message: str


@dataclass(frozen=True, slots=True)
class Read:
    """What it plays on has been read."""

    data_hash: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It can't be played, and why."""

    sentence: str


Message = Progress | Read | Failed | Outcome


def work(
    claim: Claim, limits: Limits, machine_code: Path | None, way: tuple[Connection, Connection], parent: int
) -> None:
    """Play a claimed run and send what it comes to; the body of the forked process."""
    receiver, sender = way
    receiver.close()  # so that sending fails once the parent is gone
    _settle_in(limits, parent)
    sender.send(outcome_of(claim, limits, machine_code, sender.send))
    sender.close()


def outcome_of(
    claim: Claim, limits: Limits, machine_code: Path | None, say: Callable[[Message], None]
) -> Outcome | Failed:
    """Play a claimed run; what goes wrong comes back as a sentence."""
    try:
        inputs = gather(parsed(claim.document), claim.start_ms, claim.end_ms)
        say(Read(inputs.hash()))
        return play(inputs, lambda share, message: say(Progress(share, message)), machine_code)
    except AilonaError as error:
        return Failed(f"{error}.".replace("..", "."))
    except MemoryError:
        return Failed(
            f"It needs more than the {limits.memory_mb:,} MB of memory a backtest may take: "
            "choose a shorter period, fewer symbols or a longer timeframe."
        )
    except Exception:
        logger.exception("backtest %s failed", claim.code)
        return Failed("It failed for a reason of ours; it is logged.")


def _settle_in(limits: Limits, parent: int) -> None:
    die_with(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to pass on
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds + SPARE_S, limits.seconds + SPARE_S))
    if sys.platform == "linux":
        _bound_memory(limits.memory_mb * MB)


def _bound_memory(beyond: int) -> None:
    """Let this process have so many bytes beyond what it has now, and be the first the kernel ends."""
    Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")
    told = re.search(
        r"^VmData:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE
    )
    now = int(told[1]) * 1024 if told else 0
    resource.setrlimit(resource.RLIMIT_DATA, (now + beyond, now + beyond))

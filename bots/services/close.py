"""A close, from the rules to the bots: verdicts first, then every bot's turn."""

from __future__ import annotations

from ailona.kit.queue import enqueue
from bots.services.cycle import run_cycle
from bots.services.verdicts import run_verdicts
from bots.services.wake import CYCLE

HERE_MAX = 4
"""So many bots are decided where their verdicts were computed; more are spread over the workers."""


def run_close(source: str, category: str, close_ms: int) -> int:
    """Answer what the rules ask about a close and let the bots decide; return how many bots it concerns.

    What fails or is forgotten here is rung for again by the sweep.
    """
    bots = run_verdicts(source, category, close_ms)
    for bot_id, workspace_id in bots[HERE_MAX:]:
        enqueue(CYCLE, bot_id=bot_id, workspace_id=workspace_id)
    for bot_id, workspace_id in bots[:HERE_MAX]:
        run_cycle(bot_id, workspace_id)
    return len(bots)

"""Bot states: which may follow which, and which take part in a close.

What may rest on the exchange in each state is the engine's table (``trading_core.engine.states``).
"""

from __future__ import annotations

from bots.models.bot import BotState

LISTENING = (BotState.RUNNING, BotState.ENTRIES_PAUSED, BotState.CLOSE_ONLY, BotState.STOPPING)
"""States in which every close is decided and recorded."""

ACTIVE = (BotState.STARTING, *LISTENING)
"""States in which a bot holds on to its account: it can't be deleted, its account not reset."""

NEXT: dict[BotState, frozenset[BotState]] = {
    BotState.DRAFT: frozenset({BotState.STARTING}),
    BotState.STARTING: frozenset({BotState.RUNNING, BotState.STOPPING, BotState.STOPPED, BotState.PARKED}),
    BotState.RUNNING: frozenset(
        {BotState.ENTRIES_PAUSED, BotState.CLOSE_ONLY, BotState.STOPPING, BotState.STOPPED, BotState.PARKED}
    ),
    BotState.ENTRIES_PAUSED: frozenset(
        {BotState.RUNNING, BotState.CLOSE_ONLY, BotState.STOPPING, BotState.STOPPED, BotState.PARKED}
    ),
    BotState.CLOSE_ONLY: frozenset(
        {BotState.RUNNING, BotState.ENTRIES_PAUSED, BotState.STOPPING, BotState.STOPPED, BotState.PARKED}
    ),
    BotState.STOPPING: frozenset({BotState.STOPPED, BotState.PARKED}),
    BotState.STOPPED: frozenset({BotState.STARTING, BotState.STOPPING}),
    BotState.PARKED: frozenset({BotState.STARTING, BotState.STOPPING, BotState.STOPPED}),
}
"""Which state may follow which. A stopped or parked bot may be left with a position: it can still be closed."""


def may_follow(state: str, wanted: str) -> bool:
    """Whether a bot in one state may go to another."""
    return BotState(wanted) in NEXT[BotState(state)]

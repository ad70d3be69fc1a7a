"""Takes a bot that keeps failing out of the loop, with the reason for its owner."""

from __future__ import annotations

from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, BotState
from bots.services.tending import locked_bot
from bots.states import may_follow

FAILURES_MAX = 3
REASON_MAX = 200


def note_failure(bot_id: int, workspace_id: int, error: Exception) -> None:
    """Count a failure of a bot's cycle; the third in a row parks it."""
    with workspace_scope(workspace_id):
        bot = locked_bot(bot_id)
        bot.failures += 1
        bot.save(update_fields=["failures"])
        if bot.failures >= FAILURES_MAX:
            park(bot, f"{FAILURES_MAX} failures in a row: {type(error).__name__}: {error}")


def park(bot: Bot, reason: str) -> None:
    """Park a bot; its position keeps its stop and target. The caller holds the transaction."""
    if not may_follow(bot.state, BotState.PARKED):
        return
    bot.state = BotState.PARKED
    bot.state_reason = reason[:REASON_MAX]
    bot.save(update_fields=["state", "state_reason"])
    tell(bot.workspace_id, {"type": "bot.changed", "bot": bot.code})

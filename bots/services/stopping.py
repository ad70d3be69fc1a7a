"""The last step of stopping: nothing held, nothing ordered, so the bot stands still."""

from __future__ import annotations

from ailona.kit.push import tell
from bots.models import Bot, BotState, Claim


def settle_stopping(bot: Bot) -> None:
    """Turn a stopping bot that holds no claim any more into a stopped one."""
    if bot.state != BotState.STOPPING or Claim.objects.filter(bot=bot).exists():
        return
    bot.state = BotState.STOPPED
    bot.save(update_fields=["state"])
    tell(bot.workspace_id, {"type": "bot.changed", "bot": bot.code})

"""What a button does: one action by name, for pages and API alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bots.models import Bot, StopMode
from bots.services import lifecycle
from trading_core.errors import InvalidInput

STOP_MODES = ("close_only", *StopMode.values)
DONE: Mapping[str, str] = {
    "start": "{name} starts with the next closed candle.",
    "pause": "{name} takes no new entries.",
    "resume": "{name} takes entries again.",
    "stop": "{name} is stopping.",
    "panic": "{name} is closing everything.",
}
ACTIONS = tuple(DONE)


def act(bot: Bot, action: str, *, actor: str, mode: str = "") -> Bot:
    """Do it; raises ``InvalidInput`` for what the bot's state, or the mode, does not allow."""
    if action == "stop":
        return _stop(bot, mode or StopMode.CANCEL, actor)
    simple: Mapping[str, Callable[..., Bot]] = {
        "start": lifecycle.start_bot,
        "pause": lifecycle.pause_bot,
        "resume": lifecycle.resume_bot,
        "panic": lifecycle.panic_bot,
    }
    return simple[action](bot, actor=actor)


def _stop(bot: Bot, mode: str, actor: str) -> Bot:
    if mode not in STOP_MODES:
        raise InvalidInput("mode", f"expected one of {', '.join(STOP_MODES)}, was {mode[:40]!r}")
    if mode == "close_only":
        return lifecycle.close_only(bot, actor=actor)
    return lifecycle.stop_bot(bot, mode, actor=actor)

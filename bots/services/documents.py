"""Bot documents as the core sees them: parsed once per process and text."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from bots.models import Bot
from trading_core.engine.document import BotDocument, parse_document


def document_of(bot: Bot) -> BotDocument:
    """Return a bot's document; it was validated when the bot was created."""
    return parsed(bot.document)


def parsed(document: dict[str, Any]) -> BotDocument:
    """Return a parsed document, remembered by its text; raises ``DocumentInvalid``."""
    return _parsed(json.dumps(document, sort_keys=True))


@lru_cache(maxsize=2_000)
def _parsed(text: str) -> BotDocument:
    return parse_document(json.loads(text))

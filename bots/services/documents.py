"""Bot documents as the core sees them: parsed once per process and text."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from bots.models import Bot, RetiredDocument
from trading_core.engine.document import BotDocument, parse_document


def document_of(bot: Bot) -> BotDocument:
    """Return a bot's document; it was validated when the bot was created."""
    return parsed(bot.document)


def document_at(bot: Bot, close_ms: int) -> BotDocument:
    """Return the document under which a bot decided a close."""
    retired = RetiredDocument.objects.filter(bot=bot, until_ms__gte=close_ms).order_by("until_ms").first()
    return document_of(bot) if retired is None else parsed(retired.document)


def document_since(bot: Bot) -> int:
    """Return the last close that was decided under another document than the bot's; 0 if there is none."""
    last = RetiredDocument.objects.filter(bot=bot).order_by("-until_ms").first()
    return 0 if last is None else last.until_ms


def retire_document(bot: Bot) -> None:
    """Keep the document of a bot that is about to get another one, if anything was decided under it."""
    if bot.done:
        RetiredDocument.objects.get_or_create(bot=bot, until_ms=bot.done, defaults={"document": bot.document})


def parsed(document: dict[str, Any]) -> BotDocument:
    """Return a parsed document, remembered by its text; raises ``DocumentInvalid``."""
    return _parsed(json.dumps(document, sort_keys=True))


@lru_cache(maxsize=2_000)
def _parsed(text: str) -> BotDocument:
    return parse_document(json.loads(text))

"""The decision journal at rest: pages of packed decisions, and the documents they were made under."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ailona.kit.tenancy import TenantModel
from bots.models.bot import Bot


class DecisionPage(TenantModel):
    """Consecutive decisions of one bot and symbol, packed; written once, never changed.

    The newest decisions are rows (``Outcome``); a decision is in exactly one of the two.
    """

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="pages", db_index=False)
    symbol = models.CharField(max_length=30)
    first_close_ms = models.BigIntegerField()
    last_close_ms = models.BigIntegerField()
    counts = models.JSONField()
    """Decisions by outcome code: a page without the code asked for is not opened."""
    blob = models.BinaryField()
    """``trading_core.engine.journal.page``."""
    digest = models.BinaryField(max_length=32)
    """SHA-256 of the digest before it and the blob: ``trading_core.engine.journal.chain``."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "symbol", "first_close_ms"], name="page_once"),
        ]


class RetiredDocument(TenantModel):
    """The document a bot had before it was given another one."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="retired")
    until_ms = models.BigIntegerField()
    """The last close that was decided under it."""
    document = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "until_ms"], name="retired_once"),
        ]

"""Backtests as jobs: what was asked, how far it is, and what it came to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel
from bots.models import Bot


class BacktestState(models.TextChoices):
    """How far a backtest is."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class BacktestResult(TenantModel):
    """What a document came to on candles; runs of a workspace that ask the same share it."""

    cache_key = models.CharField(max_length=64)
    """SHA-256 over the hashes of engine, document and data."""
    engine = models.CharField(max_length=200)
    """As in ``meta.engine`` of the result."""
    seconds = models.FloatField()
    """How long it took."""
    figures = models.JSONField()
    """Key figures for lists and comparisons: name → text, number or None."""
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "cache_key"], name="backtest_result_once"),
        ]


class BacktestPart(TenantModel):
    """One file of a result, compressed."""

    result = models.ForeignKey(BacktestResult, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=20)
    """``analytics.services.backtests.parts`` says which there are."""
    content = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["result", "name"], name="backtest_part_once"),
        ]


class BacktestRun(TenantModel):
    """A backtest somebody asked for."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    bot = models.ForeignKey(Bot, on_delete=models.SET_NULL, null=True, related_name="backtests")
    """The bot whose document it was; None for a document that was handed in."""
    name = models.CharField(max_length=80)
    document = models.JSONField()
    """Canonical: rules inline."""
    document_hash = models.CharField(max_length=64)
    source = models.CharField(max_length=20)
    category = models.CharField(max_length=10)
    symbols = models.JSONField()
    timeframe = models.CharField(max_length=4)
    start_ms = models.BigIntegerField()
    end_ms = models.BigIntegerField()
    """The open at which it ends, itself not played."""
    candles = models.PositiveIntegerField(default=0)
    """Minutes played."""
    data_hash = models.CharField(max_length=64, blank=True)
    """SHA-256 of everything the engine was given besides the document; empty until it was read."""
    engine_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=BacktestState.choices, default=BacktestState.QUEUED)
    progress = models.FloatField(default=0.0)
    """0 to 1."""
    message = models.CharField(max_length=120, blank=True)
    """What is being done."""
    cancel_requested = models.BooleanField(default=False)
    error = models.CharField(max_length=400, blank=True)
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField()
    """When the compute process was last heard of; a running one that is silent was lost."""
    attempt = models.PositiveSmallIntegerField(default=0)
    """Rises each time it is taken up. What an earlier attempt says counts no more."""
    losses = models.PositiveSmallIntegerField(default=0)
    """How many processes were lost over it."""
    result = models.ForeignKey(BacktestResult, on_delete=models.SET_NULL, null=True, related_name="runs")
    from_cache = models.BooleanField(default=False)
    """Whether the result was there before."""

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="backtest_unfinished",
            ),
        ]

    @property
    def is_unfinished(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNFINISHED


UNFINISHED = (BacktestState.QUEUED, BacktestState.RUNNING)

"""Studies: questions about a bot that take longer than a page may wait."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel
from bots.models.bot import Bot


class StudyState(models.TextChoices):
    """How far a study is."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Study(TenantModel):
    """What a bot would have done with other rules over its last days."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="studies")
    change = models.JSONField()
    """A whole rule-set document, or a list of ``{"path": ..., "value": ...}``."""
    days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=StudyState.choices, default=StudyState.WAITING)
    progress = models.PositiveSmallIntegerField(default=0)
    """Percent."""
    result = models.JSONField(null=True)
    """``bots.services.whatif_result``; None until it is done."""
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    """When its worker was last heard of."""
    expires_at = models.DateTimeField()
    """When it may be removed."""

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["touched_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="study_unfinished",
            ),
        ]

"""The life of an order, step by step."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ailona.kit.tenancy import TenantModel
from bots.models.trading import OrderRow


class OrderEvent(TenantModel):
    """One step in the life of an order; appended in the transaction of the step, never changed."""

    order = models.ForeignKey(OrderRow, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    """Wall clock."""
    step = models.CharField(max_length=24)
    """A state of the order, or what was asked about it: ``amend sent``, ``cancel confirmed`` ..."""
    words = models.CharField(max_length=200, blank=True)
    """Why, or how much."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["order", "id"], name="event_by_order")]

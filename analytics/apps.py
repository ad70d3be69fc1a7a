"""The analytics application."""

from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Looking back."""

    name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"

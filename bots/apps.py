"""The bots application."""

from __future__ import annotations

from django.apps import AppConfig


class BotsConfig(AppConfig):
    """Bots and the market they stand in."""

    name = "bots"
    default_auto_field = "django.db.models.BigAutoField"

"""The conditions application."""

from __future__ import annotations

from django.apps import AppConfig


class ConditionsConfig(AppConfig):
    """Rule-sets and their versions."""

    name = "conditions"
    default_auto_field = "django.db.models.BigAutoField"

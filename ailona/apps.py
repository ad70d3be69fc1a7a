"""The project as an app: its commands, its system checks, and Celery bound to every process."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from celery.signals import beat_init, celeryd_init
from django.apps import AppConfig


class AilonaConfig(AppConfig):
    """Binds the parts that every process shares."""

    name = "ailona"

    def ready(self) -> None:
        """Register the checks, make our Celery app the default one, and guard the start of its processes."""
        self._checks = import_module("ailona.checks")  # needs the models
        import_module("ailona.assets")
        import_module("ailona.celery")
        for signal in (celeryd_init, beat_init):
            signal.connect(self._guard, weak=False, dispatch_uid="ailona.guard")

    def _guard(self, **_kwargs: Any) -> None:
        self._checks.refuse_unsafe_start()

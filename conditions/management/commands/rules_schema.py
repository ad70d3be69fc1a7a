"""Print the JSON Schema of rule-sets: ``manage.py rules_schema > docs/rules.schema.json``."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from trading_core.rules.json_schema import rules_schema


class Command(BaseCommand):
    """Print the JSON Schema of rule-set documents (draft 2020-12)."""

    help = "Print the JSON Schema of rule-set documents."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(json.dumps(rules_schema(), indent=1))

"""The browser libraries that npm installs, and the check that they are there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

CHART_LIBRARY = "node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.js"


@register
def check_browser_libraries(**_: Any) -> list[CheckMessage]:
    """Without the file the pages would load and their charts stay empty."""
    if (settings.BASE_DIR / CHART_LIBRARY).is_file():
        return []
    return [
        Error(f"{CHART_LIBRARY} is missing", hint="run `npm ci`, or `make run`, which does", id="ailona.E001")
    ]

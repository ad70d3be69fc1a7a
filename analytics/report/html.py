"""A result document as one page that needs nothing else: no network, light and dark, screen and paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from analytics.report.view import view_of
from trading_core.backtest.bars import Bar

LIBRARY = "vendor/lightweight-charts/lightweight-charts.standalone.production.js"
"""TradingView's Lightweight Charts, Apache-2.0; its notice stands at its head and in the page's foot."""


def report_html(result: Mapping[str, Any], bars: Mapping[str, Sequence[Bar]] | None = None) -> str:
    """Return the page of a result document; ``bars`` by symbol are the candles trades are shown on."""
    parts = {
        "style": _static("css/tokens.css") + _static("report/page.css") + _static("report/report.css"),
        "library": _static(LIBRARY),
        "script": _static("report/report.js"),
    }
    return render_to_string("report/report.html", {**view_of(result, bars or {}), **parts})


def _static(name: str) -> SafeString:
    """One of our own files, to stand in the page as it is."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(f"static file {name}")
    return mark_safe(Path(found).read_text(encoding="utf-8"))  # noqa: S308 - ours, not a visitor's

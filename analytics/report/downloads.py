"""Results as files to take away."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from analytics.models import BacktestRun
from analytics.report.html import report_html
from analytics.services.backtests.reading import part, shown


@dataclass(frozen=True, slots=True)
class File:
    """One kind of file."""

    label: str
    content_type: str
    ending: str


FILES: Mapping[str, File] = {
    "html": File("Report, one page", "text/html; charset=utf-8", "html"),
    "json": File("Result, JSON", "application/json", "json"),
    "csv": File("Tables, CSV", "application/zip", "csv.zip"),
    "parquet": File("Tables, Parquet", "application/zip", "parquet.zip"),
}


def download(run: BacktestRun, kind: str, *, takes_gzip: bool) -> HttpResponse:
    """Return a result as a file; raise NoResult, KeyError for a kind there is none of."""
    file = FILES[kind]
    if kind == "html":
        result = shown(run)
        response = HttpResponse(report_html(result, result["bars"]), content_type=file.content_type)
    elif kind == "json":
        # Kept compressed, and handed out so to whoever unpacks it.
        content = part(run, "json")
        response = HttpResponse(
            content if takes_gzip else gzip.decompress(content), content_type=file.content_type
        )
        response["Vary"] = "Accept-Encoding"
        if takes_gzip:
            response["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(
            part(run, "csv" if kind == "csv" else "parquet"), content_type=file.content_type
        )
    name = re.sub(r"[^a-z0-9]+", "-", run.name.lower()).strip("-") or "backtest"
    response["Content-Disposition"] = f'attachment; filename="{name}-{run.code}.{file.ending}"'
    return response


def takes_gzip(request: HttpRequest) -> bool:
    """Say whether whoever asks unpacks an answer that is compressed."""
    return "gzip" in request.headers.get("Accept-Encoding", "")

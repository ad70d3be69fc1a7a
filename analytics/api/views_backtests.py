"""The API of backtests: ask for one, watch it, cancel it, read and compare results."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from ailona.kit.api import ERRORS, Conflict, ErrorOut, NewestFirst, refusal
from analytics.api.serializers_backtests import (
    BacktestDocumentOut,
    BacktestIn,
    BacktestOut,
    ComparedIn,
    ComparisonOut,
)
from analytics.models import BacktestRun
from analytics.report.downloads import FILES, download, takes_gzip
from analytics.services.backtests.quota import QuotaExceeded
from analytics.services.backtests.reading import NoResult, chosen, runs, shown
from analytics.services.backtests.requests import NotAllowed, cancel_run, delete_run, request_run
from bots.models import Bot
from conditions.selectors import resolved
from trading_core.backtest.inputs import time_of
from trading_core.errors import DocumentInvalid

_LIMITED = {
    **ERRORS,
    429: OpenApiResponse(
        ErrorOut, "The workspace has as many backtests as it may have; the message says of what."
    ),
}
_WHOLE: dict[Any, Any] = {(200, "application/json"): OpenApiTypes.OBJECT, **ERRORS}


class QuotaReached(Throttled):
    """The workspace may have no more backtests now."""

    def __init__(self, detail: str) -> None:
        APIException.__init__(self, detail)
        self.wait = None


class Backtests(APIView):
    """Every backtest of the workspace."""

    pagination_class = NewestFirst

    @extend_schema(responses={200: BacktestOut(many=True), **ERRORS}, operation_id="backtests_list")
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        pages = self.pagination_class()
        rows = pages.paginate_queryset(runs(), request, view=self)
        return pages.get_paginated_response(BacktestOut(rows, many=True).data)

    @extend_schema(
        request=BacktestIn, responses={201: BacktestOut, **_LIMITED}, operation_id="backtests_create"
    )
    def post(self, request: Request) -> Response:
        """Ask for one; look at it again until it is `done`."""
        body = BacktestIn(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            BacktestOut(_asked(body.validated_data, actor_of(request))).data, status=status.HTTP_201_CREATED
        )


def _asked(data: dict[str, Any], actor: str) -> BacktestRun:
    bot = get_for(Bot.objects.all(), data["bot"]) if "bot" in data else None
    raw = dict(bot.document if bot is not None else data["document"])
    if "balance" in data:
        raw["wallet"] = {"balance": data["balance"]}
    start_ms, end_ms = time_of(data["start"], "start"), time_of(data["end"], "end")
    try:
        return request_run(raw, start_ms=start_ms, end_ms=end_ms, bot=bot, actor=actor, resolve=resolved)
    except QuotaExceeded as error:
        raise QuotaReached(error.reason) from error
    except DocumentInvalid as error:
        raise refusal(error, prefix="document") from error


class Backtest(APIView):
    """One backtest."""

    @extend_schema(responses={200: BacktestDocumentOut, **ERRORS}, operation_id="backtests_retrieve")
    def get(self, request: Request, code: str) -> Response:
        """How far it is, with its document, and its key figures once it is done."""
        return Response(BacktestDocumentOut(get_for(runs(), code)).data)

    @extend_schema(request=None, responses={204: None, **ERRORS}, operation_id="backtests_delete")
    def delete(self, request: Request, code: str) -> Response:
        """Delete one that has ended, with its result."""
        try:
            delete_run(get_for(runs(), code), actor=actor_of(request))
        except NotAllowed as error:
            raise Conflict(error.reason) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class Cancel(APIView):
    """Cancelling a backtest."""

    @extend_schema(request=None, responses={200: BacktestOut, **ERRORS}, operation_id="backtests_cancel")
    def post(self, request: Request, code: str) -> Response:
        """Stop it within a second or so; one that has ended stays as it is."""
        return Response(BacktestOut(cancel_run(get_for(runs(), code), actor=actor_of(request))).data)


class Result(APIView):
    """The result of a backtest."""

    @extend_schema(responses=_WHOLE, operation_id="backtests_result")
    def get(self, request: Request, code: str) -> HttpResponse:
        """Read the whole result document, as the command writes it."""
        return _file(request, code, "json")


class Export(APIView):
    """The result of a backtest as a file."""

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, **ERRORS},
        operation_id="backtests_export",
    )
    def get(self, request: Request, code: str, file: str) -> HttpResponse:
        """Download it: `json`, `html` (one page that needs nothing else), `csv` or `parquet` (a zip of tables)."""
        if file not in FILES:
            raise NotFound(f"there is no such file; there are {', '.join(FILES)}")
        return _file(request, code, file)


def _file(request: Request, code: str, kind: str) -> HttpResponse:
    packed = takes_gzip(request._request)  # noqa: SLF001 - DRF documents no other way
    try:
        return download(get_for(runs(), code), kind, takes_gzip=packed)
    except NoResult as error:
        raise Conflict(error.reason) from error


class Comparison(APIView):
    """Several backtests side by side."""

    @extend_schema(
        parameters=[ComparedIn], responses={200: ComparisonOut, **ERRORS}, operation_id="backtests_compare"
    )
    def get(self, request: Request) -> Response:
        """Metrics and equity of up to five."""
        asked = ComparedIn(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        try:
            found = chosen(asked.validated_data["id"].split(","))
        except BacktestRun.DoesNotExist as error:
            raise NotFound(f"no backtest {error} here") from error
        except NoResult as error:
            raise Conflict(error.reason) from error
        return Response(ComparisonOut({"results": [_compared(run) for run in found]}).data)


def _compared(run: BacktestRun) -> dict[str, Any]:
    result = shown(run)
    meta = result["meta"]
    said = {"code": run.code, "name": run.name, "start": meta["from"], "end": meta["to"]}
    return {**said, "metrics": result["metrics"], "equity": result["equity"]}

"""The API's common ground: one shape of error, strict bodies, cursor pages, roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ParseError, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from trading_core.errors import InvalidInput
from trading_core.strict_json import loads

BODY_MAX = 512 * 1024
_CODES: Mapping[int, str] = {
    400: "invalid", 401: "not_authenticated", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
    406: "not_acceptable", 409: "conflict", 413: "too_large", 415: "unsupported_media_type", 429: "throttled",
}  # fmt: skip


class FieldError(serializers.Serializer[Any]):
    """One place that is wrong."""

    path = serializers.CharField(help_text="Where: `plan.stop.pct`, `universe.symbols.0`.")
    reason = serializers.CharField(help_text="What was expected and what came.")


class ErrorOut(serializers.Serializer[Any]):
    """Every answer that is not a success."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people.")
    fields = FieldError(many=True)  # type: ignore[assignment]  # DRF takes declared fields off the class


ERRORS: Mapping[int, OpenApiResponse] = {
    400: OpenApiResponse(ErrorOut, "The body or a parameter is wrong; `fields` says where."),
    401: OpenApiResponse(ErrorOut, "Nobody is logged in."),
    403: OpenApiResponse(ErrorOut, "The role does not include this."),
    404: OpenApiResponse(ErrorOut, "Nothing here has that code, or it is not yours."),
    409: OpenApiResponse(ErrorOut, "The state it is in does not allow this."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error before it is written down."""

    code: str
    message: str
    fields: list[dict[str, str]] = field(default_factory=list)


class Conflict(APIException):
    """The state something is in does not allow what was asked."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unauthenticated(APIException):
    """Nobody is logged in."""

    status_code = status.HTTP_401_UNAUTHORIZED


class StrictJSONParser(JSONParser):
    """JSON without duplicate keys, NaN, or endless nesting."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body; raises ``ValidationError`` that names the place."""
        body = stream.read(BODY_MAX + 1)
        if len(body) > BODY_MAX:
            raise ParseError(f"expected a body of at most {BODY_MAX} bytes")
        try:
            return loads(body, max_bytes=BODY_MAX)
        except InvalidInput as error:
            raise refusal(error) from error


class NewestFirst(CursorPagination):
    """Pages by a cursor, so that rows that arrive meanwhile shift nothing."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor; one that was tampered with is not found rather than a fault."""
        cursor: Cursor | None = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not str(cursor.position).isdecimal():
            raise NotFound(self.invalid_cursor_message)
        return cursor


def refusal(error: InvalidInput, *, prefix: str = "") -> ValidationError:
    """Return an input error as the API's own."""
    path = f"{prefix}.{error.path}".strip(".") if prefix else error.path
    return ValidationError({path or "body": [error.reason]})


def handle(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an error in the one shape; what nobody expected stays a fault of the server."""
    if isinstance(exc, InvalidInput):
        exc = refusal(exc)
    response = exception_handler(exc, dict(context))
    if response is None:
        return None
    problem = _problem(exc, response)
    response.data = {"code": problem.code, "message": problem.message, "fields": problem.fields}
    return response


def _problem(exc: Exception, response: Response) -> Problem:
    code = _CODES.get(response.status_code, "error")
    if isinstance(exc, ValidationError):
        fields = [{"path": path, "reason": reason} for path, reason in _flat(exc.detail)]
        return Problem(code, _headline(fields), fields)
    if isinstance(exc, (Http404, PermissionDenied)):
        return Problem(code, str(exc) or _headline([]))
    data = response.data
    detail = data.get("detail", "") if isinstance(data, dict) else ""
    return Problem(code, str(detail))


def _headline(fields: list[dict[str, str]]) -> str:
    if not fields:
        return "Nothing here."
    first = fields[0]
    return f"{first['path']}: {first['reason']}" if first["path"] else first["reason"]


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every place of a nested error, as (path, reason)."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _flat(inner, ".".join(part for part in (path, name) if part))
    elif isinstance(detail, (list, tuple)):
        nested = any(isinstance(one, (Mapping, list)) for one in detail)
        for number, inner in enumerate(detail):
            yield from _flat(inner, f"{path}.{number}" if nested else path)
    elif isinstance(detail, ErrorDetail):
        yield path, str(detail)

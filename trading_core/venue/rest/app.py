"""REST: raw request in, envelope out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson

from trading_core.simulator.refusals import SimRefused
from trading_core.venue.clock import wall_ms
from trading_core.venue.exchange import Outcome
from trading_core.venue.hub import Venue
from trading_core.venue.rest.auth import authenticate
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.rest.routes import METHODS, PRIVATE, PUBLIC

Headers = list[tuple[bytes, bytes]]
BODY_MAX = 1 << 20
_JSON = (b"content-type", b"application/json; charset=utf-8")


class Answer:
    """Status, headers and body to send, and what to tell the streams behind it."""

    __slots__ = ("body", "headers", "outcomes", "status")

    def __init__(self, status: int, body: bytes, headers: Headers, outcomes: list[Outcome]) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.outcomes = outcomes


def answer(venue: Venue, request: Request) -> Answer:
    """Serve a request; every refusal becomes an envelope."""
    limit = PRIVATE.get((request.method, request.path), (None, 0))[1]
    try:
        reply = _serve(venue, request)
    except ApiError as e:
        return _envelope(e.code, e.message, e.result, limit=limit, status=e.status)
    except SimRefused as e:
        return _envelope(e.code, e.message, {}, limit=limit)
    return _envelope(0, reply.message, reply.result, limit=limit, outcomes=reply.outcomes)


def _serve(venue: Venue, request: Request) -> Reply:
    route = (request.method, request.path)
    public = PUBLIC.get(route)
    if public is not None:
        _read_params(request)
        return public(venue, request)
    private = PRIVATE.get(route)
    if private is None:
        if request.path in METHODS:
            raise ApiError(10017, "Route not found (method).", status=405)
        raise ApiError(10017, "Route not found.", status=404)
    account = authenticate(venue.exchange, request)
    _read_params(request)
    return private[0](venue, request, account)


def _read_params(request: Request) -> None:
    if request.method == "GET":
        request.params = _query(request.raw_query)
        return
    try:
        body: Any = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as e:
        raise ApiError(PARAMETER, "params error: body is not valid JSON") from e
    if not isinstance(body, dict):
        raise ApiError(PARAMETER, "params error: body is not a JSON object")
    request.params = body


def _query(raw: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=False, max_num_fields=100))
    except ValueError as e:
        raise ApiError(PARAMETER, "params error: query string invalid") from e


def _envelope(
    code: int,
    message: str,
    result: dict[str, Any],
    *,
    limit: int,
    status: int = 200,
    outcomes: list[Outcome] | None = None,
) -> Answer:
    now = wall_ms()
    body = orjson.dumps({"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now})
    stamp = str(now).encode()
    headers: Headers = [_JSON, (b"timenow", stamp), (b"traceid", stamp + b"%08x" % (hash(body) & 0xFFFFFFFF))]
    if limit:
        told = str(limit).encode()
        headers += [
            (b"x-bapi-limit", told),
            (b"x-bapi-limit-status", str(limit - 1).encode()),
            (b"x-bapi-limit-reset-timestamp", stamp),
        ]
    return Answer(status, body, headers, outcomes or [])

"""REST: raw request in, envelope out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson

from trading_core.simulator.refusals import SimRefused
from trading_core.venue.clock import true_ms, wall_ms
from trading_core.venue.exchange import Outcome
from trading_core.venue.faults.replies import alter
from trading_core.venue.hub import Venue
from trading_core.venue.limits import Quota
from trading_core.venue.rest.auth import authenticate, check_permission
from trading_core.venue.rest.quota import charge, quota_headers
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.rest.routes import METHODS, PRIVATE, PUBLIC

Headers = list[tuple[bytes, bytes]]
BODY_MAX = 1 << 20
_JSON = (b"content-type", b"application/json; charset=utf-8")
_HTML = (b"content-type", b"text/html")


class Answer:
    """Status, headers and body to send, and what to tell the streams behind it."""

    __slots__ = ("body", "headers", "is_lost", "outcomes", "status")

    def __init__(self, status: int, body: bytes, headers: Headers, outcomes: list[Outcome]) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.outcomes = outcomes
        self.is_lost = False
        """Whether it never arrives: what was done is done."""


def answer(venue: Venue, request: Request) -> Answer:
    """Serve a request; every refusal becomes an envelope, but for those before the API proper."""
    if venue.config.address_limits and not venue.limits.take_address(request.remote, true_ms()).granted:
        return plain(403, "access too frequent")
    if request.method == "GET" and request.body:
        return page(403, "Request blocked: a GET request has no body.")
    try:
        reply = _serve(venue, request)
        if venue.faults or venue.exchange.statuses:
            alter(venue, request, reply)
    except ApiError as e:
        return envelope(request, e.code, e.message, e.result, status=e.status)
    except SimRefused as e:
        return envelope(request, e.code, e.message, {})
    return envelope(
        request,
        0,
        reply.message,
        reply.result,
        outcomes=reply.outcomes,
        extra=reply.extra,
        beside=reply.beside,
    )


def _serve(venue: Venue, request: Request) -> Reply:
    route = (request.method, request.path)
    public = PUBLIC.get(route)
    if public is not None:
        _read_params(request)
        return public(venue, request)
    private = PRIVATE.get(route)
    if private is None:
        if request.path in METHODS:
            raise ApiError(10017, "Route not found (method).", status=400)
        raise ApiError(10017, "Route not found.", status=404)
    account = authenticate(venue.exchange, request)
    _read_params(request)
    check_permission(account, request)
    charge(venue, request, account, limit=private[1])
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


def envelope(
    request: Request,
    code: int,
    message: str,
    result: Any,
    *,
    status: int = 200,
    outcomes: list[Outcome] | None = None,
    extra: dict[str, Any] | None = None,
    beside: dict[str, Any] | None = None,
) -> Answer:
    """An answer of the API; private ones tell the limits."""
    now = wall_ms()
    told = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": extra or {}, "time": now}
    body = orjson.dumps(told | beside if beside else told)
    stamp = str(now).encode()
    headers: Headers = [_JSON, (b"timenow", stamp), (b"traceid", stamp + b"%08x" % (hash(body) & 0xFFFFFFFF))]
    private = PRIVATE.get((request.method, request.path))
    if private is not None:
        quota = request.quota or Quota(private[1], 0, private[1], now)
        headers += [(name.lower().encode(), told.encode()) for name, told in quota_headers(quota).items()]
    return Answer(status, body, headers, outcomes or [])


def page(status: int, text: str) -> Answer:
    """What a gateway before the API answers: HTML."""
    body = f"<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{text}</p></body></html>"
    return Answer(status, body.encode(), [_HTML], [])


def plain(status: int, text: str) -> Answer:
    """A bare sentence, typed as JSON all the same."""
    return Answer(status, orjson.dumps({"retCode": status, "retMsg": text}), [_JSON], [])

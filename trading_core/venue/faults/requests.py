"""Requests that get lost, answers that do, and answers that are not the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import orjson

from trading_core.venue.clock import wall_ms
from trading_core.venue.faults.active import Fault, Faults, Subject
from trading_core.venue.limits import Quota
from trading_core.venue.rest.app import Answer, envelope, page, plain
from trading_core.venue.rest.request import Request

KINDS: dict[str, dict[str, object]] = {
    "request_lost": {},
    "answer_lost": {},
    "delay": {"ms": 1_000, "accepted": False},
    "http": {"status": 502, "accepted": False},
    "code": {"code": 10016, "message": "", "accepted": False, "reset_ms": 1_000},
}
"""``accepted``: whether the request is carried out all the same; for a delay, before it.

``status``: 5xx come as HTML, 403 and 429 as Bybit's own. ``reset_ms``: from now, for code 10006; it may lie
in the past.
"""
MESSAGES = {
    10000: "Server Timeout",
    10003: "API key is invalid.",
    10006: "Too many visits. Exceeded the API Rate Limit.",
    10016: "Internal server error.",
    10019: "WebSocket trade service is restarting.",
    10429: "System level frequency protection",
    33004: "Your api key has expired.",
}
_PLAIN = {403: "access too frequent", 429: "System level frequency protection"}


class Strike(NamedTuple):
    """What one request meets."""

    fault: Fault | None
    delay: Fault | None

    @property
    def is_carried_out(self) -> bool:
        """Whether the request does what it asks for, whatever is answered."""
        if self.fault is None:
            return True
        return self.fault.kind != "request_lost" and bool(self.fault.params.get("accepted", True))

    @property
    def is_cut(self) -> bool:
        """Whether the connection ends instead of an answer."""
        return self.fault is not None and self.fault.kind in ("request_lost", "answer_lost")

    async def pause(self, *, accepted: bool) -> None:
        """Wait if the delay is one for before (or after) the request is carried out."""
        if self.delay is not None and self.delay.params["accepted"] is accepted:
            await asyncio.sleep(self.delay.params["ms"] / 1000)


def meet(faults: Faults, subject: Subject, *, by_socket: bool = False) -> Strike:
    """The faults that strike a request; an order by WebSocket has no HTTP status."""
    kinds = ("request_lost", "answer_lost", "code", *(() if by_socket else ("http",)))
    return Strike(faults.first(subject, *kinds), faults.first(subject, "delay"))


async def strike(
    faults: Faults, request: Request, subject: Subject, serve: Callable[[], Answer]
) -> Answer | None:
    """The answer to a request under the faults in force; None: it was never heard."""
    met = meet(faults, subject)
    await met.pause(accepted=False)
    answer = serve() if met.is_carried_out else None
    await met.pause(accepted=True)
    if met.is_cut or met.fault is None:
        if answer is not None:
            answer.is_lost = met.is_cut
        return answer
    told = _http(met.fault.params["status"]) if met.fault.kind == "http" else _code(met.fault, request)
    told.outcomes = answer.outcomes if answer is not None else []
    return told


def _http(status: int) -> Answer:
    if status in _PLAIN:
        return plain(status, _PLAIN[status])
    return page(status, "The server encountered an error and could not complete your request.")


def _code(fault: Fault, request: Request) -> Answer:
    code = fault.params["code"]
    if code == 10006:  # noqa: PLR2004 - Bybit's code for a limit hit
        limit = 0 if request.quota is None else request.quota.limit
        request.quota = Quota(limit, 0, 0, wall_ms() + fault.params["reset_ms"])
    return envelope(request, *code_of(fault), {})


def code_of(fault: Fault) -> tuple[int, str]:
    """The retCode and retMsg of a fault of kind ``code``."""
    code: int = fault.params["code"]
    return code, fault.params["message"] or MESSAGES.get(code, "fault")


def subject_of(request: Request, uid: int | None) -> Subject:
    """What a request is to the faults."""
    return Subject(uid, request.path, "", _symbol(request))


def _symbol(request: Request) -> str:
    if request.method == "GET":
        pairs = (pair.partition("=") for pair in request.raw_query.decode("latin-1").split("&"))
        return next((value for name, _, value in pairs if name == "symbol"), "")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return ""
    return str(body.get("symbol", "")) if isinstance(body, dict) else ""

"""Orders by WebSocket: the handlers of REST behind frames that carry an id and a timestamp."""

from __future__ import annotations

import asyncio
from typing import Any

from trading_core.simulator.refusals import SimRefused
from trading_core.venue.clock import wall_ms
from trading_core.venue.faults.active import Subject
from trading_core.venue.faults.requests import code_of, meet
from trading_core.venue.hub import Venue
from trading_core.venue.limits import Quota
from trading_core.venue.rest.auth import DEFAULT_WINDOW, check_permission, check_window, stream_account
from trading_core.venue.rest.quota import charge, quota_headers
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.rest.routes import PRIVATE
from trading_core.venue.streams.connection import Connection
from trading_core.venue.streams.session import Payload, Session

TRADE_PATH = "/v5/trade"
OPERATIONS = {
    f"order.{name}": ("POST", f"/v5/order/{name}")
    for name in ("create", "amend", "cancel", "create-batch", "amend-batch", "cancel-batch")
}
NOT_SERVED = 10404
NOT_AUTHORIZED = 10005
REPEATED_AUTH = 20001
REPEATED_ID = 20006
_ID_MAX = 36
_IDS_KEPT = 10_000
_ANSWER_DELAY_S = 0.02
"""A network away, as clients expect: pybit notes a request down after having sent it."""


class TradeSession(Session):
    """One client on the trade socket; what it orders is told on its private streams."""

    def __init__(self, venue: Venue, connection: Connection, *, idle_s: float) -> None:
        super().__init__(venue, connection, idle_s=idle_s)
        self._asked: dict[str, None] = {}
        """Request ids of this connection, oldest first."""

    async def obey(self, frame: Payload) -> None:
        """Carry out a frame."""
        op = frame.get("op")
        if op == "ping":
            self._pong(frame)
        elif op == "auth":
            self._auth(frame)
        else:
            await self._order(op, frame)

    def refuse(self, op: str, message: str, frame: Payload | None) -> None:
        """Answer with the code of a parameter error."""
        self._tell(frame or {}, op, PARAMETER, message)

    def _tell(self, frame: Payload, op: str, code: int, message: str, **more: Any) -> None:
        told: Payload = {"reqId": frame["reqId"]} if "reqId" in frame else {}
        told |= {"retCode": code, "retMsg": message, "op": op, **more}
        self.connection.put({**told, "connId": self.connection.connection_id})

    def _pong(self, frame: Payload) -> None:
        self._tell(frame, "pong", 0, "OK", data=[str(wall_ms())])

    def _auth(self, frame: Payload) -> None:
        if self.connection.uid is not None:
            self._tell(frame, "auth", REPEATED_AUTH, "Repeat auth")
            return
        try:
            account = stream_account(self.venue.exchange, frame.get("args"), remote=self.connection.remote)
        except ApiError as e:
            self._tell(frame, "auth", e.code, e.message)
            self.connection.close()
            return
        self.connection.uid = account.uid
        self._tell(frame, "auth", 0, "OK")

    async def _order(self, op: Any, frame: Payload) -> None:
        """Carry an order operation out now, answer a moment later."""
        name = op if isinstance(op, str) else ""
        method, path = OPERATIONS.get(name, ("", ""))
        request = Request(method, path, b"", b"", {}, remote=self.connection.remote)
        met = meet(self.venue.faults, self._subject(name, frame), by_socket=True)
        await met.pause(accepted=False)
        reply, code, message = Reply({}), 0, "OK"
        try:
            if met.is_carried_out:
                reply = self._serve(request, frame)
        except (ApiError, SimRefused) as e:
            code, message = e.code, e.message
        for outcome in reply.outcomes:
            self.venue.publish(outcome)
        await met.pause(accepted=True)
        if met.is_cut:
            self.connection.cut()
            return
        if met.fault is not None:
            reply, (code, message) = Reply({}), code_of(met.fault)
        answer = {"data": reply.result, "retExtInfo": reply.extra, "header": _header(request)}
        loop = asyncio.get_running_loop()
        loop.call_later(_ANSWER_DELAY_S, lambda: self._tell(frame, name, code, message, **answer))

    def _subject(self, name: str, frame: Payload) -> Subject:
        args = frame.get("args")
        order = args[0] if isinstance(args, list) and args and isinstance(args[0], dict) else {}
        return Subject(self.connection.uid, TRADE_PATH, name, str(order.get("symbol", "")))

    def _serve(self, request: Request, frame: Payload) -> Reply:
        if not request.path:
            raise ApiError(NOT_SERVED, "op type is not found")
        account = self.venue.exchange.accounts.get(self.connection.uid or 0)
        if account is None:
            raise ApiError(NOT_AUTHORIZED, "Request not authorized")
        check_permission(account, request)
        self._note_id(frame)
        _check_header(frame.get("header"))
        args = frame.get("args")
        if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
            raise ApiError(PARAMETER, "params error: args holds one object")
        request.params = args[0]
        if request.text("category") not in ("linear", "spot"):
            raise ApiError(NOT_SERVED, "category is not correct or not supported")
        check_permission(account, request)
        handler, limit = PRIVATE[request.method, request.path]
        charge(self.venue, request, account, limit=limit, by_socket=True)
        return handler(self.venue, request, account)

    def _note_id(self, frame: Payload) -> None:
        """Refuse a request id that came before on this connection."""
        if "reqId" not in frame:
            return
        name = frame["reqId"]
        if not isinstance(name, str) or len(name) > _ID_MAX:
            raise ApiError(PARAMETER, f"params error: reqId holds up to {_ID_MAX} characters")
        if name in self._asked:
            raise ApiError(REPEATED_ID, "reqId is duplicate")
        self._asked[name] = None
        if len(self._asked) > _IDS_KEPT:
            del self._asked[next(iter(self._asked))]


def _check_header(header: Any) -> None:
    """Raise ApiError unless the frame's time lies in its receive window."""
    if not isinstance(header, dict):
        raise ApiError(PARAMETER, "params error: header is required")
    stamp = header.get("X-BAPI-TIMESTAMP", "")
    window = header.get("X-BAPI-RECV-WINDOW", DEFAULT_WINDOW.decode())
    check_window(str(stamp).encode(), str(window).encode())


def _header(request: Request) -> dict[str, str]:
    """What REST tells in response headers."""
    now = wall_ms()
    told = {"Traceid": str(now), "Timenow": str(now)}
    if not request.path:
        return told
    limit = PRIVATE[request.method, request.path][1]
    return {**quota_headers(request.quota or Quota(limit, 0, limit, now)), **told}

"""The control API of the house: market state, accounts, keys, lock-step, faults. Bearer token, loopback."""

from __future__ import annotations

import hmac
import re
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

import orjson

from trading_core.errors import InvalidInput
from trading_core.money import money
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import SimRefused
from trading_core.venue.account import VenueAccount
from trading_core.venue.exchange import Outcome
from trading_core.venue.faults import control as faults
from trading_core.venue.hub import Venue
from trading_core.venue.keys import KEY_FIELDS, KeyRights, checked_rights
from trading_core.venue.rest.app import Answer
from trading_core.venue.rest.request import Request

_JSON = (b"content-type", b"application/json; charset=utf-8")
_REFERENCE_MAX = 120
_UID = re.compile(r"[0-9]{1,9}")
_FEE_PPM_MAX = 100_000


class ControlError(Exception):
    """A control request that can't be served; ``field`` names the place, if there is one."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


def control(venue: Venue, request: Request) -> Answer:
    """Serve ``/control/*``; errors are ``{code, message, fields: [{path, reason}]}``."""
    outcomes: list[Outcome] = []
    try:
        _check_token(venue, request)
        body = _route(venue, request, outcomes)
    except ControlError as e:
        fields = [{"path": e.field, "reason": e.message}] if e.field else []
        return _json(e.status, {"code": e.code, "message": e.message, "fields": fields}, [])
    return _json(200, body, outcomes)


def _json(status: int, body: dict[str, Any], outcomes: list[Outcome]) -> Answer:
    return Answer(status, orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), [_JSON], outcomes)


def _check_token(venue: Venue, request: Request) -> None:
    given = request.headers.get(b"authorization", b"")
    if not hmac.compare_digest(given, b"Bearer " + venue.config.control_token.encode()):
        raise ControlError(401, "UNAUTHORIZED", "expected the control token as bearer")


def _route(venue: Venue, request: Request, outcomes: list[Outcome]) -> dict[str, Any]:
    path, method = request.path, request.method
    if path == "/control/status" and method == "GET":
        return status(venue)
    if path == "/control/accounts" and method == "POST":
        return _open_account(venue, _body(request))
    if path == "/control/step" and method == "POST":
        return _step(venue, outcomes)
    if path == "/control/faults" or path.startswith("/control/faults/"):
        return _faults(venue, request, outcomes)
    if path.startswith("/control/accounts/") and path.endswith("/key") and method == "POST":
        return _change_key(
            venue, path.removeprefix("/control/accounts/").removesuffix("/key"), _body(request)
        )
    if path.startswith("/control/accounts/") and method == "GET":
        return _account(venue, path.removeprefix("/control/accounts/"))
    raise ControlError(404, "NOT_FOUND", f"no {method} {path} here")


def status(venue: Venue) -> dict[str, Any]:
    """The market, the clock, and who has heard what."""
    exchange, config = venue.exchange, venue.config
    source = exchange.source
    return {
        "market": {
            "kind": source.kind, "source": source.source, "category": source.category,
            "name": source.name, "symbols": sorted(source.instruments), "seed": source.seed,
            "start_ms": source.start_ms,
        },
        "mode": config.mode,
        "clock_ms": exchange.clock_ms,
        "speed": config.speed if config.mode == "ticks" else 0,
        "done": exchange.done,
        "accounts": {str(uid): venue.private.last_message_id(uid) for uid in exchange.accounts},
        "public": {"listeners": venue.public.listeners, "topics": venue.public.topics},
        "last_closed": exchange.last_closed,
    }  # fmt: skip


def _body(request: Request) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as e:
        raise ControlError(400, "INVALID", f"expected JSON: {e}", "body") from e
    if not isinstance(body, dict):
        raise ControlError(400, "INVALID", "expected a JSON object", "body")
    return body


def _open_account(venue: Venue, body: dict[str, Any]) -> dict[str, Any]:
    reference = body.get("reference")
    if not isinstance(reference, str) or not 0 < len(reference) <= _REFERENCE_MAX:
        raise ControlError(400, "INVALID", f"expected 1 to {_REFERENCE_MAX} characters", "reference")
    rights = KeyRights(**_rights(body))
    account = venue.open_account(
        reference,
        deposit=_units(body.get("balance"), "balance"),
        params=_params(venue, body),
        rights=rights,
        coins=_coins(venue, body),
    )
    return {"uid": str(account.uid), "api_key": account.api_key, "api_secret": account.api_secret}


def _rights(body: dict[str, Any]) -> dict[str, Any]:
    """The key's rights that are given: permissions, read_only, ips, rsa_public_key."""
    given: dict[str, Any] = {name: body[name] for name in KEY_FIELDS if name in body}
    try:
        return checked_rights(given)
    except InvalidInput as e:
        raise ControlError(400, "INVALID", e.reason, e.path) from e


def _change_key(venue: Venue, uid: str, body: dict[str, Any]) -> dict[str, Any]:
    account = _known(venue, uid)
    rights = _rights(body)
    venue.submit({"op": "rights", "uid": account.uid, "rights": rights})
    return {"uid": uid, **account.rights.as_record()}


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _faults(venue: Venue, request: Request, outcomes: list[Outcome]) -> dict[str, Any]:
    if not _is_loopback(request.remote):
        raise ControlError(403, "FORBIDDEN", "faults are set from this machine only")
    name = request.path.removeprefix("/control/faults").removeprefix("/")
    if name and not _UID.fullmatch(name):
        raise ControlError(404, "NOT_FOUND", f"no fault {name[:40]!r}")
    if request.method == "DELETE":
        removed = faults.remove(venue, int(name) if name else None)
        if name and not removed:
            raise ControlError(404, "NOT_FOUND", f"no fault {name!r}")
        return {"removed": removed}
    if request.method == "GET" and not name:
        return {"faults": faults.listed(venue)}
    if request.method != "POST" or name:
        raise ControlError(404, "NOT_FOUND", f"no {request.method} {request.path} here")
    try:
        return {"faults": faults.set_faults(venue, _body(request).get("faults"), outcomes)}
    except faults.FaultInvalid as e:
        raise ControlError(400, "INVALID", e.message, e.field) from e
    except SimRefused as e:
        raise ControlError(409, "REFUSED", str(e)) from e


def _units(amount: Any, field: str) -> int:
    """An amount of any coin in 10⁻⁸."""
    try:
        units = money(amount)
    except ValueError as e:
        raise ControlError(400, "INVALID", str(e), field) from e
    if not 0 <= units <= 1 << 62:
        raise ControlError(400, "INVALID", "expected an amount that is not negative", field)
    return units


def _coins(venue: Venue, body: dict[str, Any]) -> dict[str, int]:
    """Base coins to begin with, 10⁻⁸."""
    coins = body.get("coins") or {}
    if not isinstance(coins, dict):
        raise ControlError(400, "INVALID", "expected an object", "coins")
    traded = {pair.base_coin for pair in venue.exchange.spot.values()}
    unknown = sorted(coins.keys() - traded)
    if unknown:
        raise ControlError(400, "INVALID", "no pair of this market trades it", f"coins.{unknown[0][:40]}")
    return {name: _units(amount, f"coins.{name}") for name, amount in coins.items()}


def _params(venue: Venue, body: dict[str, Any]) -> MatchingParams:
    values = asdict(venue.config.params)
    fees = body.get("fees") or {}
    if not isinstance(fees, dict):
        raise ControlError(400, "INVALID", "expected an object", "fees")
    for name in ("maker_ppm", "taker_ppm"):
        fee = fees.get(name, values[name])
        if type(fee) is not int or not 0 <= fee <= _FEE_PPM_MAX:
            raise ControlError(400, "INVALID", f"expected 0 to {_FEE_PPM_MAX} ppm", f"fees.{name}")
        values[name] = fee
    return MatchingParams(**values)


def _step(venue: Venue, outcomes: list[Outcome]) -> dict[str, Any]:
    exchange = venue.exchange
    if not exchange.is_lockstep:
        raise ControlError(409, "FREE_RUNNING", "this market runs by itself; steps need mode candles")
    if exchange.done:
        return {"event": "end", "clock_ms": exchange.clock_ms}
    outcome = venue.submit({"op": "step"})
    outcomes.append(outcome)
    return {"event": "candle" if outcome.closed else "fill", "clock_ms": exchange.clock_ms}


def _known(venue: Venue, uid: str) -> VenueAccount:
    account = venue.exchange.accounts.get(int(uid)) if _UID.fullmatch(uid) else None
    if account is None:
        raise ControlError(404, "NOT_FOUND", f"no account {uid[:40]!r}")
    return account


def _account(venue: Venue, uid: str) -> dict[str, Any]:
    account = _known(venue, uid)
    record = account.as_record()
    del record["api_secret"]
    return {
        **record,
        "uid": str(account.uid),
        "equity": account.sim.equity,
        "available": account.sim.available,
        "last_message_id": venue.private.last_message_id(account.uid),
        "topics": venue.private.topics(account.uid),
    }

"""Who asks: signatures over the raw bytes, inside the receive window, by a key that may."""

from __future__ import annotations

import re
from typing import Any

from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.exchange import Exchange
from trading_core.venue.keys import proves
from trading_core.venue.rest.request import ApiError, Request

DEFAULT_WINDOW = b"5000"
_AHEAD_MS = 1_000
_STREAM_ARGS = 3
"""Key, expiry, signature."""
_WHOLE = re.compile(rb"[0-9]{1,16}")
_ORDER, _POSITION, _SPOT = ("ContractTrade", "Order"), ("ContractTrade", "Position"), ("Spot", "SpotTrade")
_NEEDED = {"/v5/order/": (_ORDER, _SPOT), "/v5/execution/": (_ORDER, _SPOT), "/v5/position/": (_POSITION,)}
"""Permissions by path, any one of which will do."""
_TRADING = {"linear": (_ORDER,), "spot": (_SPOT,)}
"""Permission for orders by category."""


def authenticate(exchange: Exchange, request: Request) -> VenueAccount:
    """The account of a signed request.

    Raise ApiError 10001, 10002, 10003, 10004, 10005, 10010 or 33004.
    """
    get = request.headers.get
    key, sign = get(b"x-bapi-api-key", b""), get(b"x-bapi-sign", b"")
    stamp, window = get(b"x-bapi-timestamp", b""), get(b"x-bapi-recv-window", DEFAULT_WINDOW)
    if not (key and sign and stamp):
        told = [part.decode("ascii", "replace") for part in (stamp, key, sign)]
        raise ApiError(
            10001, f"empty value: apiTimestamp[{told[0]}] apiKey[{told[1]}] apiSignature[{told[2]}]"
        )
    check_window(stamp, window)
    account = _keyed(exchange, key.decode("ascii", "replace"), request.remote)
    payload = request.raw_query if request.method == "GET" else request.body
    origin = stamp + key + window + payload
    if not proves(account.rights, account.api_secret, origin, sign):
        told_origin = origin.decode("utf-8", "replace").replace("&", "\\u0026")
        raise ApiError(10004, f"error sign! origin_string[{told_origin}]")
    check_permission(account, request)
    return account


def _keyed(exchange: Exchange, key: str, remote: str) -> VenueAccount:
    """The account of a key that is alive and asks from where it may."""
    account = exchange.by_key.get(key)
    if account is None or account.rights.state == "revoked":
        raise ApiError(10003, "API key is invalid.")
    if account.rights.state == "expired":
        raise ApiError(33004, "Your api key has expired.")
    if not account.rights.is_bound_to(remote):
        raise ApiError(10010, "Unmatched IP, please check your API key's bound IP addresses.")
    return account


def check_permission(account: VenueAccount, request: Request) -> None:
    """Raise ApiError 10005 for what the key may not do; the category counts once the parameters are read."""
    rights = account.rights
    needed = next((any_of for prefix, any_of in _NEEDED.items() if request.path.startswith(prefix)), ())
    if _ORDER in needed:
        needed = _TRADING.get(str(request.params.get("category")), needed)
    lacks = bool(needed) and not any(rights.may(group, name) for group, name in needed)
    if lacks or (rights.read_only and request.method != "GET"):
        raise ApiError(10005, "Permission denied, please check your API key permissions.")


def check_window(stamp: bytes, window: bytes) -> None:
    """Raise ApiError 10002 for a time outside its receive window, 10001 for none."""
    now = wall_ms()
    if not _WHOLE.fullmatch(stamp) or not _WHOLE.fullmatch(window):
        raise ApiError(10001, "params error: timestamp or recv_window invalid")
    asked, allowed = int(stamp), int(window)
    if not now - allowed <= asked < now + _AHEAD_MS:
        raise ApiError(
            10002,
            "invalid request, please check your server timestamp or recv_window param. "
            f"req_timestamp[{asked}],server_timestamp[{now}],recv_window[{allowed}]",
        )


def stream_account(exchange: Exchange, args: Any, *, remote: str) -> VenueAccount:
    """The account that ``auth`` on a WebSocket names.

    Raise ApiError 10001, 10003, 10004, 10010 or 33004. The expiry may be a number or text, as late as it likes.
    """
    if not isinstance(args, list) or len(args) < _STREAM_ARGS:
        raise ApiError(10001, "Params Error")
    key, expires, sign = (str(part) for part in args[:_STREAM_ARGS])
    if not (expires.isascii() and expires.isdigit()) or int(expires[:16]) <= wall_ms():
        raise ApiError(10001, "Params Error: expires is in the past")
    account = _keyed(exchange, key, remote)
    if not proves(account.rights, account.api_secret, f"GET/realtime{expires}".encode(), sign.encode()):
        raise ApiError(10004, "error sign!")
    return account

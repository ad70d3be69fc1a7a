"""Who asks: signatures over the raw bytes, inside the receive window."""

from __future__ import annotations

import hmac
import re

from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import wall_ms
from trading_core.venue.exchange import Exchange
from trading_core.venue.rest.request import ApiError, Request

DEFAULT_WINDOW = b"5000"
_AHEAD_MS = 1_000
_WHOLE = re.compile(rb"[0-9]{1,16}")


def authenticate(exchange: Exchange, request: Request) -> VenueAccount:
    """The account of a signed request; raise ApiError 10001, 10002, 10003 or 10004."""
    get = request.headers.get
    key, sign = get(b"x-bapi-api-key", b""), get(b"x-bapi-sign", b"")
    stamp, window = get(b"x-bapi-timestamp", b""), get(b"x-bapi-recv-window", DEFAULT_WINDOW)
    if not (key and sign and stamp):
        told = [part.decode("ascii", "replace") for part in (stamp, key, sign)]
        raise ApiError(
            10001, f"empty value: apiTimestamp[{told[0]}] apiKey[{told[1]}] apiSignature[{told[2]}]"
        )
    _check_window(stamp, window)
    account = exchange.by_key.get(key.decode("ascii", "replace"))
    if account is None:
        raise ApiError(10003, "API key is invalid.")
    payload = request.raw_query if request.method == "GET" else request.body
    origin = stamp + key + window + payload
    if not matches(account.api_secret, origin, sign):
        told_origin = origin.decode("utf-8", "replace").replace("&", "\\u0026")
        raise ApiError(10004, f"error sign! origin_string[{told_origin}]")
    return account


def _check_window(stamp: bytes, window: bytes) -> None:
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


def matches(secret: str, origin: bytes, sign: bytes) -> bool:
    """Whether that is the HMAC-SHA256 of the origin string, in hex."""
    expected = hmac.digest(secret.encode(), origin, "sha256").hex().encode()
    return hmac.compare_digest(expected, sign.lower())

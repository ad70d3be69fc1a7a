"""Counting requests against the limits of their account."""

from __future__ import annotations

from trading_core.venue.account import VenueAccount
from trading_core.venue.clock import true_ms, wall_ms
from trading_core.venue.hub import Venue
from trading_core.venue.limits import Quota
from trading_core.venue.rest.request import ApiError, Request

TOO_MANY = 10006
TOO_MANY_TOLD = "Too many visits. Exceeded the API Rate Limit."
_BATCH = "-batch"


def charge(
    venue: Venue, request: Request, account: VenueAccount, *, limit: int, by_socket: bool = False
) -> None:
    """Count a request and note the quota in it; raise ApiError 10006 if nothing is left.

    A batch counts once for each order and may be granted in part. An order by WebSocket counts where
    the orders of HTTP batches do.
    """
    if not venue.config.counts_requests:
        now = wall_ms()
        request.quota = Quota(limit, _cost(request), limit - 1, now)
        return
    bucket = f"{request.path.removesuffix(_BATCH)}{_BATCH}" if by_socket else request.path
    quota = venue.limits.take(account.uid, bucket, true_ms(), limit=limit, cost=_cost(request))
    request.quota = quota._replace(reset_ms=quota.reset_ms + wall_ms() - true_ms())
    if not quota.granted:
        raise ApiError(TOO_MANY, TOO_MANY_TOLD)


def _cost(request: Request) -> int:
    orders = request.params.get("request") if request.path.endswith(_BATCH) else None
    return max(1, len(orders)) if isinstance(orders, list) else 1


def quota_headers(quota: Quota) -> dict[str, str]:
    """The trio that every private answer carries."""
    return {
        "X-Bapi-Limit": str(quota.limit),
        "X-Bapi-Limit-Status": str(quota.remaining),
        "X-Bapi-Limit-Reset-Timestamp": str(quota.reset_ms),
    }

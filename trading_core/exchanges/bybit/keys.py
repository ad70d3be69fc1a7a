"""What an API key may do, judged before it is traded with: ``/v5/user/query-api`` as findings.

A key that can move money, or change itself, is refused, and so is one with a permission we have
never heard of: what isn't known to be harmless isn't.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DAY_MS = 86_400_000
EXPIRY_DAYS = (1, 7, 14)
"""Warnings are given when at most so many days are left; each has words of its own."""
NEEDED = ("Order", "Position")
HARMLESS = frozenset({"ContractTrade", "Spot", "Options", "Derivatives", "CopyTrading", "ByXPost"})
"""Groups that can trade or talk, but never move money off the account."""
ANYWHERE = ("", "*", "0.0.0.0")  # noqa: S104 - how a key without an address list reads


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What was found about a key."""

    user_id: str
    refusals: tuple[str, ...]
    """Why it must not be used; none: it may."""
    warnings: tuple[str, ...]


def judged(told: Mapping[str, Any], *, now_ms: int) -> KeyReport:
    """Judge the ``result`` of ``/v5/user/query-api``; whatever it can't read, it refuses."""
    user = told.get("userID")
    known = isinstance(user, int | str) and not isinstance(user, bool) and str(user) not in ("", "0")
    refusals = [*_refused_rights(told.get("permissions")), *_refused_kind(told)]
    if not known:
        refusals.append("the answer names no user")
    return KeyReport(str(user) if known else "", tuple(refusals), tuple(_warnings(told, now_ms)))


def _refused_rights(permissions: object) -> list[str]:
    if not isinstance(permissions, Mapping):
        return ["the answer lists no permissions"]
    found = []
    for group, rights in permissions.items():
        if group in HARMLESS or rights is None or (isinstance(rights, list) and not rights):
            continue
        found.append(
            f"permission {str(group)[:40]} must be off: the key could move money or is not understood"
        )
    trade = permissions.get("ContractTrade")
    missing = [right for right in NEEDED if not isinstance(trade, list) or right not in trade]
    return found + [f"permission ContractTrade {right} is missing" for right in missing]


def _refused_kind(told: Mapping[str, Any]) -> list[str]:
    found = []
    if _flag(told.get("readOnly")) is not False:
        found.append("the key is read-only")
    if _flag(told.get("uta")) is not True:
        found.append("the account is not a unified trading account")
    return found


def _flag(value: object) -> bool | None:
    """Read 0 or 1 as a number or a string; None for anything else."""
    return {"0": False, "1": True, "False": False, "True": True}.get(str(value))


def _warnings(told: Mapping[str, Any], now_ms: int) -> list[str]:
    found = []
    ips = told.get("ips")
    if not isinstance(ips, list) or not ips or any(str(ip).strip() in ANYWHERE for ip in ips):
        found.append("the key is not bound to an IP address")
    left = _days_left(told.get("expiredAt"), now_ms)
    due = next((days for days in EXPIRY_DAYS if left is not None and left <= days), None)
    if due is not None:
        found.append("the key expires within a day" if due == 1 else f"the key expires within {due} days")
    if _flag(told.get("isMaster")) is not False:
        found.append("the key belongs to a master account: a sub-account is safer")
    return found


def _days_left(expires: object, now_ms: int) -> float | None:
    try:
        moment = datetime.fromisoformat(str(expires))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment.timestamp() * 1000 - now_ms) / DAY_MS

"""The platform's kill switch: what no account of the installation may do, as operators said last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Subquery
from django.db.models.functions import JSONObject

from accounts.models import ExchangeAccount, PlatformHalt
from trading_core.errors import InvalidInput
from trading_core.risk.levels import Cause, What, Where
from trading_core.risk.locks import Lock

ANNOTATION = "platform_halt"
HALTING = (What.ENTRIES, What.ALL, What.FLATTEN)


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest word of the operators."""

    number: int
    what: str
    """Empty: nothing is halted."""
    reason: str
    by: str

    @classmethod
    def from_record(cls, record: dict[str, Any] | None) -> Self | None:
        """Return what a query brought along; None before the first word."""
        return None if record is None else cls(**record)

    @property
    def lock(self) -> Lock | None:
        """Return it as a lock of the top rung; None when it lifted the one before."""
        if not self.what:
            return None
        return Lock(
            Where.PLATFORM,
            What(self.what),
            Cause.MANUAL,
            self.reason,
            0,
            code=f"platform-{self.number}",
            by=self.by,
        )


def newest() -> Subquery:
    """Return the newest word as an annotation of any query."""
    told = JSONObject(number="pk", what="what", reason="reason", by="operator")
    return Subquery(PlatformHalt.objects.order_by("-pk").values(told=told)[:1])


def standing_halt(account: ExchangeAccount | None = None) -> Standing | None:
    """Return the newest word; of an account that was read with it, without a query."""
    if account is not None and ANNOTATION in account.__dict__:
        return Standing.from_record(account.__dict__[ANNOTATION])
    row = PlatformHalt.objects.order_by("-pk").first()
    return None if row is None else Standing(row.pk, row.what, row.reason, row.operator)


def platform_locks(account: ExchangeAccount | None = None) -> list[Lock]:
    """Return the platform's halt as locks: one or none."""
    standing = standing_halt(account)
    lock = standing.lock if standing else None
    return [] if lock is None else [lock]


def halt_platform(what: str, reason: str, *, operator: str) -> PlatformHalt:
    """Halt every account of the installation, or lift that with an empty ``what``; raises ``InvalidInput``."""
    if what and what not in HALTING:
        raise InvalidInput("what", f"expected entries, all or flatten, was {what!r}")
    if not reason.strip():
        raise InvalidInput("reason", "say why: it is shown wherever the halt refuses something")
    return PlatformHalt.objects.create(what=what, reason=reason.strip()[:200], operator=operator[:254])

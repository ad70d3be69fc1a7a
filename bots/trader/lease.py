"""The lease of an account: one trader at a time, by conditional UPDATE, rising token, database time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from accounts.models import AccountStatus, Environment, ExchangeAccount
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import AccountLease
from bots.trader.config import VENUE_ENVIRONMENTS, TraderConfig


@dataclass(frozen=True, slots=True)
class Served:
    """An account as the trader knows it."""

    account_id: int
    workspace_id: int
    code: str
    environment: str
    generation: int
    key_revision: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act for an account until it runs out, and the token that proves it."""

    served: Served
    holder: str
    token: int

    @property
    def account_id(self) -> int:
        """The account."""
        return self.served.account_id

    @property
    def workspace_id(self) -> int:
        """Its workspace."""
        return self.served.workspace_id


def from_now(seconds: float) -> Combinable:
    """Return a moment by the database's clock, which all traders share."""
    later: Combinable = ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())
    return later


def accounts_ready(config: TraderConfig) -> list[Served]:
    """Return the accounts of this shard that can be traded."""
    rows = _of_shard(config).filter(status=AccountStatus.READY, opened_generation=F("generation"))
    return _served(rows)


def accounts_to_open(config: TraderConfig) -> list[Served]:
    """Return the paper accounts of this shard that wait to be opened on the venue."""
    reset = Q(status=AccountStatus.READY, opened_generation__lt=F("generation"))
    rows = _of_shard(config).filter(environment__in=VENUE_ENVIRONMENTS)
    return _served(rows.filter(Q(status=AccountStatus.REQUESTED) | reset))


def keys_to_check(config: TraderConfig) -> list[Served]:
    """Return the accounts of this shard whose key was entered and not judged yet."""
    rows = _of_shard(config).exclude(environment__in=VENUE_ENVIRONMENTS)
    return _served(rows.filter(status=AccountStatus.REQUESTED))


def checks_wanted(config: TraderConfig) -> list[int]:
    """Return the ids of accounts whose owner asked for a check that was not made since."""
    rows = _of_shard(config).filter(status=AccountStatus.READY, key_check_wanted_at__isnull=False)
    behind = Q(key_checked_at=None) | Q(key_checked_at__lt=F("key_check_wanted_at"))
    return list(rows.filter(behind).values_list("pk", flat=True))


def _of_shard(config: TraderConfig) -> QuerySet[ExchangeAccount]:
    part, parts = config.shard
    rows = ExchangeAccount.objects.alias(part=F("pk") % parts).filter(part=part)
    return rows if config.live else rows.filter(environment__in=(*VENUE_ENVIRONMENTS, Environment.DEMO))


def _served(rows: QuerySet[ExchangeAccount]) -> list[Served]:
    names = ("pk", "workspace_id", "code", "environment", "generation", "key_revision")
    return [Served(*values) for values in rows.order_by("pk").values_list(*names)]


@dataclass(frozen=True, slots=True)
class Discovered:
    """What there is to do for the accounts of a shard."""

    ready: list[Served]
    to_open: list[Served]
    to_check: list[Served]
    """Keys that were entered."""
    to_recheck: list[int]


def discover(config: TraderConfig) -> Discovered:
    """Look for work in every workspace."""
    with across_workspaces("trader"):
        return Discovered(
            accounts_ready(config), accounts_to_open(config), keys_to_check(config), checks_wanted(config)
        )


def take(served: Served, config: TraderConfig) -> Lease | None:
    """Take the lease of an account; None while another trader holds it."""
    free = Q() if config.takeover else Q(until=None) | Q(until__lt=Now())
    with workspace_scope(served.workspace_id):
        AccountLease.objects.get_or_create(account_id=served.account_id)
        row = AccountLease.objects.filter(free, account_id=served.account_id)
        taken = row.update(
            token=F("token") + 1, holder=config.holder, until=from_now(config.lease_ttl), stream_mark=None
        )
        if not taken:
            return None
        token = AccountLease.objects.values_list("token", flat=True).get(account_id=served.account_id)
    return Lease(served, config.holder, int(token))


def renew(leases: Iterable[Lease], ttl: float) -> list[Lease]:
    """Renew leases; return those that belong to somebody else by now."""
    lost: list[Lease] = []
    by_workspace = attrgetter("workspace_id")
    for workspace_id, group in groupby(sorted(leases, key=by_workspace), key=by_workspace):
        with workspace_scope(workspace_id):
            lost += [lease for lease in group if not _mine(lease).update(until=from_now(ttl))]
    return lost


def release(lease: Lease) -> None:
    """Give a lease back before it runs out: only when every request signed under it has its answer.

    It is nobody's from then on: a renewal that was on its way finds nothing to renew.
    """
    with workspace_scope(lease.workspace_id):
        _mine(lease).update(holder="", until=Now(), stream_mark=None)


def mark(lease: Lease, message_id: str) -> None:
    """Record the last private message that was applied."""
    with workspace_scope(lease.workspace_id):
        _mine(lease).update(stream_mark=message_id)


def mark_reconciled(lease: Lease) -> None:
    """Record a complete reconcile: what came before it on the stream doesn't matter any more."""
    with workspace_scope(lease.workspace_id):
        _mine(lease).update(stream_mark="", reconciled_at=Now())


def mark_read(lease: Lease) -> None:
    """Record a complete reading of the venue that no gap of the stream asked for."""
    with workspace_scope(lease.workspace_id):
        _mine(lease).update(reconciled_at=Now())


def _mine(lease: Lease) -> QuerySet[AccountLease]:
    return AccountLease.objects.filter(account_id=lease.account_id, token=lease.token, holder=lease.holder)

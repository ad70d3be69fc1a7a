"""Reads: who belongs where, and the exchange accounts of the active workspace."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import ExchangeAccount, Membership, User
from ailona.kit.tenancy import person_scope


def memberships_of(user: User) -> list[Membership]:
    """Return a person's memberships with their workspaces, the oldest first."""
    with person_scope(user.pk):
        return list(Membership.objects.filter(user=user).select_related("workspace").order_by("pk"))


def membership_of(user: User, workspace_code: str = "") -> Membership | None:
    """Return a person's place in that workspace, or in their first one when none is named or it is not theirs."""
    memberships = memberships_of(user)
    named = [membership for membership in memberships if membership.workspace.code == workspace_code]
    return next(iter(named or memberships), None)


def exchange_accounts() -> QuerySet[ExchangeAccount]:
    """Return the exchange accounts of the active workspace, by name."""
    return ExchangeAccount.objects.order_by("name", "pk")

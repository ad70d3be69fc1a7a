"""The page of one exchange account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import ExchangeAccount, Interference, Role
from accounts.selectors import exchange_accounts
from accounts.services import set_interference
from bots.pages.account import account_page
from trading_core.errors import InvalidInput


def _context(request: WorkspaceRequest, account: ExchangeAccount) -> dict[str, object]:
    return {
        "account": account,
        "page": account_page(account),
        "policies": Interference.choices,
        "may_trade": may(request.membership.role, Role.TRADER),
        "may_own": may(request.membership.role, Role.OWNER),
    }


@require_GET
@never_cache
@require_role(Role.VIEWER)
def account(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """What stands, what is open, what others did, and every order with its steps."""
    found = get_for(exchange_accounts(), code)
    return render(request, "accounts/account.html", _context(request, found))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def account_live(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Show the same, again and again."""
    found = get_for(exchange_accounts(), code)
    return render(request, "accounts/_account.html", _context(request, found))


@require_POST
@require_role(Role.OWNER)
def interference(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Choose what follows when somebody else acts on the account."""
    found = get_for(exchange_accounts(), code)
    try:
        set_interference(found, request.POST.get("policy", ""), actor=request.user.email)
    except InvalidInput as error:
        messages.error(request, f"Nothing was changed: {error.reason}.")
    else:
        messages.success(request, f"{found.name}: {found.get_interference_display()}")
    return redirect("account", code=found.code)

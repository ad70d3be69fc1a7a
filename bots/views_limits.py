"""The page of limits and locks."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import ExchangeAccount, Role
from accounts.selectors import exchange_accounts
from bots.forms_limits import LimitsForm, LockForm
from bots.models import Bot, RiskLock
from bots.pages.limits import lock_lines, platform_words, rung_lines
from bots.services.limits import change_limits, ladder, locks_in_force
from bots.services.locks import lift_lock, set_lock
from bots.services.market import workspace_ms
from trading_core.engine.limits_schema import parse_limits
from trading_core.errors import InvalidInput
from trading_core.market.timeframe import MINUTE_MS

UNPROCESSABLE = 422


def risk_locks() -> QuerySet[RiskLock]:
    """Return the locks of the active workspace."""
    return RiskLock.objects.select_related("account", "bot")


def _context(request: WorkspaceRequest) -> dict[str, object]:
    found = ladder()
    return {
        "rungs": rung_lines(found),
        "locks": lock_lines(locks_in_force(workspace_ms())),
        "platform": platform_words(found),
        "may_trade": may(request.membership.role, Role.TRADER),
        "may_own": may(request.membership.role, Role.OWNER),
    }


def _form(request: WorkspaceRequest) -> LockForm:
    return LockForm(
        request.POST or None, accounts=exchange_accounts(), bots=Bot.objects.order_by("name", "pk")
    )


def _page(request: WorkspaceRequest, form: LockForm) -> HttpResponseBase:
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "limits/limits.html", _context(request) | {"form": form}, status=status)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def limits_page(request: WorkspaceRequest) -> HttpResponseBase:
    """Every rung against its limits, and what is locked."""
    return _page(request, _form(request))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def limits_live(request: WorkspaceRequest) -> HttpResponseBase:
    """Show figures and locks, again and again."""
    return render(request, "limits/_limits.html", _context(request))


@require_POST
@require_role(Role.TRADER)
def lock_set(request: WorkspaceRequest) -> HttpResponseBase:
    """Set a lock."""
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    data = form.cleaned_data
    kind, _, code = data["target"].partition(":")
    now_ms = workspace_ms()
    minutes = int(data["minutes"]) if data["minutes"] else None
    try:
        row = set_lock(
            what=data["what"],
            reason=data["reason"],
            now_ms=now_ms,
            until_ms=None if minutes is None else now_ms + minutes * MINUTE_MS,
            bot=get_for(Bot.objects.select_related("account"), code) if kind == "bot" else None,
            account=get_for(exchange_accounts(), code) if kind == "account" else None,
            symbol=data["symbol"],
            actor=request.user.email,
        )
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, form)
    messages.success(request, f"Locked: {row.reason}")
    return redirect("limits")


@require_POST
@require_role(Role.TRADER)
def lock_lift(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Lift a lock."""
    row = get_for(risk_locks(), code)
    try:
        lift_lock(row, actor=request.user.email)
    except InvalidInput as error:
        messages.error(request, f"Nothing was lifted: {error.reason}.")
    else:
        messages.success(request, "The lock is lifted.")
    return redirect("limits")


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.OWNER)
def limits_workspace(request: WorkspaceRequest) -> HttpResponseBase:
    """Edit the workspace's limits."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.OWNER)
def limits_account(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Edit an account's limits."""
    return _edit(request, get_for(exchange_accounts(), code))


def _edit(request: WorkspaceRequest, account: ExchangeAccount | None) -> HttpResponseBase:
    stored = request.workspace.limits if account is None else account.limits
    name = "the workspace" if account is None else account.name
    form = LimitsForm(request.POST or None, limits=parse_limits(stored))
    if request.method == "POST" and form.is_valid():
        try:
            change_limits(
                form.raw(), account=account, confirmed=form.cleaned_data["confirm"], actor=request.user.email
            )
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"The limits of {name} are changed.")
            return redirect("limits")
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "limits/edit.html", {"form": form, "name": name}, status=status)

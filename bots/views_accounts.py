"""The page of exchange accounts, with the bots that use them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.forms import ConnectForm, ResetForm
from accounts.models import AccountStatus, Environment, ExchangeAccount, Role
from accounts.selectors import exchange_accounts
from accounts.services import PAPER, connect_exchange_account, reset_paper_account
from bots.models import Bot
from bots.pages.words import Badge
from bots.states import ACTIVE
from trading_core.errors import InvalidInput
from trading_core.money import amount, money, plain

UNPROCESSABLE = 422
_TONES = {AccountStatus.REQUESTED: "accent", AccountStatus.READY: "up", AccountStatus.FAILED: "down"}


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One exchange account."""

    code: str
    name: str
    environment: str
    badge: Badge
    key: str
    wallet: int
    paper_balance: int
    balance: str
    bots: list[Bot]
    resettable: bool
    blocked: str
    """Why it can't be reset now."""


def _line(account: ExchangeAccount) -> AccountLine:
    bots = list(account.bots.all())
    busy = [bot.name for bot in bots if bot.state in ACTIVE]
    return AccountLine(
        code=account.code,
        name=account.name,
        environment=account.get_environment_display(),
        badge=Badge(
            account.get_status_display(), _TONES.get(AccountStatus(account.status), ""), account.status_reason
        ),
        key=f"{account.api_key[:4]}…" if account.api_key and account.environment not in PAPER else "",
        wallet=account.wallet,
        paper_balance=account.paper_balance,
        balance=plain(amount(account.paper_balance)),
        bots=bots,
        resettable=account.environment in PAPER and account.status != AccountStatus.REVOKED,
        blocked=f"Stop {', '.join(busy)} first" if busy else "",
    )


def _page(request: WorkspaceRequest, form: ConnectForm) -> HttpResponseBase:
    accounts = exchange_accounts().prefetch_related("bots")
    context = {
        "accounts": [_line(account) for account in accounts],
        "key": form,
        "embedded": settings.EMBEDDED,
        "may_trade": may(request.membership.role, Role.TRADER),
        "may_own": may(request.membership.role, Role.OWNER),
    }
    return render(request, "accounts/accounts.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def accounts_page(request: WorkspaceRequest) -> HttpResponseBase:
    """Every exchange account, and the form that connects one."""
    return _page(request, ConnectForm())


@sensitive_post_parameters("api_secret")
@require_POST
@require_role(Role.OWNER)
def connect(request: WorkspaceRequest) -> HttpResponseBase:
    """Seal and store a key."""
    form = ConnectForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    data = form.cleaned_data
    try:
        account = connect_exchange_account(
            Environment(data["environment"]),
            data["name"],
            data["api_key"],
            data["api_secret"],
            actor=request.user.email,
        )
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, form)
    messages.success(request, f"{account.name} is connected; its key is sealed.")
    return redirect("accounts")


@require_POST
@require_role(Role.TRADER)
def reset(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Start a paper account again, with a fresh balance."""
    account = get_for(exchange_accounts(), code)
    form = ResetForm(request.POST)
    busy = account.bots.filter(state__in=ACTIVE).values_list("name", flat=True)
    if busy:
        messages.error(request, f"Nothing was reset: stop {', '.join(busy)} first.")
    elif not form.is_valid():
        messages.error(request, f"Nothing was reset. {form.first_error()}")
    else:
        _reset(request, account, money(form.cleaned_data["balance"]))
    return redirect("accounts")


def _reset(request: WorkspaceRequest, account: ExchangeAccount, balance: int) -> None:
    try:
        reset_paper_account(account, balance=balance, actor=request.user.email)
    except InvalidInput as error:
        messages.error(request, f"Nothing was reset: {error.reason}.")
    else:
        messages.success(request, f"{account.name} starts again; the venue opens a new account for it.")

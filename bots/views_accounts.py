"""The page of exchange accounts, with the bots that use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.entry_blocks import BY_PERSONS, BlockKind, EntryBlock, blocks_of, resume_entries
from accounts.forms import ConnectForm, KeyForm, ResetForm
from accounts.key_checks import request_check
from accounts.models import AccountStatus, Environment, ExchangeAccount, Role
from accounts.selectors import exchange_accounts
from accounts.services import PAPER, connect_exchange_account, replace_key, reset_paper_account
from ailona.kit import clock
from bots.models import Bot
from bots.pages.words import Badge
from bots.states import ACTIVE
from trading_core.errors import InvalidInput
from trading_core.money import amount, money, plain

UNPROCESSABLE = 422
_TONES = {AccountStatus.REQUESTED: "accent", AccountStatus.READY: "up", AccountStatus.FAILED: "down"}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know of an account."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One exchange account."""

    code: str
    name: str
    environment: str
    badge: Badge
    key: str
    wallet: int
    known: bool
    """Whether anybody has read its wallet yet."""
    paper_balance: int
    balance: str
    bots: list[Bot]
    resettable: bool
    blocked: str
    """Why it can't be reset now."""
    notes: list[Note]
    """What was found about its key, and why it takes no entries."""
    checked: datetime | None
    """When its key was last checked."""
    checkable: bool
    resumable: bool
    """A person can let it take entries again."""


def _line(account: ExchangeAccount) -> AccountLine:
    bots = list(account.bots.all())
    busy = [bot.name for bot in bots if bot.state in ACTIVE]
    blocks = [block for block in blocks_of(account) if block.stands(clock.wall_ms())]
    is_paper = account.environment in PAPER
    return AccountLine(
        code=account.code,
        name=account.name,
        environment=account.get_environment_display(),
        badge=_badge(account, is_paper=is_paper),
        key=f"{account.api_key[:4]}…" if account.api_key and not is_paper else "",
        wallet=account.wallet,
        known=account.status != AccountStatus.REQUESTED,
        paper_balance=account.paper_balance,
        balance=plain(amount(account.paper_balance)),
        bots=bots,
        resettable=is_paper and account.status != AccountStatus.REVOKED,
        blocked=f"Stop {', '.join(busy)} first" if busy else "",
        notes=_notes(account, blocks),
        checked=account.key_checked_at,
        checkable=not is_paper and account.status in (AccountStatus.READY, AccountStatus.FAILED),
        resumable=any(block.cause in BY_PERSONS for block in blocks),
    )


def _badge(account: ExchangeAccount, *, is_paper: bool) -> Badge:
    label, status = account.get_status_display(), AccountStatus(account.status)
    if status is AccountStatus.REQUESTED and not is_paper:
        label = "Being checked"
    return Badge(label, _TONES.get(status, ""), account.status_reason)


def _notes(account: ExchangeAccount, blocks: Sequence[EntryBlock]) -> list[Note]:
    """Blocks first, then why there is no check yet, what a failed one refused, and its warnings."""
    found = [Note("down" if block.kind is BlockKind.HALT else "warn", block.words) for block in blocks]
    if account.status == AccountStatus.REQUESTED and account.status_reason:
        found.append(Note("warn", f"{account.status_reason[:1].upper()}{account.status_reason[1:]}"))
    if account.status == AccountStatus.FAILED:
        found += [Note("down", words) for words in account.key_report.get("refusals", [])]
    return found + [Note("warn", words) for words in account.key_report.get("warnings", [])]


def _context(request: WorkspaceRequest) -> dict[str, object]:
    return {
        "accounts": [_line(account) for account in exchange_accounts().prefetch_related("bots")],
        "may_trade": may(request.membership.role, Role.TRADER),
        "may_own": may(request.membership.role, Role.OWNER),
    }


def _page(request: WorkspaceRequest, form: ConnectForm) -> HttpResponseBase:
    context = _context(request) | {
        "key": form,
        "embedded": settings.EMBEDDED,
    }
    return render(request, "accounts/accounts.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def accounts_page(request: WorkspaceRequest) -> HttpResponseBase:
    """Every exchange account, and the form that connects one."""
    return _page(request, ConnectForm())


@require_GET
@never_cache
@require_role(Role.VIEWER)
def accounts_live(request: WorkspaceRequest) -> HttpResponseBase:
    """Show the list of accounts, again and again."""
    return render(request, "accounts/_accounts.html", _context(request))


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
    messages.success(request, f"{account.name} is being checked; its key is sealed.")
    return redirect("accounts")


@sensitive_post_parameters("api_secret")
@require_POST
@require_role(Role.OWNER)
def key(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Seal and store another key for a connected account."""
    account = get_for(exchange_accounts(), code)
    form = KeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was replaced: a key and its secret are needed.")
        return redirect("accounts")
    data = form.cleaned_data
    try:
        replace_key(account, data["api_key"], data["api_secret"], actor=request.user.email)
    except InvalidInput as error:
        messages.error(request, f"Nothing was replaced: {error.reason}.")
    else:
        messages.success(request, f"The new key of {account.name} is being checked; it is sealed.")
    return redirect("accounts")


@require_POST
@require_role(Role.TRADER)
def check(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Have a key checked by the trader, who alone can open it."""
    account = get_for(exchange_accounts(), code)
    try:
        request_check(account, actor=request.user.email)
    except InvalidInput as error:
        messages.error(request, f"Nothing was checked: {error.reason}.")
    else:
        messages.success(request, f"{account.name} is being checked; what is found appears here.")
    return redirect("accounts")


@require_POST
@require_role(Role.TRADER)
def resume(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Take entries again after the exchange refused something."""
    account = get_for(exchange_accounts(), code)
    if resume_entries(account, actor=request.user.email):
        messages.success(request, f"{account.name} takes entries again.")
    else:
        messages.error(request, f"Nothing was changed: no refusal keeps {account.name} from entries.")
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

"""The page of the kill switch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import WorkspaceRequest, get_for, require_role
from accounts.models import Role
from accounts.platform_halt import standing_halt
from accounts.selectors import exchange_accounts
from bots.forms_halt import HaltForm
from bots.models import Bot
from bots.pages.halts import exposed, halt_lines
from bots.services.halting import Subject, halt
from bots.services.limits import locks_in_force
from bots.services.market import workspace_ms
from trading_core.errors import InvalidInput
from trading_core.risk.levels import What, Where

UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def halt_page(request: WorkspaceRequest) -> HttpResponseBase:
    """What stands on the exchanges now, and the switch."""
    bots = Bot.objects.select_related("account").order_by("name", "pk")
    form = HaltForm(request.POST or None, accounts=exchange_accounts(), bots=bots)
    if request.method == "POST" and form.is_valid():
        subject = _subject(request, form.cleaned_data["target"])
        what = What(form.cleaned_data["what"])
        try:
            halt(subject, what, form.cleaned_data["reason"], actor=request.user.email)
        except InvalidInput as error:
            form.add_error("reason", f"{error.reason[:1].upper()}{error.reason[1:]}.")
        else:
            messages.success(request, f"{subject.name[:1].upper()}{subject.name[1:]} is halted.")
            return redirect("halt")
    context = {
        "form": form,
        "accounts": exposed(exchange_accounts()),
        "halts": halt_lines(locks_in_force(workspace_ms())),
        "platform": standing_halt(),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "limits/halt.html", context, status=status)


def _subject(request: WorkspaceRequest, target: str) -> Subject:
    kind, _, code = target.partition(":")
    workspace = request.workspace.pk
    if kind == "bot":
        bot = get_for(Bot.objects.all(), code)
        return Subject(Where.BOT, workspace, bot.account_id, bot.pk, f"bot {bot.name}")
    if kind == "account":
        account = get_for(exchange_accounts(), code)
        return Subject(Where.ACCOUNT, workspace, account.pk, name=f"account {account.name}")
    return Subject(Where.WORKSPACE, workspace, name="the workspace")

"""Pages of counterfactuals: a question about a bot's rules, its progress, its answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import WorkspaceRequest, get_for, require_role
from accounts.models import Role
from bots.models import Bot, Study
from bots.pages import what_if
from bots.services import whatif
from bots.views_decisions import bot_context
from trading_core.errors import InvalidInput, RulesInvalid

UNPROCESSABLE = 422


def _context(request: WorkspaceRequest, code: str) -> dict[str, Any]:
    context = bot_context(request, code, "bot-what-if")
    return context | {"recent": what_if.recent(context["bot"])}


def _page(
    request: WorkspaceRequest, context: dict[str, Any], form: what_if.WhatIfForm, status: int = 200
) -> HttpResponseBase:
    return render(request, "bots/what_if.html", context | {"form": form}, status=status)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def what_if_page(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """A question about the rules of a bot."""
    context = _context(request, code)
    bot = context["bot"]
    return _page(request, context, what_if.WhatIfForm(bot, initial=what_if.first_values(bot, request.GET)))


@require_POST
@require_role(Role.TRADER)
def what_if_run(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Ask it."""
    context = _context(request, code)
    bot: Bot = context["bot"]
    form = what_if.WhatIfForm(bot, request.POST)
    if form.is_valid():
        try:
            study = whatif.start_what_if(
                bot, form.change(), form.cleaned_data["days"], actor=request.user.email
            )
        except (RulesInvalid, InvalidInput) as error:
            form.add_error(None, f"{error}")
        else:
            return redirect("bot-study", bot.code, study.code)
    return _page(request, context, form, UNPROCESSABLE)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def study_page(request: WorkspaceRequest, code: str, study: str) -> HttpResponseBase:
    """One question with its progress or its answer, and the form to ask the next."""
    context = _context(request, code)
    bot = context["bot"]
    row = _study_or_404(bot, study)
    context["study"] = what_if.asked_of(bot, row)
    return _page(request, context, what_if.WhatIfForm(bot, initial=what_if.values_of(bot, row)))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def study_live(request: WorkspaceRequest, code: str, study: str) -> HttpResponseBase:
    """Its progress or its answer, for refetching."""
    context = bot_context(request, code, "bot-what-if")
    asked = what_if.asked_of(context["bot"], _study_or_404(context["bot"], study))
    return render(request, "bots/_study_live.html", context | {"study": asked})


@require_POST
@require_role(Role.TRADER)
def study_cancel(request: WorkspaceRequest, code: str, study: str) -> HttpResponseBase:
    """Stop computing."""
    bot = get_for(Bot.objects.all(), code)
    row = whatif.cancel_study(_study_or_404(bot, study), actor=request.user.email)
    if row.state == "cancelled":
        messages.success(request, "Cancelled; nothing was kept of it.")
    return redirect("bot-study", bot.code, row.code)


def _study_or_404(bot: Bot, code: str) -> Study:
    row = Study.objects.filter(bot=bot, code=code).first()
    if row is None:
        raise Http404("no such question")
    return row

"""The worst case as a part of pages: of the form for a new bot, and of a bot."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.access import WorkspaceRequest, get_for, require_role
from accounts.models import Role
from bots.forms import BotForm
from bots.models import Bot
from bots.pages import newbot
from bots.pages.preflight import shown
from bots.services.preflight import preflight_bot, preflight_document
from trading_core.engine.document import parse_document
from trading_core.errors import DocumentInvalid


@require_POST
@never_cache
@require_role(Role.TRADER)
def new_bot(request: WorkspaceRequest) -> HttpResponseBase:
    """The worst case of what the form says now; nothing is stored."""
    source = newbot.source()
    templates = newbot.templates(request.POST.get("template", ""))
    form = BotForm(
        request.POST,
        templates=[(one.key, one.label) for one in templates],
        symbols=newbot.symbols(source),
    )
    if form.is_valid():
        rules = newbot.rules(form.cleaned_data["template"])
        try:
            document = parse_document(form.document(source=source, rules=rules))
        except DocumentInvalid as error:
            form.refuse(error)
        else:
            return render(request, "bots/_preflight.html", {"page": shown(preflight_document(document))})
    faults = [
        (form[name].label if name in form.fields else "", text)
        for name, found in form.errors.items()
        for text in found
    ]
    return render(request, "bots/_preflight_faults.html", {"faults": faults})


@require_GET
@never_cache
@require_role(Role.VIEWER)
def one_bot(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """The worst case of a bot with what its account has now."""
    bot = get_for(Bot.objects.select_related("account"), code)
    return render(request, "bots/_preflight.html", {"page": shown(preflight_bot(bot))})

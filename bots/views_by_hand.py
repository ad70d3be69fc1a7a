"""The page on which a person adds to a position, or takes from it."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import WorkspaceRequest, get_for, require_role
from accounts.models import Role
from bots.forms_by_hand import AddForm, ReduceForm, which
from bots.models import Bot
from bots.pages.holdings import holdings
from bots.services import by_hand
from trading_core.errors import InvalidInput
from trading_core.money import money

PERCENT_PPM = 10_000
UNPROCESSABLE = 422


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def position(request: WorkspaceRequest, code: str, symbol: str) -> HttpResponseBase:
    """One position, and what can be done to it by hand."""
    bot = get_for(Bot.objects.select_related("account"), code)
    asked = which(request.POST)
    forms = {
        "reduce": ReduceForm(request.POST if asked == "reduce" else None),
        "add": AddForm(request.POST if asked == "add" else None),
    }
    if asked and forms[asked].is_valid() and _done(request, bot, symbol, asked, forms[asked]):
        return redirect("bot", bot.code)
    held = holdings(bot.positions.select_related("bot").filter(symbol=symbol).exclude(lots=0))
    if not held:
        raise Http404("nothing is held in that symbol")
    status = UNPROCESSABLE if any(form.errors for form in forms.values()) else 200
    return render(request, "bots/position.html", {"bot": bot, "held": held[0], **forms}, status=status)


def _done(request: WorkspaceRequest, bot: Bot, symbol: str, asked: str, form: Form) -> bool:
    data, actor = form.cleaned_data, request.user.email
    try:
        if asked == "add":
            by_hand.add(bot, symbol, money(data["quote"]), key=data["key"], actor=actor)
            messages.success(request, f"{symbol}: {data['quote']} USDT are being added at the market.")
        else:
            share = int(data["percent"])
            by_hand.reduce(bot, symbol, share * PERCENT_PPM, key=data["key"], actor=actor)
            messages.success(request, f"{symbol}: {share} % are being closed at the market.")
    except (InvalidInput, by_hand.Refused) as error:
        form.add_error("quote" if asked == "add" else "percent", f"Not done. {error}")
        return False
    return True

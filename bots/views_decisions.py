"""Pages of the decision journal: the feed, one decision, what stood in the way."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import Role
from bots.models import Bot
from bots.pages import blockers, decision_chart, decisions
from bots.pages import decision as decision_page
from bots.pages.outcomes import OUTCOMES
from bots.pages.tabs import tabs
from bots.services import journal


def bot_context(request: WorkspaceRequest, code: str, tab: str) -> dict[str, Any]:
    """What every page of one bot needs: the bot, its symbols, its tabs."""
    bot = get_for(Bot.objects.select_related("account"), code)
    symbols = list(bot.listens.order_by("pk").values_list("symbol", flat=True))
    return {
        "bot": bot,
        "symbols": symbols,
        "tabs": tabs(bot, tab),
        "may_trade": may(request.membership.role, Role.TRADER),
    }


def _feed_context(request: WorkspaceRequest, code: str) -> dict[str, Any]:
    context = bot_context(request, code, "bot-decisions")
    query = decisions.Query.of(request.GET, context["symbols"])
    return context | {"feed": decisions.feed(context["bot"], context["symbols"], query)}


@require_GET
@never_cache
@require_role(Role.VIEWER)
def decisions_page(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Why, close by close."""
    context = _feed_context(request, code)
    choices = {"outcomes": OUTCOMES, "ranges": decisions.RANGES.items(), "only": decisions.ONLY.items()}
    return render(request, "bots/decisions.html", context | choices)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def decisions_live(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """The feed, for refetching."""
    return render(request, "bots/_decision_feed.html", _feed_context(request, code))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def decision(request: WorkspaceRequest, code: str, symbol: str, close_ms: int) -> HttpResponseBase:
    """One decision with every number."""
    context = bot_context(request, code, "bot-decisions")
    row = _decision_or_404(context["bot"], symbol, close_ms)
    return render(
        request, "bots/decision.html", context | {"page": decision_page.decision_page(context["bot"], row)}
    )


@require_GET
@never_cache
@require_role(Role.VIEWER)
def decision_chart_data(request: WorkspaceRequest, code: str, symbol: str, close_ms: int) -> HttpResponseBase:
    """Candles around a decision with what was decided on them."""
    bot = get_for(Bot.objects.all(), code)
    row = _decision_or_404(bot, symbol, close_ms)
    return JsonResponse(decision_chart.decision_chart(bot, row))


def _decision_or_404(bot: Bot, symbol: str, close_ms: int) -> journal.Decision:
    found = journal.decision(bot, symbol, close_ms) if close_ms < decisions.TIME_END else None
    if found is None:
        raise Http404("no decision of that symbol and close")
    return found


@require_GET
@never_cache
@require_role(Role.VIEWER)
def blockers_page(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """What stood in the way, counted."""
    context = bot_context(request, code, "bot-blockers")
    query = blockers.Query.of(request.GET, context["symbols"])
    page = blockers.blockers_page(context["bot"], query)
    return render(
        request,
        "bots/blockers.html",
        context | {"page": page, "query": query, "spans": blockers.SPANS.items()},
    )

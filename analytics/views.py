"""The analytics page and the numbers of its charts."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import WorkspaceRequest, get_for, require_role
from accounts.models import Role
from analytics.pages.live import drawdown_points, equity_points, page
from analytics.services.live import SPANS, Live, live_figures
from bots.models import Bot

DAYS = 30


@require_GET
@never_cache
@require_role(Role.VIEWER)
def analytics(request: WorkspaceRequest) -> HttpResponseBase:
    """How the workspace's bots, or one of them, really did."""
    every = list(_bots())
    live = _live(request, every)
    context = {
        "page": page(live),
        "bots": every,
        "chosen": request.GET.get("bot", ""),
        "spans": SPANS,
        "days": int(request.GET.get("days", DAYS)),
        "query": request.GET.urlencode(),
    }
    return render(request, "analytics/analytics.html", context)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def curve(request: WorkspaceRequest, kind: str) -> HttpResponseBase:
    """Numbers of the charts: equity, or its drawdown."""
    if kind not in ("equity", "drawdown"):
        raise Http404("no such curve")
    live = _live(request, list(_bots()))
    return JsonResponse(equity_points(live) if kind == "equity" else drawdown_points(live))


def _bots() -> QuerySet[Bot]:
    return Bot.objects.select_related("account").order_by("name", "pk")


def _live(request: WorkspaceRequest, every: Sequence[Bot]) -> Live:
    """What the address asks for; what isn't offered is not found."""
    code, days = request.GET.get("bot", ""), request.GET.get("days", str(DAYS))
    if days not in map(str, SPANS) or (code and not code.isalnum()):
        raise Http404("nothing is offered under this address")
    bots = [get_for(_bots(), code)] if code else every
    return live_figures(bots, days=int(days), zone=request.workspace.timezone)

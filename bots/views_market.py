"""Pages of the market everybody shares."""

from __future__ import annotations

from django.http import Http404, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import WorkspaceRequest, require_role
from accounts.models import Role
from bots.pages import market_page
from bots.pages.market import Feed


@require_GET
@never_cache
@require_role(Role.VIEWER)
def market(request: WorkspaceRequest) -> HttpResponseBase:
    """Every symbol with what kind of market it is in."""
    return render(request, "market/market.html", _context(request))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def market_live(request: WorkspaceRequest) -> HttpResponseBase:
    """The list, for refetching."""
    return render(request, "market/_symbols.html", _context(request))


def _context(request: WorkspaceRequest) -> dict[str, object]:
    page = market_page.market_page(market_page.chosen_timeframe(request.GET.get("timeframe", "")))
    return {"page": page, "timeframes": market_page.TIMEFRAMES}


@require_GET
@never_cache
@require_role(Role.VIEWER)
def market_symbol(request: WorkspaceRequest, symbol: str) -> HttpResponseBase:
    """One symbol: regime bands, figures, indicators."""
    feed = _feed_or_404(symbol)
    page = market_page.symbol_page(
        feed, symbol, market_page.chosen_timeframe(request.GET.get("timeframe", ""))
    )
    if page is None:
        raise Http404("this market has no such symbol")
    context = {"page": page, "symbols": market_page.followed(feed), "timeframes": market_page.TIMEFRAMES}
    return render(request, "market/symbol.html", context)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def market_chart(request: WorkspaceRequest, symbol: str) -> HttpResponseBase:
    """Candles of a symbol with their regimes."""
    timeframe = market_page.chosen_timeframe(request.GET.get("timeframe", ""))
    return JsonResponse(market_page.symbol_chart(_feed_or_404(symbol), symbol, timeframe))


def _feed_or_404(symbol: str) -> Feed:
    feed = market_page.main_feed()
    if feed is None or symbol not in market_page.followed(feed):
        raise Http404("this market has no such symbol")
    return feed

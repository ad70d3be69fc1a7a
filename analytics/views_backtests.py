"""Pages of backtests: the list, the form, one with its progress or its report, several side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import Role
from ailona.kit import clock
from analytics.forms import BacktestForm
from analytics.models import UNFINISHED, BacktestRun
from analytics.pages import backtests as pages
from analytics.report.view import view_of
from analytics.services.backtests.reading import COMPARED_MAX, NoResult, chosen, runs, shown
from analytics.services.backtests.requests import NotAllowed, cancel_run, delete_run, request_run
from bots.models import Bot
from conditions.selectors import resolved
from trading_core.errors import InvalidInput

UNPROCESSABLE = 422
ROWS = 100


def _under_way() -> list[pages.Row]:
    return [pages.row_of(run) for run in runs().filter(state__in=UNFINISHED)]


def _may_trade(request: WorkspaceRequest) -> bool:
    return may(request.membership.role, Role.TRADER)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def backtests(request: WorkspaceRequest) -> HttpResponseBase:
    """Every backtest of the workspace, newest first."""
    ended = runs().exclude(state__in=UNFINISHED)
    context = {
        "under_way": _under_way(),
        "ended": [pages.row_of(run) for run in ended[:ROWS]],
        "more": max(0, ended.count() - ROWS),
        "most": COMPARED_MAX,
        "may_trade": _may_trade(request),
    }
    return render(request, "backtests/list.html", context)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def backtests_live(request: WorkspaceRequest) -> HttpResponseBase:
    """Those under way, for refetching; once others are under way than before, the whole page."""
    under_way = _under_way()
    response = render(
        request, "backtests/_under_way.html", {"under_way": under_way, "may_trade": _may_trade(request)}
    )
    before = request.GET.get("codes", "")
    return _refreshed(response, unless=before == ",".join(row.run.code for row in under_way))


def _refreshed(response: HttpResponse, *, unless: bool) -> HttpResponse:
    """Let the browser load the whole page again."""
    if not unless:
        response["HX-Refresh"] = "true"
    return response


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def backtest_new(request: WorkspaceRequest) -> HttpResponseBase:
    """Ask for a backtest."""
    every = list(Bot.objects.order_by("name", "pk"))
    offered = pages.available(every)
    form = BacktestForm(
        every,
        request.POST or None,
        initial=pages.first_values(offered, request.GET.get("bot", ""), clock.now().date()),
    )
    if request.method == "POST" and form.is_valid():
        run = _ask(request, form)
        if run is not None:
            return redirect("backtest", run.code)
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "backtests/new.html", {"form": form, "offered": offered}, status=status)


def _ask(request: WorkspaceRequest, form: BacktestForm) -> BacktestRun | None:
    start_ms, end_ms = form.period()
    try:
        return request_run(
            form.raw(),
            start_ms=start_ms,
            end_ms=end_ms,
            bot=form.chosen,
            actor=request.user.email,
            resolve=resolved,
        )
    except InvalidInput as error:
        form.refuse(error)
        return None


@require_GET
@never_cache
@require_role(Role.VIEWER)
def backtest(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """One: how far it is, or its report."""
    run = get_for(runs(), code)
    context = _context(request, run)
    if run.result_id is not None:
        result = shown(run)
        context |= {"downloads": pages.downloads(run), **view_of(result, result["bars"])}
    return render(request, "backtests/backtest.html", context)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def backtest_live(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """How far it is, for refetching; once it has ended, the whole page."""
    run = get_for(runs(), code)
    response = render(request, "backtests/_progress.html", _context(request, run))
    return _refreshed(response, unless=run.is_unfinished)


def _context(request: WorkspaceRequest, run: BacktestRun) -> dict[str, Any]:
    return {"row": pages.row_of(run), "run": run, "may_trade": _may_trade(request)}


@require_POST
@require_role(Role.TRADER)
def backtest_cancel(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Stop it."""
    run = cancel_run(get_for(runs(), code), actor=request.user.email)
    return redirect("backtest", run.code)


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def backtest_delete(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Ask whether to delete it, and do so."""
    run = get_for(runs(), code)
    if request.method == "GET":
        return render(request, "backtests/delete.html", _context(request, run))
    try:
        delete_run(run, actor=request.user.email)
    except NotAllowed as error:
        messages.error(request, f"Nothing was deleted: {error.reason}.")
        return redirect("backtest", run.code)
    messages.success(request, f"The backtest {run.name} is deleted.")
    return redirect("backtests")


@require_GET
@never_cache
@require_role(Role.VIEWER)
def compare(request: WorkspaceRequest) -> HttpResponseBase:
    """Up to five side by side."""
    codes = [code for asked in request.GET.getlist("id") for code in asked.split(",") if code]
    try:
        found = chosen(codes)
    except BacktestRun.DoesNotExist as error:
        raise Http404("no such backtest") from error
    except NoResult as error:
        return _not_compared(request, error.reason)
    except InvalidInput:
        return _not_compared(request, f"Choose two to {COMPARED_MAX} backtests of the list.")
    comparison = pages.comparison(found)
    return render(request, "backtests/compare.html", {"comparison": comparison, "curves": comparison.curves})


def _not_compared(request: WorkspaceRequest, why: str) -> HttpResponseBase:
    messages.warning(request, why)
    return redirect("backtests")

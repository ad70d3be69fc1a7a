"""Pages of the desk. Each loads, asks a page shape or a service, and renders."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import Role
from bots.forms import BotForm
from bots.models import Bot
from bots.pages import actions, ask, botlist, botpage, dashboard, newbot, settings_of, why
from bots.pages import chart as charts
from bots.pages.holdings import holdings
from bots.pages.tabs import tabs
from bots.services import lifecycle
from bots.services.preflight import PlanUnsafe
from trading_core.errors import DocumentInvalid, InvalidInput

UNPROCESSABLE = 422
CONFLICT = 409


@require_GET
def landing(request: HttpRequest) -> HttpResponseBase:
    """What a stranger sees first; others go to their desk."""
    return redirect("dashboard") if request.user.is_authenticated else render(request, "landing.html")


def _bots() -> QuerySet[Bot]:
    return Bot.objects.select_related("account")


@require_GET
@never_cache
@require_role(Role.VIEWER)
def dashboard_page(request: WorkspaceRequest) -> HttpResponseBase:
    """Equity, positions, bots, health."""
    return render(request, "bots/dashboard.html", {"page": dashboard.dashboard()})


@require_GET
@never_cache
@require_role(Role.VIEWER)
def dashboard_live(request: WorkspaceRequest) -> HttpResponseBase:
    """What changes on the dashboard, for refetching."""
    return render(request, "bots/_dashboard_live.html", {"page": dashboard.dashboard()})


@require_GET
@never_cache
@require_role(Role.VIEWER)
def equity(request: WorkspaceRequest) -> HttpResponseBase:
    """Numbers of the dashboard's chart."""
    return JsonResponse(charts.equity_data(list(_bots())))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def bots_page(request: WorkspaceRequest) -> HttpResponseBase:
    """Every bot."""
    return render(request, "bots/bots.html", {"bots": botlist.all_bots(), "may_trade": _may_trade(request)})


@require_GET
@never_cache
@require_role(Role.VIEWER)
def bots_live(request: WorkspaceRequest) -> HttpResponseBase:
    """The list of bots, for refetching."""
    return render(request, "bots/_bots.html", {"bots": botlist.all_bots(), "may_trade": _may_trade(request)})


def _may_trade(request: WorkspaceRequest) -> bool:
    return may(request.membership.role, Role.TRADER)


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def bot_new(request: WorkspaceRequest) -> HttpResponseBase:
    """Make a bot from a template, with a paper account of its own."""
    source = newbot.source()
    asked = request.GET.get("rules", "")
    templates = newbot.templates(asked)
    form = BotForm(
        request.POST or None,
        templates=[(one.key, one.label) for one in templates],
        symbols=newbot.symbols(source),
        initial=newbot.initial(templates, source, asked),
    )
    if request.method == "POST" and form.is_valid():
        bot = _create(request, form, source)
        if bot is not None:
            return redirect("bot", bot.code)
    context = {"form": form, "templates": templates, "chosen": form["template"].value()}
    return render(request, "bots/new.html", context, status=UNPROCESSABLE if form.errors else 200)


def _create(request: WorkspaceRequest, form: BotForm, source: str) -> Bot | None:
    document = form.document(source=source, rules=newbot.rules(form.cleaned_data["template"]))
    actor = request.user.email
    try:
        bot = lifecycle.create_paper_bot(document, actor=actor)
    except DocumentInvalid as error:
        form.refuse(error)
        return None
    messages.success(request, f"{bot.name} is created; its paper account is being opened.")
    if "start" in request.POST:
        _start(request, bot)
    return bot


def _start(request: WorkspaceRequest, bot: Bot) -> None:
    """Start a new bot; one whose worst case forbids it stays a draft, and its page shows why."""
    try:
        lifecycle.start_bot(bot, actor=request.user.email)
    except PlanUnsafe as error:
        messages.error(request, f"It was not started: {error.reason}.")


def _bot_context(request: WorkspaceRequest, code: str) -> dict[str, Any]:
    bot = get_for(_bots(), code)
    symbols = list(bot.listens.order_by("pk").values_list("symbol", flat=True))
    symbol = botpage.chosen(symbols, request.GET.get("symbol", ""))
    return {
        "bot": bot,
        "symbols": symbols,
        "symbol": symbol,
        "tabs": tabs(bot, "bot"),
        "may_trade": _may_trade(request),
    }


def _live_context(request: WorkspaceRequest, code: str) -> dict[str, Any]:
    context = _bot_context(request, code)
    bot = context["bot"]
    return context | {
        "status": botpage.status(bot),
        "activity": botpage.activity(bot, context["symbols"]),
        "why": why.why_of(bot, context["symbol"]),
    }


@require_GET
@never_cache
@require_role(Role.VIEWER)
def bot_page(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """One bot: chart, figures, decisions, orders, executions."""
    context = _live_context(request, code)
    context["settings"] = settings_of.settings_of(context["bot"])
    return render(request, "bots/bot.html", context)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def bot_live(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """What changes on a bot's page, for refetching."""
    return render(request, "bots/_bot_live.html", _live_context(request, code))


@require_GET
@never_cache
@require_role(Role.VIEWER)
def chart(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Numbers of the candle chart."""
    context = _bot_context(request, code)
    return JsonResponse(charts.chart_data(context["bot"], context["symbol"]))


@require_GET
@require_role(Role.VIEWER)
def bot_document(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """The bot document, as the command line and the API take it."""
    return JsonResponse(get_for(_bots(), code).document, json_dumps_params={"indent": 2})


@require_GET
@never_cache
@require_role(Role.TRADER)
def bot_confirm(request: WorkspaceRequest, code: str, action: str) -> HttpResponseBase:
    """What stopping or panic will do, before it is done."""
    bot = get_for(_bots(), code)
    questions = {"stop": ask.ask_stop, "panic": ask.ask_panic}
    if action not in questions:
        raise Http404("nothing to confirm")
    question = questions[action](bot, holdings(bot.positions.select_related("bot").exclude(lots=0)))
    template = "bots/_confirm.html" if request.headers.get("HX-Request") else "bots/confirm.html"
    return render(request, template, {"ask": question, "bot": bot})


@require_POST
@require_role(Role.TRADER)
def bot_act(request: WorkspaceRequest, code: str, action: str) -> HttpResponseBase:
    """Start, pause, resume, stop, panic."""
    bot = get_for(_bots(), code)
    if action not in actions.ACTIONS:
        raise Http404("no such action")
    try:
        actions.act(bot, action, actor=request.user.email, mode=request.POST.get("mode", ""))
    except InvalidInput as error:
        messages.error(request, f"Nothing was changed: {error.reason}.")
    else:
        messages.success(request, actions.DONE[action].format(name=bot.name))
    return redirect("bot", bot.code)

"""Pages of rule-sets: list, gallery, SON, and one rule-set with its draft and versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import WorkspaceRequest, get_for, may, require_role
from accounts.models import Role
from bots.forms_rules import FILE, SON, NewRuleSetForm
from bots.pages.rules import comparing, editor, gallery, listing, trying
from bots.pages.rules.page import read_of, rules_page
from conditions.models import RuleSet, RuleSetVersion
from conditions.outline import outline
from conditions.selectors import rule_sets, version_of
from conditions.services.drafts import EMPTY, ON_SON, create_rule_set, save_draft
from conditions.services.reading import Reading, read_draft
from conditions.services.transfer import create_imported
from conditions.son import SON as SON_RULES
from conditions.templates_catalog import RULE_TEMPLATES
from trading_core.errors import InvalidInput
from trading_core.rules.parse import parse_rules
from trading_core.rules.text import rules_text

UNPROCESSABLE = 422
EXPIRES_MAX = 10


def may_write(request: WorkspaceRequest) -> bool:
    """Whether this person may change rules."""
    return may(request.membership.role, Role.TRADER)


def found(code: str) -> RuleSet:
    """The rule-set of that code; not found if it is somebody else's."""
    return get_for(rule_sets(), code)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def rules_list(request: WorkspaceRequest) -> HttpResponseBase:
    """Every rule-set."""
    archived = request.GET.get("archived") == "1"
    context = {
        "lines": listing.rule_set_lines(archived=archived),
        "archived": archived,
        "may_write": may_write(request),
    }
    return render(request, "conditions/list.html", context)


@require_GET
@require_role(Role.VIEWER)
def rules_templates(request: WorkspaceRequest) -> HttpResponseBase:
    """The gallery of templates."""
    context = {"cards": gallery.cards(), "may_write": may_write(request)}
    return render(request, "conditions/templates.html", context)


@require_GET
@require_role(Role.VIEWER)
def rules_son(request: WorkspaceRequest) -> HttpResponseBase:
    """SON, read-only."""
    context = {"son": gallery.son_page(), "may_write": may_write(request)}
    return render(request, "conditions/son.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def rules_new(request: WorkspaceRequest) -> HttpResponseBase:
    """Start a rule-set: blank, over SON, from a template or from a file."""
    template = request.POST.get("template", "")
    if template in RULE_TEMPLATES:
        chosen = RULE_TEMPLATES[template]
        made = create_rule_set(name=chosen.name, document=chosen.rules.canonical())
        messages.success(request, f"{made.name} is yours to change. Nothing trades with it yet.")
        return redirect("rule-set", made.code)
    form = NewRuleSetForm(
        request.POST or None, request.FILES or None, initial={"start": request.GET.get("start", "blank")}
    )
    if request.method == "POST" and form.is_valid():
        started = _started(form)
        if started is not None:
            return redirect("rule-set", started.code)
    return render(
        request, "conditions/new.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200
    )


def _started(form: NewRuleSetForm) -> RuleSet | None:
    data = form.cleaned_data
    try:
        if data["start"] == FILE:
            return create_imported(name=data["name"], text=form.given())
        return create_rule_set(name=data["name"], document=ON_SON if data["start"] == SON else EMPTY)
    except InvalidInput as error:
        form.add_error("name" if error.path == "name" else "text", said(error))
        return None


def said(error: InvalidInput) -> str:
    """An error as a sentence with its place."""
    reason = f"{error.reason[:1].upper()}{error.reason[1:]}."
    return f"{error.path}: {reason}" if error.path else reason


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.VIEWER)
def rule_set(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """One rule-set; posting saves its draft, valid or not."""
    row = found(code)
    if request.method == "POST":
        if not may_write(request):
            return render(request, "403.html", status=403)
        return _save(request, row)
    return render(request, "conditions/rule_set.html", _context(request, row))


def _save(request: WorkspaceRequest, row: RuleSet) -> HttpResponseBase:
    texts = texts_of(request.POST)
    try:
        draft = draft_of(row, texts)
        save_draft(row, document=draft, name=request.POST.get("name", row.name))
    except InvalidInput as error:
        messages.error(request, f"Nothing was saved. {said(error)}")
        row.refresh_from_db()
        return render(
            request, "conditions/rule_set.html", _context(request, row, texts), status=UNPROCESSABLE
        )
    if read_draft(row.draft).faults:
        messages.warning(request, "Saved as typed. It can't be published yet: see the marked places.")
    else:
        messages.success(request, "The draft is saved. Bots keep the versions they pin.")
    return redirect("rule-set", row.code)


def texts_of(posted: QueryDict) -> dict[str, str]:
    """The fields of an editor as typed, with plain line ends."""
    return {name: str(value).replace("\r\n", "\n") for name, value in posted.items()}


def draft_of(row: RuleSet, texts: dict[str, str]) -> dict[str, Any]:
    """The draft an editor's fields say; raise InvalidInput for a number that is none."""
    expires = texts.get("expires", "1").strip() or "1"
    if not expires.isdecimal() or not 1 <= int(expires[:4]) <= EXPIRES_MAX:
        raise InvalidInput("Signals expire", f"expected 1 to {EXPIRES_MAX} candles, was {expires[:10]!r}")
    make = editor.layer_draft if row.is_layer else editor.plain_draft
    return make(texts, expires=int(expires))


def _context(request: WorkspaceRequest, row: RuleSet, texts: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "page": rules_page(row, texts=texts),
        "may_write": may_write(request),
        "typed_name": (texts or {}).get("name", row.name),
        "choices": editor.CHOICES,
        "joins": editor.JOINS,
    }


@require_POST
@never_cache
@require_role(Role.TRADER)
def rule_set_read(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """What an editor's fields say as they stand; saves nothing."""
    row = found(code)
    texts = texts_of(request.POST)
    try:
        reading = read_draft(draft_of(row, texts))
    except InvalidInput as error:
        return render(request, "conditions/_reading.html", {"refused": said(error)})
    shown = editor.layer_trees(texts, reading.faults) if row.is_layer else []
    boxes = [] if row.is_layer else editor.boxes(texts, reading.faults)
    return render(
        request,
        "conditions/_reading.html",
        {"read": read_of(reading), "boxes": boxes, "layer": shown, "unsaved": True},
    )


@require_GET
@never_cache
@require_role(Role.VIEWER)
def rule_set_preview(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """How often the saved draft would have been true, with a picture."""
    row = found(code)
    hashes = list(row.versions.values_list("rules_hash", flat=True))
    context: dict[str, Any] = {"rule_set": row}
    try:
        context["choice"] = chosen = trying.choice(request.GET.dict(), trying.bot_using(hashes))
        reading = read_draft(row.draft)
        if reading.rules is not None and chosen.place is not None:
            context["tried"] = trying.tried(reading.rules, trees_of(reading), chosen.place, chosen.days)
        context["readable"] = reading.rules is not None
    except InvalidInput as error:
        context["refused"] = said(error)
        context.setdefault("choice", trying.choice({}, None))
    return render(request, "conditions/_preview.html", context)


def trees_of(reading: Reading) -> list[Any]:
    """The outline of what was read."""
    if reading.rules is None:
        return []
    base = SON_RULES if reading.source is not None else None
    return outline(reading.rules, reading.origins, base=base, disabled=reading.disabled)


@require_GET
@never_cache
@require_role(Role.VIEWER)
def rule_set_version(request: WorkspaceRequest, code: str, number: int) -> HttpResponseBase:
    """One version as it was published, and what it changed."""
    row = found(code)
    version = numbered(row, number)
    against = request.GET.get("against", str(number - 1))
    other = version_of(row, int(against)) if against.isdecimal() and len(against) < 6 else None  # noqa: PLR2004
    context = {
        "rule_set": row,
        "version": version,
        "page": comparing.version_page(version, other),
        "may_write": may_write(request),
    }
    return render(request, "conditions/version.html", context)


def numbered(row: RuleSet, number: int) -> RuleSetVersion:
    """The version with that number; not found if there is none."""
    version = version_of(row, number)
    if version is None:
        raise Http404("no version with that number")
    return version


@require_GET
@never_cache
@require_role(Role.VIEWER)
def rule_set_export(request: HttpRequest, code: str) -> HttpResponseBase:
    """A version, or the draft, as a file: JSON, or the text form of the effective rules."""
    row = found(code)
    try:
        data = comparing.export_of(row, request.GET.get("version", ""))
    except InvalidInput as error:
        messages.error(request, f"The draft can't be exported yet. {said(error)}")
        return redirect("rule-set", row.code)
    if data is None:
        raise Http404("no version with that number")
    as_text = request.GET.get("as") == "text"
    answer = (
        HttpResponse(rules_text(parse_rules(data["document"])), content_type="text/plain; charset=utf-8")
        if as_text
        else JsonResponse(data, json_dumps_params={"indent": 2})
    )
    name = comparing.file_name(row, data, "txt" if as_text else "json")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

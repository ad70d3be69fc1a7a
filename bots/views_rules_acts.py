"""What can be done with a rule-set: publish, fork, mirror, import, archive. What can't be taken back asks first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import WorkspaceRequest, require_role
from accounts.models import Role
from bots.forms_rules import FileForm, NameForm, NoteForm
from bots.pages.rules import comparing
from bots.views_rules import UNPROCESSABLE, found, numbered, said
from conditions.services.drafts import archive, fork, fork_draft, save_draft, unarchive
from conditions.services.mirroring import mirror_draft
from conditions.services.publishing import publish_version
from conditions.services.transfer import import_into
from trading_core.errors import InvalidInput


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def rule_set_publish(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Show what publishing would change, then publish."""
    row = found(code)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            version = publish_version(row, note=form.cleaned_data["note"], actor=request.user.email)
        except InvalidInput as error:
            form.add_error(None, said(error))
        else:
            messages.success(request, f"{row.name} v{version.number} is published and never changes.")
            return redirect("rule-set-version", row.code, version.number)
    page = comparing.publish_page(row)
    status = UNPROCESSABLE if form.errors else 200
    return render(
        request, "conditions/publish.html", {"rule_set": row, "page": page, "form": form}, status=status
    )


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def rule_set_fork(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Start another rule-set from the draft, or from a version."""
    row = found(code)
    number = request.GET.get("version", "")
    version = numbered(row, int(number)) if number.isdecimal() and len(number) < 6 else None  # noqa: PLR2004
    form = NameForm(request.POST or None, initial={"name": f"{row.name} copy"[:80]})
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        made = fork(version, name=name) if version else fork_draft(row, name=name)
        messages.success(request, f"{made.name} starts from {version or row.name}.")
        return redirect("rule-set", made.code)
    context = {"rule_set": row, "version": version, "form": form}
    return render(request, "conditions/fork.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def rule_set_mirror(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Write one side of the draft from the other; what that side says now is lost, so it asks."""
    row = found(code)
    if request.method == "POST":
        try:
            made = mirror_draft(row, side=request.POST.get("side", ""))
        except InvalidInput as error:
            messages.error(request, f"Nothing was changed. {said(error)}")
        else:
            odd = len(made.kept)
            kept = (
                f" {odd} condition{'s' if odd > 1 else ''} without a mirror stayed as written." if odd else ""
            )
            messages.success(request, f"One side of the draft is the mirror of the other now.{kept}")
        return redirect("rule-set", row.code)
    return render(request, "conditions/mirror.html", {"rule_set": row, "page": comparing.mirror_page(row)})


@require_http_methods(["GET", "POST"])
@never_cache
@require_role(Role.TRADER)
def rule_set_import(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Replace the draft by a file that is valid as a whole."""
    row = found(code)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            import_into(row, text=form.given())
        except InvalidInput as error:
            form.add_error("text", said(error))
        else:
            messages.success(request, "The draft is what the file says.")
            return redirect("rule-set", row.code)
    context: dict[str, Any] = {"rule_set": row, "form": form}
    return render(request, "conditions/import.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@require_role(Role.TRADER)
def rule_set_archive(request: WorkspaceRequest, code: str) -> HttpResponseBase:
    """Put a rule-set out of the way, or bring it back."""
    row = found(code)
    if row.archived_at is None:
        archive(row, actor=request.user.email)
        messages.success(request, f"{row.name} is archived. Bots that pin a version of it go on.")
    else:
        unarchive(row, actor=request.user.email)
        messages.success(request, f"{row.name} is back.")
    return redirect("rule-set", row.code)


@require_POST
@require_role(Role.TRADER)
def rule_set_take(request: WorkspaceRequest, code: str, number: int) -> HttpResponseBase:
    """Make the draft say what a version says."""
    row = found(code)
    version = numbered(row, number)
    save_draft(row, document=version.source or version.document)
    messages.success(request, f"The draft says what v{number} says.")
    return redirect("rule-set", row.code)

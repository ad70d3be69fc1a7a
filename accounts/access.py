"""Who may do what: the role table, and the only place that asks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts.models import Membership, Role, User, Workspace

_RANK = {Role.VIEWER: 1, Role.TRADER: 2, Role.OWNER: 3}

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class WorkspaceRequest(HttpRequest):
    """A request inside a workspace, for the type checker."""

    user: User
    workspace: Workspace
    membership: Membership


def may(role: str, needed: Role) -> bool:
    """Return whether a role includes another."""
    return _RANK[Role(role)] >= _RANK[needed]


def membership_in(request: HttpRequest) -> Membership | None:
    """Return the place of the request's person in its workspace."""
    return cast("Membership | None", getattr(request, "membership", None))


def check_role(request: HttpRequest, needed: Role) -> Membership:
    """Return the membership if it includes the role; raises ``PermissionDenied``."""
    membership = membership_in(request)
    if membership is None:
        raise PermissionDenied("you are not a member of a workspace")
    if not may(membership.role, needed):
        raise PermissionDenied(f"this needs the role {needed.label.lower()}; yours is {membership.role}")
    return membership


def require_role(
    needed: Role,
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Let a page be seen only by those whose role includes this one; others log in, or are refused."""

    def decorate(
        view: Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            check_role(request, needed)
            return view(cast("WorkspaceRequest", request), *args, **kwargs)

        return guarded

    return decorate


def get_for(rows: QuerySet[M], code: str) -> M:
    """Return the row with this public code among those that may be seen; somebody else's is not found."""
    row = rows.filter(code=code).first()
    if row is None:
        raise Http404("nothing here has that code")
    return row

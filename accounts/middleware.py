"""Opens the workspace of a request, once, for everything that answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.selectors import membership_of
from ailona.kit.tenancy import workspace_scope

SESSION_KEY = "workspace"
READING = {"GET", "HEAD", "OPTIONS"}


class WorkspaceMiddleware:
    """Sets ``request.workspace`` and ``request.membership``, and keeps the request inside that scope.

    A request that is refused changes nothing: what it wrote is rolled back with its answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer inside the scope of the person's workspace, or without one."""
        target: Any = request
        target.workspace = target.membership = None
        user = request.user
        # Operators look across workspaces there, under a scope and a database role of their own.
        if not isinstance(user, User) or request.path.startswith(settings.ADMIN_PATH):
            return self.get_response(request)
        membership = membership_of(user, request.session.get(SESSION_KEY, ""))
        if membership is None:
            return self.get_response(request)
        target.workspace, target.membership = membership.workspace, membership
        with workspace_scope(membership.workspace_id, reading=request.method in READING):
            return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        wrote = request.method not in READING
        if wrote and response.status_code >= 400 and connection.in_atomic_block:  # noqa: PLR2004 - refused or failed
            transaction.set_rollback(True)
        return response

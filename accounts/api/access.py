"""Who may use the API: people logged in by session, with the role the method asks for."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.access import may, membership_in
from accounts.models import Role, User


class SessionLogin(SessionAuthentication):
    """Django's session with its CSRF check; nobody logged in is told so (401), not refused (403)."""

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, which is what makes the answer a 401."""
        return "Session"


class MemberMay(BasePermission):
    """Reading needs a viewer, anything else the view's ``writer`` role (a trader where it names none)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the person's role includes what is asked."""
        membership = membership_in(request._request)  # noqa: SLF001 - DRF documents no other way
        if membership is None:
            self.message = "you are not a member of a workspace"
            return False
        needed = Role.VIEWER if request.method in SAFE_METHODS else getattr(view, "writer", Role.TRADER)
        self.message = f"this needs the role {needed.label.lower()}; yours is {membership.role}"
        return may(membership.role, needed)


def actor_of(request: Request) -> str:
    """The name that goes into the audit log."""
    user: Any = request.user
    return user.email if isinstance(user, User) else "system"

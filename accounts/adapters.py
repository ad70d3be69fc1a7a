"""What allauth asks us: a new person gets a workspace of their own."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.services import MAX_NAME, create_workspace


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The person and the workspace are stored together or not at all."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:  # noqa: FBT001, FBT002
        """Store a new person and their workspace."""
        if not commit:
            saved: User = super().save_user(request, user, form, commit=False)
            return saved
        with transaction.atomic():
            saved = super().save_user(request, user, form, commit=True)
            create_workspace(saved, workspace_name(saved.email))
        return saved


def workspace_name(email: str) -> str:
    """Return what a person's first workspace is called."""
    return f"{email.partition('@')[0]}'s workspace"[:MAX_NAME]

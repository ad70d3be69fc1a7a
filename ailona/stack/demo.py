"""The demo workspace: a person to log in as, whose bots trade on paper from the first minute."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import create_workspace
from ailona.kit.tenancy import person_scope, workspace_scope
from bots.models import Bot
from bots.services.lifecycle import create_paper_bot, start_bot

EMAIL = "demo@ailona.local"
WORKSPACE = "Demo workspace"
ACTOR = "demo"


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """How to log in; the password is empty when only its hash is left."""

    email: str
    password: str


def ensure_demo(documents: Iterable[object]) -> DemoLogin:
    """Create the demo person, workspace and running bots unless they exist; return the login."""
    user = User.objects.filter(email=EMAIL).first()
    if user is not None:
        return DemoLogin(EMAIL, _kept_password())
    with transaction.atomic():
        user = User.objects.create_user(EMAIL)
        EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
        workspace = create_workspace(user, WORKSPACE)
        with workspace_scope(workspace.pk):
            for document in documents:
                start_bot(create_paper_bot(document, actor=ACTOR), actor=ACTOR)
        return DemoLogin(EMAIL, _give_password(user))


def demo_bots() -> list[tuple[str, str]]:
    """Return code and name of the demo person's bots, oldest first."""
    person = User.objects.get(email=EMAIL)
    with person_scope(person.pk):
        workspace_id = person.memberships.values_list("workspace_id", flat=True).get()
    with workspace_scope(workspace_id, reading=True):
        return list(Bot.objects.order_by("id").values_list("code", "name"))


def reset_password() -> DemoLogin:
    """Give the demo person a new password; raises ``User.DoesNotExist`` before the first start."""
    return DemoLogin(EMAIL, _give_password(User.objects.get(email=EMAIL)))


def _give_password(user: User) -> str:
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    _keep(password)
    return password


def _password_file() -> Path:
    return Path(settings.DATA_DIR) / "demo.txt"


def _kept_password() -> str:
    path = _password_file()
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _keep(password: str) -> None:
    """Keep it beside the database for the next start's greeting; only the owner of the folder reads it."""
    path = _password_file()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{password}\n")

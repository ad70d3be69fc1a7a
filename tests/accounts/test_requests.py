from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import path
from pytest_django import Settings

from accounts.access import check_role, get_for, may, require_role
from accounts.middleware import WorkspaceMiddleware
from accounts.models import AuditEvent, ExchangeAccount, Role, User, Workspace
from accounts.selectors import exchange_accounts, memberships_of
from accounts.services import create_workspace, open_paper_account
from ailona.kit.tenancy import active_scope, workspace_scope
from tests.persons import PASSWORD
from trading_core.money import money

SIGNUP = {"email": "nora@example.com", "password1": PASSWORD, "password2": PASSWORD}


def answered(user: object, view: Any, method: str = "GET", chosen: str = "") -> HttpResponse:
    """Send a request of this person through the middleware alone."""
    request: Any = RequestFactory().generic(method, "/somewhere")
    request.user = user
    request.session = {"workspace": chosen}
    response = WorkspaceMiddleware(view)(request)
    assert isinstance(response, HttpResponse)
    return response


def test_a_request_is_inside_the_workspace_of_its_person(alice: User, workspace: Workspace) -> None:
    seen: list[Any] = []

    def view(request: Any) -> HttpResponse:
        seen.extend([request.workspace, request.membership.role, active_scope(), list(exchange_accounts())])
        return HttpResponse()

    answered(alice, view)

    scope = seen[2]
    assert (seen[0], seen[1], scope.workspace_id, seen[3]) == (workspace, "owner", workspace.pk, [])
    assert active_scope() is None


def test_a_request_chooses_among_its_persons_workspaces_only(
    alice: User, strangers_workspace: Workspace
) -> None:
    second = create_workspace(alice, "Second")
    seen: list[Workspace] = []

    def view(request: Any) -> HttpResponse:
        seen.append(request.workspace)
        return HttpResponse()

    answered(alice, view, chosen=second.code)
    answered(alice, view, chosen=strangers_workspace.code)

    assert [workspace.name for workspace in seen] == ["Second", "Alice's desk"]


def test_an_anonymous_request_has_no_workspace(db: None) -> None:
    seen: list[object] = []

    def view(request: Any) -> HttpResponse:
        seen.extend([request.workspace, active_scope()])
        return HttpResponse()

    answered(None, view)

    assert seen == [None, None]


@pytest.mark.parametrize("status, kept", [(200, True), (302, True), (400, False), (403, False), (500, False)])
def test_a_refused_request_changes_nothing(
    status: int, kept: bool, alice: User, workspace: Workspace
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        open_paper_account("Paper", money(1))
        return HttpResponse(status=status)

    answered(alice, view, method="POST")

    with workspace_scope(workspace.pk):
        assert exchange_accounts().exists() == kept


def test_a_page_takes_no_write_lock_on_sqlite(transactional_db: None, alice: User) -> None:
    seen: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(connection.in_atomic_block)
        return HttpResponse()

    answered(alice, view)

    assert seen == [connection.vendor == "postgresql"]


def test_roles_include_the_ones_below() -> None:
    allowed = {(role, needed) for role in Role for needed in Role if may(role, needed)}

    assert allowed == {
        (Role.OWNER, Role.OWNER), (Role.OWNER, Role.TRADER), (Role.OWNER, Role.VIEWER),
        (Role.TRADER, Role.TRADER), (Role.TRADER, Role.VIEWER), (Role.VIEWER, Role.VIEWER),
    }  # fmt: skip


@pytest.mark.parametrize("name, allowed", [("alice", True), ("bob", True), ("rita", False)])
def test_a_viewer_may_not_trade(name: str, allowed: bool, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(name)

    def view(request: HttpRequest) -> HttpResponse:
        try:
            check_role(request, Role.TRADER)
        except PermissionDenied:
            return HttpResponse(status=403)
        return HttpResponse()

    assert answered(person, view, method="POST").status_code == (200 if allowed else 403)


def test_who_is_not_logged_in_is_sent_to_the_login(db: None) -> None:
    @require_role(Role.VIEWER)
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    request: Any = RequestFactory().get("/bots/")
    request.user = type("Nobody", (), {"is_authenticated": False})()

    assert page(request).headers["Location"] == "/accounts/login/?next=/bots/"


def test_a_strangers_code_is_not_found(workspace: Workspace, strangers_workspace: Workspace) -> None:
    with workspace_scope(strangers_workspace.pk):
        theirs = open_paper_account("Paper", money(1))
    with workspace_scope(workspace.pk):
        mine = open_paper_account("Paper", money(1))

        assert get_for(exchange_accounts(), mine.code) == mine
        with pytest.raises(Http404):
            get_for(exchange_accounts(), theirs.code)


# --- allauth, through the whole stack ------------------------------------------------------------


def home(request: Any) -> HttpResponse:
    return HttpResponse(f"{request.user} in {request.workspace}")


@pytest.fixture
def _plain_pages(settings: Settings) -> None:
    """These tests are about what happens, not about the templates."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]


@pytest.mark.usefixtures("_plain_pages")
def test_a_new_person_gets_a_workspace_and_verifies_their_address(client: Client, db: None) -> None:
    client.post("/accounts/signup/", SIGNUP)

    user = User.objects.get(email="nora@example.com")
    memberships = memberships_of(user)
    assert [(m.workspace.name, m.role) for m in memberships] == [("nora's workspace", "owner")]
    with workspace_scope(memberships[0].workspace_id):
        assert AuditEvent.objects.get().actor == "nora@example.com"
    refused = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert refused.headers["Location"] == "/accounts/confirm-email/"
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+/)", str(mail.outbox[0].body))
    assert link is not None
    client.post(link.group(1))
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(user.pk)
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("_plain_pages")
def test_a_sign_up_that_fails_leaves_nobody_behind(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("no workspace")

    monkeypatch.setattr("accounts.adapters.create_workspace", fail)

    with pytest.raises(RuntimeError):
        client.post("/accounts/signup/", SIGNUP)

    assert not User.objects.filter(email="nora@example.com").exists()


@pytest.mark.usefixtures("_plain_pages")
@pytest.mark.parametrize("password", ["short", "12345678901", "password1234567"[:8]])
def test_a_weak_password_is_refused(password: str, client: Client, db: None) -> None:
    response = client.post("/accounts/signup/", {**SIGNUP, "password1": password, "password2": password})

    assert response.status_code == 200
    assert not User.objects.exists()


@pytest.mark.usefixtures("_plain_pages")
def test_an_address_in_use_is_not_given_away(client: Client, alice: User) -> None:
    response = client.post("/accounts/signup/", {**SIGNUP, "email": alice.email})

    assert response.status_code == 302
    assert User.objects.count() == 1
    assert "already" in str(mail.outbox[0].body)


@pytest.mark.usefixtures("_plain_pages")
def test_a_forgotten_password_is_replaced_by_mail(client: Client, alice: User) -> None:
    client.post("/accounts/password/reset/", {"email": alice.email})
    link = re.search(r"http://\S+(/accounts/password/reset/key/\S+/)", str(mail.outbox[0].body))
    assert link is not None

    form = client.get(link.group(1), follow=True)
    replaced = {"password1": "another-battery-staple", "password2": "another-battery-staple"}
    client.post(form.redirect_chain[-1][0], replaced)

    alice.refresh_from_db()
    assert alice.check_password("another-battery-staple")


def test_passwords_are_hashed_with_argon2() -> None:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"]):
        user = User(email="x@example.com")
        user.set_password(PASSWORD)

    assert user.password.startswith("argon2$argon2id$")


urlpatterns = [path("", home)]


@pytest.mark.urls(__name__)
def test_a_logged_in_page_knows_its_workspace_and_is_guarded(client: Client, alice: User) -> None:
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")

    response = client.get("/")

    assert "alice@example.com in Alice" in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert ExchangeAccount._meta.label == "accounts.ExchangeAccount"


@pytest.mark.usefixtures("_plain_pages")
def test_guessing_passwords_is_slowed_down(client: Client, alice: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "2/5m/key"}
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "guesses"}
    }

    for _ in range(2):
        client.post("/accounts/login/", {"login": alice.email, "password": "a wrong guess"})
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})

    assert "_auth_user_id" not in client.session

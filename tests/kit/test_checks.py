from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import AccountStatus, ExchangeAccount, Workspace
from ailona import checks
from ailona.kit.tenancy import workspace_scope
from ailona.secrets_file import new_secrets
from tests.roles import acting_as


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Settings of a site that may start."""
    settings.EMBEDDED, settings.DEBUG, settings.BEHIND_HTTPS, settings.LISTENS_ON_LOOPBACK = (
        False,
        False,
        True,
        False,
    )
    settings.SECRET_KEY = new_secrets()["SECRET_KEY"]
    settings.TRADER_PUBLIC_KEY = new_secrets()["TRADER_PUBLIC_KEY"]
    settings.TRADER_PRIVATE_KEY = settings.MASTER_KEYS = ""
    settings.ALLOWED_HOSTS, settings.EMAIL_HOST, settings.AILONA_ROLE = (
        ["bots.example"],
        "smtp.example",
        "web",
    )
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    return settings


def found() -> set[str]:
    messages = [*checks.check_secrets(None), *checks.check_exposure(None)]
    return {str(message.id) for message in messages}


def test_a_proper_production_starts(production: Settings) -> None:
    assert found() == set()


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"SECRET_KEY": "short"}, "E001"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghijklmnopqrstuvwxyz0123456789"}, "E002"),
        ({"SECRET_KEY": "changeme" + "abcdefghijklmnopqrstuvwxyz0123456789-_-_-_"}, "E002"),
        ({"SECRET_KEY": "a" * 64}, "E002"),
        ({"TRADER_PUBLIC_KEY": ""}, "E003"),
        ({"TRADER_PUBLIC_KEY": "bm90IGEga2V5"}, "E003"),
        ({"TRADER_PRIVATE_KEY": "x"}, "E004"),
        ({"MASTER_KEYS": "1:x"}, "E004"),
        ({"DEBUG": True}, "E005"),
        ({"DEBUG": True, "LISTENS_ON_LOOPBACK": True}, "E005"),
        ({"ALLOWED_HOSTS": ["*"]}, "E006"),
        ({"ALLOWED_HOSTS": []}, "E006"),
        ({"BEHIND_HTTPS": False}, "E007"),
        ({"SESSION_COOKIE_SECURE": False}, "E008"),
        ({"SECURE_HSTS_SECONDS": 0}, "E008"),
        ({"EMAIL_HOST": ""}, "W001"),
    ],
)
def test_an_unsafe_setting_is_named(changes: dict[str, Any], expected: str, production: Settings) -> None:
    for name, value in changes.items():
        setattr(production, name, value)

    assert found() == {f"ailona.{expected}"}


def test_separate_processes_on_loopback_need_no_https(production: Settings) -> None:
    production.LISTENS_ON_LOOPBACK, production.ALLOWED_HOSTS, production.BEHIND_HTTPS = (
        True,
        ["localhost"],
        False,
    )

    assert found() == set()


def test_debug_on_loopback_is_allowed(production: Settings) -> None:
    production.LISTENS_ON_LOOPBACK, production.ALLOWED_HOSTS, production.DEBUG = True, ["127.0.0.1"], True

    assert found() == set()


@pytest.mark.parametrize("role", ["engine", "migrator"])
def test_a_process_without_pages_needs_no_hosts(role: str, production: Settings) -> None:
    production.AILONA_ROLE, production.ALLOWED_HOSTS, production.TRADER_PUBLIC_KEY = role, [], ""

    assert found() == set()


def test_the_messages_quote_no_secret(production: Settings) -> None:
    production.SECRET_KEY = production.TRADER_PUBLIC_KEY = "canary"

    assert not [m for m in [*checks.check_secrets(None), *checks.check_exposure(None)] if "canary" in f"{m}"]


@pytest.mark.parametrize("environment", ["testnet", "mainnet"])
def test_the_embedded_stack_does_not_start_with_real_accounts(
    environment: str, workspace: Workspace, settings: Settings
) -> None:
    settings.EMBEDDED = True
    with workspace_scope(workspace.pk):
        account = ExchangeAccount.objects.create(
            name="Live", environment=environment, status=AccountStatus.READY
        )

    with acting_as("engine"):
        assert [message.id for message in checks.check_database(None, ["default"])] == ["ailona.E010"]
        with pytest.raises(checks.UnsafeStart, match=account.code):
            checks.refuse_unsafe_start()
    with workspace_scope(workspace.pk):
        ExchangeAccount.objects.update(status=AccountStatus.REVOKED)
    with acting_as("engine"):
        assert checks.check_database(None, ["default"]) == []


def test_without_a_database_to_ask_it_is_not_asked() -> None:
    assert checks.check_database(None, None) == []


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ["web", "engine", "ops"])
def test_a_role_that_is_bound_may_start(role: str, db: None, settings: Settings) -> None:
    settings.EMBEDDED = False
    with acting_as(role):
        assert checks.check_database(None, ["default"]) == []


@pytest.mark.postgresql
def test_a_role_that_is_not_bound_may_not_start(db: None, settings: Settings) -> None:
    settings.EMBEDDED = False
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")

    assert [message.id for message in checks.check_database(None, ["default"])] == ["ailona.E009"]

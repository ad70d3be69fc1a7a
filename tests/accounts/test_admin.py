from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from pytest_django import Settings

from accounts.models import (
    Environment,
    ExchangeAccount,
    OperatorRead,
    PlatformHalt,
    PlatformLimits,
    SealedSecret,
    User,
    Workspace,
    WorkspaceKey,
)
from accounts.platform_halt import platform_locks
from accounts.services import connect_exchange_account
from ailona.kit import clock
from ailona.kit.tenancy import TenantModel, workspace_scope
from bots.models import (
    AccountLease,
    Bot,
    BotSymbol,
    Claim,
    EquityPoint,
    ExecutionRow,
    IntentRow,
    OrderRow,
    Outcome,
    Plan,
    PositionRow,
)  # fmt: skip
from tests.persons import PASSWORD
from tests.roles import acting_as
from trading_core.risk.levels import What

# The admin has its own connection on PostgreSQL, so what it reads must be committed.
pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
CIPHER = b"canary-ciphertext"


@pytest.fixture
def operator(client: Client) -> Client:
    User.objects.create_superuser("olga@example.com", PASSWORD)
    assert client.login(username="olga@example.com", password=PASSWORD)
    return client


@pytest.fixture
def account(workspace: Workspace, keys: Settings) -> ExchangeAccount:
    """Alice's account, and one row of everything that a bot leaves behind."""
    with workspace_scope(workspace.pk):
        account = connect_exchange_account(Environment.DEMO, "Demo", "canary-api-key", "canary-secret")
    with acting_as("engine"), workspace_scope(workspace.pk):
        SealedSecret.objects.update(blob=CIPHER)
        WorkspaceKey.objects.create(version=1, master_version=1, wrapped=CIPHER)
        leave_traces(account)
    return account


def leave_traces(account: ExchangeAccount) -> None:
    bot = Bot.objects.create(
        name="Dip buyer", document={}, rules_hash="0", account=account, source="synthetic", category="linear",
        timeframe="1m",
    )  # fmt: skip
    at = {"bot": bot, "symbol": "BTCUSDT"}
    here = {**at, "account": account}
    BotSymbol.objects.create(**at)
    Plan.objects.create(**at, state={})
    Claim.objects.create(**here)
    Outcome.objects.create(**at, close_ms=60_000, code="NO_SIGNAL", leaves=b"")
    order = OrderRow.objects.create(
        **here, link="link", trade=1, role="entry", leg=0, revision=0, side="Buy", lots=1, reduce_only=False,
        state="filled", instrument_version=1, decided_ms=60_000, created_at=clock.now(),
    )  # fmt: skip
    IntentRow.objects.create(
        **here, order=order, kind="place", trade=1, params={}, priority=3, state="confirmed", decided_ms=60_000,
        created_at=clock.now(),
    )  # fmt: skip
    ExecutionRow.objects.create(
        **here, order=order, exec_id="e1", exec_type="Trade", side="Buy", ticks=1, lots=1, fee=1, is_maker=False,
        time_ms=60_000, sequence=1, instrument_version=1,
    )  # fmt: skip
    PositionRow.objects.create(**here)
    AccountLease.objects.create(account=account)
    EquityPoint.objects.create(bot=bot, close_ms=60_000, wallet=1, unrealised=0)


def address(model: type[models.Model], tail: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{tail}"


def test_every_page_of_the_admin_opens(operator: Client, account: ExchangeAccount) -> None:
    opened = 0
    for model in MODELS:
        for page in (address(model), address(model, "?q=x"), *row_pages(model, account.workspace_id)):
            response = operator.get(page)
            assert response.status_code == 200, page
            text = response.content.decode()
            assert "canary" not in text, page
            opened += 1

    assert opened >= 2 * len(MODELS) + 15


def row_pages(model: type[models.Model], workspace_id: int) -> list[str]:
    with acting_as("engine"), workspace_scope(workspace_id, reading=True):
        row = (
            model._default_manager.order_by("pk").values_list("pk", flat=True).first()
            if readable(model)
            else None
        )
    return [] if row is None else [address(model, f"{row}/change/"), address(model, f"{row}/history/")]


def readable(model: type[models.Model]) -> bool:
    return issubclass(model, TenantModel) or model in (User, Workspace)


def test_an_operator_sees_every_workspace_and_it_is_written_down(
    operator: Client, account: ExchangeAccount, strangers_workspace: Workspace
) -> None:
    page = operator.get(address(Workspace)).content.decode()
    assert "Alice&#x27;s desk" in page
    assert "Charlie&#x27;s desk" in page
    assert account.code in operator.get(address(ExchangeAccount)).content.decode()

    with acting_as("ops"):
        reads = list(OperatorRead.objects.order_by("pk").values_list("operator", "model"))
    assert reads == [
        ("olga@example.com", "accounts.Workspace"),
        ("olga@example.com", "accounts.ExchangeAccount"),
    ]


def test_operators_add_limits_of_the_platform_and_change_none(operator: Client) -> None:
    add = address(PlatformLimits, "add/")

    refused = operator.post(add, {"limits": '{"gross": "-1"}', "note": "Storm"})
    assert "gross: expected a decimal number" in refused.content.decode()
    assert operator.post(add, {"limits": '{"gross": "3"}', "note": "Storm"}).status_code == 302

    row = PlatformLimits.objects.get()
    assert (row.limits["gross"], row.operator, row.note) == ("3", "olga@example.com", "Storm")
    assert operator.post(address(PlatformLimits, f"{row.pk}/change/"), {"note": "x"}).status_code == 403
    assert operator.post(address(PlatformLimits, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403


def test_operators_halt_the_platform_and_lift_it_by_another_row(operator: Client) -> None:
    add = address(PlatformHalt, "add/")

    assert "required" in operator.post(add, {"what": "flatten", "reason": ""}).content.decode()
    assert operator.post(add, {"what": "flatten", "reason": "Crash"}).status_code == 302
    (lock,) = platform_locks()
    assert (lock.what, lock.reason, lock.by) == (What.FLATTEN, "Crash", "olga@example.com")

    assert operator.post(add, {"what": "", "reason": "Over"}).status_code == 302
    assert platform_locks() == []
    row = PlatformHalt.objects.order_by("pk").first()
    assert row is not None
    assert operator.post(address(PlatformHalt, f"{row.pk}/change/"), {"reason": "x"}).status_code == 403


def test_nothing_of_a_tenant_is_added_here(operator: Client) -> None:
    tenants = [model for model in MODELS if issubclass(model, TenantModel)]

    assert {operator.get(address(model, "add/")).status_code for model in tenants} == {403}


def test_nothing_of_a_tenant_is_changed_here(operator: Client, account: ExchangeAccount) -> None:
    changed = operator.post(address(ExchangeAccount, f"{account.pk}/change/"), {"name": "stolen"})
    deleted = operator.post(address(ExchangeAccount, f"{account.pk}/delete/"), {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)


def test_a_row_that_is_not_there_is_no_error(operator: Client) -> None:
    for page in (address(Bot, "999/change/"), address(Bot, "x/change/"), address(Bot, "999/history/")):
        assert operator.get(page).status_code == 302, page


def test_owners_are_no_operators(client: Client, alice: User, account: ExchangeAccount) -> None:
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")

    for page in ("/admin/", address(Workspace), address(ExchangeAccount, f"{account.pk}/change/")):
        response = client.get(page)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/admin/login/")


def test_an_operator_adds_and_deactivates_people(operator: Client, alice: User) -> None:
    form = {
        "email": "new@example.com",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    added = operator.post(address(User, "add/"), form)
    changed = operator.post(
        address(User, f"{alice.pk}/change/"), {"email": alice.email, "first_name": "Alice"}
    )

    alice.refresh_from_db()
    assert (added.status_code, changed.status_code) == (302, 302)
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)
    assert not alice.is_active

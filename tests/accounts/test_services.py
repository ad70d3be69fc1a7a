from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import (
    AccountStatus,
    AuditEvent,
    Environment,
    ExchangeAccount,
    SealedSecret,
    User,
    Workspace,
)
from accounts.selectors import exchange_accounts, membership_of, memberships_of
from accounts.services import (
    connect_exchange_account,
    create_workspace,
    open_paper_account,
    reset_paper_account,
)  # fmt: skip
from ailona.kit.tenancy import NoWorkspace, workspace_scope
from trading_core.errors import InvalidInput
from trading_core.money import money


def test_a_workspace_belongs_to_who_made_it(charlie: User) -> None:
    workspace = create_workspace(charlie, "Second desk")

    memberships = memberships_of(charlie)
    assert [m.workspace.name for m in memberships] == ["Charlie's desk", "Second desk"]
    assert memberships[-1].role == "owner"
    with workspace_scope(workspace.pk):
        assert AuditEvent.objects.get().action == "workspace.created"


def test_a_person_works_in_the_workspace_they_chose(charlie: User) -> None:
    second = create_workspace(charlie, "Second desk")

    chosen, fallback = membership_of(charlie, second.code), membership_of(charlie, "elsewhere")
    assert chosen is not None
    assert fallback is not None
    assert (chosen.workspace, fallback.workspace.name) == (second, "Charlie's desk")


def test_a_paper_account_is_requested(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account(" Paper ", money("2500.50"), actor="alice@example.com")

        assert (account.name, account.status, account.paper_balance) == (
            "Paper",
            "requested",
            money("2500.50"),
        )
        assert list(exchange_accounts()) == [account]
        assert AuditEvent.objects.filter(action="account.requested", subject=account.code).exists()


@pytest.mark.parametrize(
    "name, balance", [("", 1), ("x" * 81, 1), ("Paper", 0), ("Paper", -1), ("Paper", 10**17)]
)
def test_a_paper_account_that_makes_no_sense_is_refused(
    name: str, balance: int, workspace: Workspace
) -> None:
    with workspace_scope(workspace.pk):
        with pytest.raises(InvalidInput) as refusal:
            open_paper_account(name, balance)
        assert not exchange_accounts().exists()

    assert refusal.value.path in {"name", "balance"}


def test_a_reset_account_is_a_new_one_on_the_venue(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Paper", money(100))
        ExchangeAccount.objects.update(status=AccountStatus.READY, opened_generation=1)
        account.refresh_from_db()

        reset_paper_account(account, balance=money(500))
        account.refresh_from_db()

    assert (account.generation, account.opened_generation) == (2, 1)
    assert (account.status, account.paper_balance) == ("requested", money(500))


def test_accounts_are_not_opened_outside_a_workspace(db: None) -> None:
    with pytest.raises(NoWorkspace):
        open_paper_account("Paper", 1)


@pytest.mark.parametrize("environment", [Environment.TESTNET, Environment.MAINNET])
def test_the_embedded_stack_refuses_real_keys(
    environment: Environment, workspace: Workspace, keys: Settings
) -> None:
    keys.EMBEDDED = True
    with workspace_scope(workspace.pk):
        with pytest.raises(InvalidInput, match="embedded"):
            connect_exchange_account(environment, "Live", "key", "secret")
        assert not exchange_accounts().exists()


def test_separate_processes_accept_real_keys(workspace: Workspace, keys: Settings) -> None:
    keys.EMBEDDED = False
    with workspace_scope(workspace.pk):
        account = connect_exchange_account(Environment.MAINNET, "Live", " key ", "secret")

        assert (account.api_key, account.status) == ("key", "requested")
        assert SealedSecret.objects.filter(account_id=account.pk).count() == 1


@pytest.mark.parametrize(
    "environment, key, secret, path",
    [
        (Environment.PAPER, "key", "secret", "environment"),
        (Environment.DEMO, " ", "secret", "api_key"),
        (Environment.DEMO, "k" * 65, "secret", "api_key"),
        (Environment.DEMO, "key", "", "api_secret"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    environment: Environment, key: str, secret: str, path: str, workspace: Workspace, keys: Settings
) -> None:
    with workspace_scope(workspace.pk), pytest.raises(InvalidInput) as refusal:
        connect_exchange_account(environment, "Demo", key, secret)

    assert refusal.value.path == path


def test_without_the_traders_key_nothing_is_stored(workspace: Workspace, settings: Settings) -> None:
    settings.TRADER_PUBLIC_KEY = ""
    with workspace_scope(workspace.pk):
        with pytest.raises(Exception, match="TRADER_PUBLIC_KEY"):
            connect_exchange_account(Environment.DEMO, "Demo", "key", "secret")
        assert not exchange_accounts().exists()

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_django import Settings

from accounts import keyring
from accounts.key_checks import TAKEN, record_entered, record_recheck, request_check
from accounts.keyring import credentials_for
from accounts.models import AuditEvent, Environment, ExchangeAccount, SealedSecret, User, Workspace
from accounts.services import (
    connect_exchange_account,
    create_workspace,
    open_paper_account,
    replace_key,
)
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from trading_core.errors import InvalidInput
from trading_core.exchanges.bybit.keys import KeyReport
from trading_core.exchanges.bybit.signing import signature
from trading_core.exchanges.port import Credentials
from trading_core.money import money

GOOD = KeyReport("100", (), ("the key is not bound to an IP address",))
BAD = KeyReport("100", ("permission Wallet must be off",), ())

pytestmark = pytest.mark.usefixtures("keys")


def connected(workspace: Workspace, environment: Environment = Environment.DEMO) -> ExchangeAccount:
    with workspace_scope(workspace.pk):
        return connect_exchange_account(environment, "Demo", "key", "secret")


def entered(account: ExchangeAccount, report: KeyReport) -> bool:
    done = record_entered(account.pk, account.workspace_id, report, wallet=money(5), at=clock.now())
    refresh(account)
    return done


def rechecked(account: ExchangeAccount, report: KeyReport) -> None:
    record_recheck(account.pk, account.workspace_id, report, at=clock.now())
    refresh(account)


def refresh(account: ExchangeAccount) -> None:
    with workspace_scope(account.workspace_id):
        account.refresh_from_db()


def seen(account: ExchangeAccount) -> dict[str, Any]:
    """What the audit log says of the account, by action."""
    with workspace_scope(account.workspace_id):
        return dict(AuditEvent.objects.filter(subject=account.code).values_list("action", "details"))


def test_a_good_key_makes_the_account_ready(workspace: Workspace) -> None:
    account = connected(workspace)
    assert entered(account, GOOD)
    assert (account.status, account.venue_uid, account.wallet) == ("ready", "100", money(5))
    assert account.opened_generation == account.generation
    assert account.key_report == {"refusals": [], "warnings": list(GOOD.warnings)}
    assert account.key_checked_at is not None
    assert seen(account)["account.key_accepted"]["uid"] == "100"


def test_a_key_that_moves_money_is_refused_in_words(workspace: Workspace) -> None:
    account = connected(workspace)
    assert not entered(account, BAD)
    assert (account.status, account.status_reason) == ("failed", BAD.refusals[0])
    assert account.venue_uid == ""
    assert seen(account)["account.key_refused"] == {"refusals": list(BAD.refusals)}


def test_one_bybit_account_has_one_connection_across_workspaces(workspace: Workspace, charlie: User) -> None:
    elsewhere = create_workspace(charlie, "Elsewhere")
    first, second, theirs = connected(workspace), connected(workspace), connected(elsewhere)
    assert entered(first, GOOD)
    for other in (second, theirs):
        assert not entered(other, GOOD)
        assert other.key_report["refusals"] == [TAKEN]
    assert first.code not in TAKEN


def test_the_same_user_id_elsewhere_is_another_account(workspace: Workspace, keys: Settings) -> None:
    keys.EMBEDDED = False
    assert entered(connected(workspace, Environment.DEMO), GOOD)
    assert entered(connected(workspace, Environment.TESTNET), GOOD)


def test_a_connection_that_was_given_up_frees_its_user_id(workspace: Workspace) -> None:
    first, second = connected(workspace), connected(workspace)
    assert entered(first, GOOD)
    with workspace_scope(workspace.pk):
        ExchangeAccount.objects.filter(pk=first.pk).update(status="revoked")
    assert entered(second, GOOD)


def test_a_verdict_that_comes_after_a_revocation_changes_nothing(workspace: Workspace) -> None:
    account = connected(workspace)
    with workspace_scope(workspace.pk):
        ExchangeAccount.objects.filter(pk=account.pk).update(status="revoked")
    assert not entered(account, GOOD)
    assert not entered(account, BAD)
    assert account.status == "revoked"


def test_a_later_check_halts_entries_and_a_clean_one_lets_them_go(workspace: Workspace) -> None:
    account = connected(workspace)
    entered(account, GOOD)
    rechecked(account, BAD)
    (block,) = account.entry_blocks
    assert (block["kind"], block["cause"], account.status) == ("halt", "key", "ready")
    assert "permission Wallet" in block["reason"]
    rechecked(account, GOOD)
    assert account.entry_blocks == []


def test_a_key_of_another_user_is_not_traded_with(workspace: Workspace) -> None:
    account = connected(workspace)
    entered(account, GOOD)
    rechecked(account, KeyReport("200", (), ()))
    assert "belongs to user 200" in account.entry_blocks[0]["reason"]


def test_a_person_asks_for_a_check(workspace: Workspace) -> None:
    account = connected(workspace)
    entered(account, BAD)
    with workspace_scope(workspace.pk):
        request_check(account, actor="alice@example.com")
    refresh(account)
    assert (account.status, account.status_reason) == ("requested", "")
    assert entered(account, GOOD)
    with workspace_scope(workspace.pk):
        request_check(account, actor="alice@example.com")
    assert account.status == "ready"
    assert account.key_check_wanted_at is not None


def test_nothing_is_checked_where_there_is_no_key(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        paper = open_paper_account("Paper", money(100))
        with pytest.raises(InvalidInput, match="no key of yours"):
            request_check(paper, actor="alice@example.com")
    revoked = connected(workspace)
    revoked.status = "revoked"
    with pytest.raises(InvalidInput, match="was revoked"):
        request_check(revoked, actor="alice@example.com")


def test_a_replaced_key_is_sealed_counted_and_checked(workspace: Workspace) -> None:
    account = connected(workspace)
    entered(account, GOOD)
    with workspace_scope(workspace.pk):
        before = SealedSecret.objects.only("form").get(account_id=account.pk)
        replace_key(account, " other ", "another", actor="alice@example.com")
        after = SealedSecret.objects.only("form").get(account_id=account.pk)
    refresh(account)
    assert (account.api_key, account.key_revision, account.status) == ("other", 1, "ready")
    assert (after.form, after.pk == before.pk) == ("inbound", False)
    assert account.key_check_wanted_at is not None
    assert account.key_checked_at is not None
    assert account.key_check_wanted_at > account.key_checked_at
    assert seen(account)["account.key_replaced"] == {"revision": 1}


def test_a_refused_key_can_be_replaced(workspace: Workspace) -> None:
    account = connected(workspace)
    entered(account, BAD)
    with workspace_scope(workspace.pk):
        replace_key(account, "other", "another")
    assert account.status == "requested"
    assert entered(account, GOOD)


def test_no_key_replaces_that_of_a_paper_or_a_revoked_account(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        paper = open_paper_account("Paper", money(100))
        with pytest.raises(InvalidInput, match="opened, not connected"):
            replace_key(paper, "key", "secret")
    revoked = connected(workspace)
    revoked.status = "revoked"
    with pytest.raises(InvalidInput, match="was revoked"):
        replace_key(revoked, "key", "secret")


@pytest.mark.role("engine")
def test_a_private_key_that_lost_its_lines_gets_them_back(workspace: Workspace) -> None:
    made = generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with workspace_scope(workspace.pk):
        for text in (pem, pem.replace("\n", ""), pem.replace("\n", " ")):
            account = connect_exchange_account(Environment.DEMO, "Demo", "key", text)
            opened = credentials_for(account)
            assert opened.api_secret == pem
            signature(Credentials("key", opened.api_secret), b"words")


@pytest.mark.role("engine")
def test_a_secret_opened_late_never_takes_the_place_of_the_next_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connected(workspace)
    opening = keyring._open_row

    def replaced_meanwhile(row: SealedSecret) -> str:
        secret = opening(row)
        monkeypatch.setattr(keyring, "_open_row", opening)
        replace_key(account, "other", "another")
        return secret

    monkeypatch.setattr(keyring, "_open_row", replaced_meanwhile)
    with workspace_scope(workspace.pk):
        assert credentials_for(account).api_secret == "secret"
        assert credentials_for(account).api_secret == "another"

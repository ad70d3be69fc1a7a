from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import keyring
from accounts.keyring import Credentials, credentials_for, open_box, store_issued
from accounts.models import AccountStatus, Environment, ExchangeAccount, SealedSecret, Workspace, WorkspaceKey
from accounts.services import connect_exchange_account, open_paper_account, revoke_exchange_account
from accounts.vault import SecretUnusable, binding, seal
from ailona.kit.scrub import scrub
from ailona.kit.tenancy import workspace_scope
from ailona.secrets_file import new_secrets
from tests.roles import acting_as
from trading_core.money import money

SECRET = "canary-7f3a-secret-of-the-exchange"
PLACE = binding(1, 2, "exchange_secret", 0)


@given(st.binary(max_size=300))
def test_a_box_opens_to_what_was_sealed(plain: bytes) -> None:
    private = X25519PrivateKey.generate()

    assert open_box(private, seal(private.public_key(), plain, PLACE), PLACE) == plain


@given(st.data())
def test_a_box_with_any_bit_changed_stays_closed(data: st.DataObject) -> None:
    private = X25519PrivateKey.generate()
    box = bytearray(seal(private.public_key(), b"secret", PLACE))
    at = data.draw(st.integers(0, len(box) * 8 - 1))
    box[at // 8] ^= 1 << (at % 8)
    if (
        at // 8 == 32 and at % 8 == 7
    ):  # X25519 ignores the top bit of a point, but the key is derived from all
        pass

    with pytest.raises(SecretUnusable):
        open_box(private, bytes(box), PLACE)


@pytest.mark.parametrize("length", [0, 1, 20, 45])
def test_a_cut_box_stays_closed(length: int) -> None:
    private = X25519PrivateKey.generate()

    with pytest.raises(SecretUnusable):
        open_box(private, seal(private.public_key(), b"secret", PLACE)[:length], PLACE)


def test_a_box_stays_closed_elsewhere_and_to_others() -> None:
    private = X25519PrivateKey.generate()
    box = seal(private.public_key(), b"secret", PLACE)

    for elsewhere in (
        binding(9, 2, "exchange_secret", 0), binding(1, 9, "exchange_secret", 0), binding(1, 2, "data_key", 0),
        binding(1, 2, "exchange_secret", 1),
    ):  # fmt: skip
        with pytest.raises(SecretUnusable):
            open_box(private, box, elsewhere)
    with pytest.raises(SecretUnusable):
        open_box(X25519PrivateKey.generate(), box, PLACE)


def test_two_boxes_of_the_same_secret_differ() -> None:
    recipient = X25519PrivateKey.generate().public_key()

    assert seal(recipient, b"secret", PLACE) != seal(recipient, b"secret", PLACE)


def test_credentials_show_nothing_and_do_not_travel() -> None:
    credentials = Credentials("the-key", SECRET)

    for text in (
        repr(credentials),
        str(credentials),
        f"{credentials}",
        repr([credentials]),
        repr({"c": credentials}),
    ):
        assert SECRET not in text
        assert "the-key" not in text
    for way_out in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            way_out(credentials)


@pytest.mark.parametrize("text", ["", "1", "1:", "x:abc", "0:" + "A" * 43 + "=", "1:AAAA"])
def test_master_keys_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(SecretUnusable, match="MASTER_KEYS"):
        keyring.parse_masters(text)


def test_a_master_key_version_appears_once() -> None:
    word = new_secrets()["MASTER_KEYS"]

    with pytest.raises(SecretUnusable):
        keyring.parse_masters(f"{word} {word}")


# --- with the database: sealed by web, opened by the trader (the engine's role) -----------------


@dataclass(frozen=True)
class Desk:
    workspace: Workspace
    account: ExchangeAccount


def connected(workspace: Workspace, secret: str = SECRET) -> Desk:
    with acting_as("web"), workspace_scope(workspace.pk):
        return Desk(workspace, connect_exchange_account(Environment.DEMO, "Demo", "the-key", secret))


@pytest.fixture
def desk(workspace: Workspace, keys: Settings) -> Desk:
    return connected(workspace)


def stored(desk: Desk) -> SealedSecret:
    return SealedSecret.objects.get(account=desk.account)


@pytest.mark.role("engine")
def test_the_trader_opens_what_web_sealed_and_seals_it_again(desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        assert stored(desk).form == "inbound"
        first = credentials_for(desk.account)
        assert stored(desk).form == "envelope"
        second = credentials_for(desk.account)

    assert (first.api_key, first.api_secret) == ("the-key", SECRET)
    assert second.api_secret == SECRET


@pytest.mark.role("engine")
def test_nothing_stored_holds_the_secret(desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        credentials_for(desk.account)
        blobs = [bytes(row.blob) for row in SealedSecret.objects.all()]
        blobs += [bytes(row.wrapped) for row in WorkspaceKey.objects.all()]

    assert not [blob for blob in blobs if SECRET.encode() in blob]


@pytest.mark.role("engine")
@pytest.mark.parametrize("resealed", [False, True])
def test_a_secret_moved_to_another_account_stays_closed(resealed: bool, desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        if resealed:
            credentials_for(desk.account)
        row = stored(desk)
        thief = open_paper_account("thief", money(1))
        SealedSecret.objects.create(
            account=thief, form=row.form, blob=row.blob, data_key_version=row.data_key_version
        )
        with pytest.raises(SecretUnusable):
            credentials_for(thief)


@pytest.mark.role("engine")
def test_an_account_without_secret_says_so(workspace: Workspace, keys: Settings) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Paper", money(1))
        with pytest.raises(SecretUnusable, match=account.code):
            credentials_for(account)


@pytest.mark.role("engine")
def test_what_the_venue_issued_is_stored_and_the_account_is_ready(
    workspace: Workspace, keys: Settings
) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Paper", money(1))
        store_issued(account, "venue-key", SECRET, "uid-7")
        account.refresh_from_db()
        credentials = credentials_for(account)

    assert (account.status, account.opened_generation, account.venue_uid) == (AccountStatus.READY, 1, "uid-7")
    assert (credentials.api_key, credentials.api_secret) == ("venue-key", SECRET)


@pytest.mark.role("engine")
def test_the_master_key_rotates_without_closing_anything(
    desk: Desk, strangers_workspace: Workspace, keys: Settings
) -> None:
    desks = [desk, connected(strangers_workspace, "another-secret")]
    for each in desks:
        with workspace_scope(each.workspace.pk):
            credentials_for(each.account)
    old, new = keys.MASTER_KEYS, "2:" + new_secrets()["MASTER_KEYS"].partition(":")[2]

    keys.MASTER_KEYS = f"{old} {new}"
    assert keyring.rotate_master() == 2
    assert keyring.rotate_master() == 0
    keys.MASTER_KEYS = new

    for each, secret in zip(desks, (SECRET, "another-secret"), strict=True):
        with workspace_scope(each.workspace.pk):
            assert credentials_for(each.account).api_secret == secret


@pytest.mark.role("engine")
def test_a_missing_master_key_version_is_named(desk: Desk, keys: Settings) -> None:
    with workspace_scope(desk.workspace.pk):
        credentials_for(desk.account)
        keys.MASTER_KEYS = "2:" + new_secrets()["MASTER_KEYS"].partition(":")[2]
        with pytest.raises(SecretUnusable, match="version 1 is missing"):
            credentials_for(desk.account)


@pytest.mark.role("engine")
def test_a_new_data_key_replaces_the_old_one(desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        credentials_for(desk.account)
        assert keyring.rotate_data_key() == 2
        assert list(WorkspaceKey.objects.values_list("version", flat=True)) == [2]
        assert credentials_for(desk.account).api_secret == SECRET


@pytest.mark.role("engine")
def test_shredding_leaves_nothing_to_open(desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        credentials_for(desk.account)
        blob = stored(desk)
        keyring.shred()
        SealedSecret.objects.create(
            account=desk.account, form=blob.form, blob=blob.blob, data_key_version=blob.data_key_version
        )
        with pytest.raises(SecretUnusable, match="is gone"):
            credentials_for(desk.account)


def test_revoking_destroys_the_secret(desk: Desk) -> None:
    with workspace_scope(desk.workspace.pk):
        revoke_exchange_account(desk.account, actor="alice@example.com")

        assert not SealedSecret.objects.filter(account_id=desk.account.pk).exists()
        assert ExchangeAccount.objects.get(pk=desk.account.pk).status == AccountStatus.REVOKED


@pytest.mark.parametrize(
    "line",
    [
        "api_secret=canary", '{"api_key": "canary", "x": 1}', "X-BAPI-SIGN: canary", "X-BAPI-API-KEY canary",
        "Authorization: Bearer canary", "postgresql://ailona:canary@db/ailona", "password='canary'",
        "GET https://api.telegram.org/bot123:canary/sendMessage",
    ],
)  # fmt: skip
def test_logs_are_scrubbed(line: str) -> None:
    assert "canary" not in scrub(line)


def test_the_log_keeps_what_is_no_secret() -> None:
    line = "bot dip-buyer entered BTCUSDT at 64000.5, 3 orders, db at postgresql://db/ailona"

    assert scrub(line) == line


def test_the_database_is_reached_by_the_role_of_the_test(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import ExchangeAccount, User, Workspace
from accounts.services import open_paper_account
from ailona.kit.tenancy import (
    NoWorkspace,
    OtherWorkspace,
    ReadOnlyScope,
    TenancyError,
    across_workspaces,
    active_scope,
    current_workspace_id,
    workspace_scope,
)  # fmt: skip
from trading_core.money import money


def account_in(workspace: Workspace, name: str = "Paper") -> ExchangeAccount:
    with workspace_scope(workspace.pk):
        return open_paper_account(name, money(1000))


def test_a_query_without_workspace_raises() -> None:
    with pytest.raises(NoWorkspace):
        ExchangeAccount.objects.count()


def test_a_queryset_taken_out_of_its_scope_raises(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        rows = ExchangeAccount.objects.all()

    with pytest.raises(NoWorkspace):
        list(rows)


def test_saving_without_workspace_raises(workspace: Workspace) -> None:
    with pytest.raises(NoWorkspace):
        ExchangeAccount(workspace=workspace, name="x").save()


def test_a_scope_shows_its_workspace_only(workspace: Workspace, strangers_workspace: Workspace) -> None:
    mine, theirs = account_in(workspace), account_in(strangers_workspace)

    with workspace_scope(workspace.pk):
        assert list(ExchangeAccount.objects.all()) == [mine]
        assert not ExchangeAccount.objects.filter(pk=theirs.pk).exists()


def test_a_row_of_another_workspace_is_not_saved(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    theirs = account_in(strangers_workspace)
    theirs.name = "stolen"

    with workspace_scope(workspace.pk):
        with pytest.raises(OtherWorkspace):
            theirs.save()
        with pytest.raises(OtherWorkspace):
            ExchangeAccount.objects.bulk_create([theirs])
        with pytest.raises(OtherWorkspace):
            ExchangeAccount.objects.bulk_update([theirs], ["name"])
        with pytest.raises(OtherWorkspace):
            theirs.delete()
        assert ExchangeAccount.objects.filter(pk=theirs.pk).update(name="stolen") == 0


def test_following_a_relation_stays_behind_the_wall(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    theirs = account_in(strangers_workspace)

    with workspace_scope(workspace.pk), pytest.raises(ExchangeAccount.DoesNotExist):
        theirs.refresh_from_db()


def test_another_workspace_is_not_entered_from_inside_one(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    with (
        workspace_scope(workspace.pk),
        pytest.raises(OtherWorkspace),
        workspace_scope(strangers_workspace.pk),
    ):
        pytest.fail("entered")


def test_the_same_workspace_nests_and_an_inner_error_undoes_the_inner_part(workspace: Workspace) -> None:
    def fail() -> None:
        with workspace_scope(workspace.pk):
            open_paper_account("undone", money(1))
            raise ZeroDivisionError

    with workspace_scope(workspace.pk):
        open_paper_account("kept", money(1))
        with pytest.raises(ZeroDivisionError):
            fail()
        names = list(ExchangeAccount.objects.values_list("name", flat=True))
        assert current_workspace_id() == workspace.pk

    assert names == ["kept"]
    assert active_scope() is None


@pytest.mark.role("engine")
def test_looking_across_reads_every_workspace(workspace: Workspace, strangers_workspace: Workspace) -> None:
    mine, theirs = account_in(workspace), account_in(strangers_workspace)

    with across_workspaces("trader"):
        found = set(ExchangeAccount.objects.values_list("pk", "workspace_id"))

    assert {(mine.pk, workspace.pk), (theirs.pk, strangers_workspace.pk)} <= found


@pytest.mark.role("engine")
def test_looking_across_writes_nothing(workspace: Workspace) -> None:
    account = account_in(workspace)

    with across_workspaces("trader"):
        with pytest.raises(ReadOnlyScope):
            account.save()
        with pytest.raises(ReadOnlyScope):
            ExchangeAccount.objects.update(name="x")
        with pytest.raises(ReadOnlyScope):
            ExchangeAccount.objects.all().delete()


def test_only_named_callers_look_across() -> None:
    with pytest.raises(TenancyError, match="curious"), across_workspaces("curious"):  # type: ignore[arg-type]
        pytest.fail("entered")


def test_nobody_looks_across_from_inside_a_workspace(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk), pytest.raises(OtherWorkspace), across_workspaces("feed"):
        pytest.fail("entered")


@pytest.mark.django_db(transaction=True)
def test_what_runs_after_commit_has_no_scope(workspace: Workspace) -> None:
    seen: list[object] = []
    with workspace_scope(workspace.pk):
        transaction.on_commit(lambda: seen.append(active_scope()))

    assert seen == [None]


def test_another_thread_has_no_scope(workspace: Workspace) -> None:
    seen: list[object] = []
    with workspace_scope(workspace.pk):
        thread = threading.Thread(target=lambda: seen.append(active_scope()))
        thread.start()
        thread.join()

    assert seen == [None]


@pytest.mark.django_db(transaction=True)
def test_a_reading_scope_takes_no_write_lock_on_sqlite(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk, reading=True):
        assert connection.in_atomic_block == (connection.vendor == "postgresql")
        list(ExchangeAccount.objects.all())


def test_an_error_of_the_database_leaves_the_outer_scope_usable(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        with pytest.raises(DatabaseError), workspace_scope(workspace.pk), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
        assert ExchangeAccount.objects.count() == 0


def test_persons_have_what_they_are_called(alice: User, bob: User, rita: User, charlie: User) -> None:
    assert {person.email for person in (alice, bob, rita, charlie)} == {
        f"{name}@example.com" for name in ("alice", "bob", "rita", "charlie")
    }

from __future__ import annotations

import itertools
import threading

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.audit import ChainBroken, record, verify_chain
from accounts.models import AuditEvent, Workspace
from ailona.kit.tenancy import NoWorkspace, workspace_scope


def test_events_are_chained(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        for number in range(5):
            record("bot.started", f"bot{number}", "alice@example.com", {"number": number, "ratio": 0.25})

        assert verify_chain() == 6
        events = list(AuditEvent.objects.order_by("sequence"))

    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert all(after.previous_hash == before.hash for before, after in itertools.pairwise(events))


def test_each_workspace_has_its_own_chain(workspace: Workspace, strangers_workspace: Workspace) -> None:
    for tenant in (workspace, strangers_workspace):
        with workspace_scope(tenant.pk):
            record("bot.started", "bot")
            assert verify_chain() == 2


def test_a_forged_event_breaks_the_chain(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        last = record("bot.started", "bot")
        AuditEvent.objects.create(
            sequence=last.sequence + 1, at=last.at, actor="x", action="x", subject="x", details={},
            previous_hash=last.hash, hash="0" * 64,
        )  # fmt: skip
        with pytest.raises(ChainBroken, match="event 3"):
            verify_chain()


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditevent SET actor = 'x'", "DELETE FROM accounts_auditevent"]
)
def test_the_database_refuses_to_change_the_log(statement: str, workspace: Workspace) -> None:
    with (
        workspace_scope(workspace.pk),
        pytest.raises(DatabaseError, match=r"append-only|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize("name", ["api_secret", "password", "session_token", "api_key"])
def test_credentials_are_not_recorded(name: str, workspace: Workspace) -> None:
    with workspace_scope(workspace.pk), pytest.raises(ValueError, match=name):
        record("account.connected", "account", details={name: "x"})


def test_nothing_is_recorded_outside_a_workspace(db: None) -> None:
    with pytest.raises(NoWorkspace):
        record("bot.started", "bot")


@pytest.mark.django_db(transaction=True)
def test_events_recorded_at_once_all_find_their_place(workspace: Workspace) -> None:
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(5):
            with workspace_scope(workspace.pk):
                record("bot.started", "bot")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with workspace_scope(workspace.pk):
        assert verify_chain() == 21

"""The second wall: what PostgreSQL itself refuses. Nothing here goes through the scoped managers' good will."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from accounts.models import AuditEvent, ExchangeAccount, SealedSecret, User, Workspace
from accounts.selectors import memberships_of
from accounts.services import open_paper_account
from ailona.kit.tenancy import TenantModel, across_workspaces, workspace_scope
from tests.roles import acting_as, current_role
from trading_core.money import money

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

# Tables that belong to no workspace, each with the reason why that is right.
SHARED = {
    "account_emailaddress": "people log in before a workspace is known",
    "account_emailconfirmation": "as above",
    "accounts_operatorread": "the log of operators, not of a tenant",
    "accounts_platformlimits": "what operators limit every account to",
    "accounts_platformhalt": "what operators have halted everywhere",
    "accounts_user": "people may belong to several workspaces",
    "accounts_user_groups": "operators' groups",
    "accounts_user_user_permissions": "operators' permissions",
    "accounts_workspace": "the tenant itself: row-level security on its own id",
    "auth_group": "operators' groups",
    "auth_group_permissions": "operators' permissions",
    "auth_permission": "names of permissions",
    "bots_candlerevision": "the market is everybody's",
    "bots_candlerow": "the market is everybody's",
    "bots_feedstatus": "the market is everybody's",
    "bots_instrumentrow": "the market is everybody's",
    "bots_series": "the market is everybody's",
    "bots_tickerrow": "the market is everybody's",
    "bots_verdictrow": "pure functions of the market and of a hash of rules",
    "django_admin_log": "the log of operators",
    "django_content_type": "names of models",
    "django_migrations": "names of migrations",
    "django_session": "sessions begin before a workspace is known",
}
PERSONAL = {"accounts_membership"}
"""Also visible to the person it names, so its policy is its own."""


def rows(sql: str, *params: str | int | list[str]) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def refused(error: type[DatabaseError] = ProgrammingError, match: str = "") -> Iterator[None]:
    with pytest.raises(error, match=match), transaction.atomic():
        yield


@contextmanager
def told(workspace: Workspace) -> Iterator[None]:
    """Tell the database alone which workspace is active: the first wall is not asked."""
    with transaction.atomic():
        rows("SELECT set_config('app.workspace', %s, true)", str(workspace.pk))
        yield
        rows("SELECT set_config('app.workspace', '', true)")


def public_tables() -> set[str]:
    found = rows(
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    return {str(name) for (name,) in found}


def tenant_tables() -> set[str]:
    found = rows(
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind IN ('r', 'p') "
        "AND c.relnamespace = 'public'::regnamespace AND a.attname = 'workspace_id' AND NOT a.attisdropped"
    )
    return {str(name) for (name,) in found}


def test_the_suite_does_not_run_as_owner_or_superuser() -> None:
    assert current_role() == "ailona_web"
    assert rows("SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user") == [
        (False, False, False)
    ]


@pytest.mark.role("engine")
def test_a_test_may_run_as_engine() -> None:
    assert current_role() == "ailona_engine"


def test_the_roles_own_nothing() -> None:
    owned = rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND pg_get_userbyid(relowner) IN ('ailona_web', 'ailona_engine', 'ailona_ops')"
    )

    assert owned == []


def test_every_table_without_workspace_is_on_the_reviewed_list() -> None:
    assert public_tables() - tenant_tables() == set(SHARED)


def test_every_tenant_model_has_its_column() -> None:
    models = {model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)}

    assert models | PERSONAL == tenant_tables()


def test_every_tenant_table_has_forced_row_level_security() -> None:
    open_tables = rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s) "
        "AND NOT (relrowsecurity AND relforcerowsecurity)",
        [*tenant_tables(), "accounts_workspace"],
    )

    assert open_tables == []


def test_every_tenant_table_has_one_policy_that_reads_and_writes() -> None:
    policies = rows(
        "SELECT tablename, qual, with_check FROM pg_policies WHERE schemaname = 'public' AND cmd = 'ALL' "
        "AND permissive = 'PERMISSIVE'"
    )
    by_table = {str(table): (str(using), str(check)) for table, using, check in policies}

    assert len(by_table) == len(policies)
    assert set(by_table) == tenant_tables() | {"accounts_workspace"}
    for table, (using, check) in by_table.items():
        assert "app.workspace" in using, table
        assert "app.workspace" in check, table
        assert (using == check) == (table not in PERSONAL | {"accounts_workspace"}), table


def test_the_other_policies_only_read_or_only_narrow() -> None:
    others = rows(
        "SELECT tablename, policyname, cmd, permissive, roles::text[] FROM pg_policies "
        "WHERE schemaname = 'public' AND NOT (cmd = 'ALL' AND permissive = 'PERMISSIVE')"
    )

    for table, name, command, permissive, roles in others:
        reads = command == "SELECT" and set(roles) <= {"ailona_engine", "ailona_ops"}  # type: ignore[call-overload]
        assert reads or permissive == "RESTRICTIVE", (table, name)
    engine = {str(table) for table, _, _, _, roles in others if "ailona_engine" in roles}  # type: ignore[operator]
    assert not engine & {"accounts_sealedsecret", "accounts_auditevent", "accounts_membership"}


def test_every_tenant_table_has_a_composite_key() -> None:
    keyed = rows(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'u' "
        "AND pg_get_constraintdef(oid) = 'UNIQUE (workspace_id, id)'"
    )

    assert {str(table) for (table,) in keyed} == tenant_tables()


def test_every_foreign_key_between_tenant_tables_is_composite_too() -> None:
    single = rows(
        "SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        "WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1"
    )
    composite = rows(
        "SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c "
        "JOIN pg_attribute w ON w.attrelid = c.conrelid AND w.attnum = c.conkey[1] AND w.attname = 'workspace_id' "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2] "
        "WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 2"
    )
    tenants = tenant_tables()
    between = {key for key in single if key[0] in tenants and key[2] in tenants}

    assert between == set(composite)
    assert between


def test_every_migrated_function_runs_with_its_callers_rights() -> None:
    definers = rows("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef")

    assert definers == []


def test_without_scope_the_database_shows_nothing(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        open_paper_account("Paper", money(1))

    assert rows("SELECT count(*) FROM accounts_exchangeaccount") == [(0,)]
    assert rows("SELECT count(*) FROM accounts_workspace") == [(0,)]
    assert rows("SELECT count(*) FROM accounts_membership") == [(0,)]


def test_the_database_shows_the_told_workspace_only(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    for tenant in (workspace, strangers_workspace):
        with workspace_scope(tenant.pk):
            open_paper_account("Paper", money(1))

    with told(workspace):
        assert rows("SELECT DISTINCT workspace_id FROM accounts_exchangeaccount") == [(workspace.pk,)]
        assert rows("SELECT id FROM accounts_workspace") == [(workspace.pk,)]


def test_a_row_is_not_inserted_into_another_workspace(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    with told(workspace), refused(match="row-level security"):
        rows(
            "INSERT INTO accounts_outboxmessage (workspace_id, channel, recipient, payload, created_at, "
            "next_attempt_at, attempts, error) VALUES (%s, 'mail', 'x', '{}', now(), now(), 0, '')",
            strangers_workspace.pk,
        )


def test_a_row_is_not_moved_to_another_workspace(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    with workspace_scope(workspace.pk):
        open_paper_account("Paper", money(1))

    with told(workspace), refused(match="row-level security"):
        rows("UPDATE accounts_exchangeaccount SET workspace_id = %s", strangers_workspace.pk)


def test_a_row_of_another_workspace_is_not_touched(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    with workspace_scope(strangers_workspace.pk):
        theirs = open_paper_account("Paper", money(1))

    with told(workspace), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_exchangeaccount SET name = 'stolen' WHERE id = %s", [theirs.pk])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM accounts_exchangeaccount WHERE id = %s", [theirs.pk])
        assert cursor.rowcount == 0


def test_a_reference_across_workspaces_is_refused(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    with workspace_scope(strangers_workspace.pk):
        theirs = open_paper_account("Paper", money(1))

    with told(workspace), refused(IntegrityError, match="accounts_sealedsecret_account_id_ws"):
        rows(
            "INSERT INTO accounts_sealedsecret (workspace_id, account_id, form, blob, data_key_version) "
            "VALUES (%s, %s, 'inbound', '', 0)",
            workspace.pk, theirs.pk,
        )  # fmt: skip
        rows("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_person_sees_their_own_memberships_only(alice: User, charlie: User) -> None:
    mine, theirs = memberships_of(alice), memberships_of(charlie)

    assert {membership.user_id for membership in mine} == {alice.pk}
    assert not {m.workspace_id for m in mine} & {m.workspace_id for m in theirs}


def test_a_person_cannot_join_a_workspace_by_themselves(charlie: User, workspace: Workspace) -> None:
    with transaction.atomic():
        rows("SELECT set_config('app.user', %s, true)", str(charlie.pk))
        with refused(match="row-level security"):
            rows(
                "INSERT INTO accounts_membership (workspace_id, user_id, role) VALUES (%s, %s, 'owner')",
                workspace.pk, charlie.pk,
            )  # fmt: skip


def test_web_does_not_look_across(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        open_paper_account("Paper", money(1))

    with across_workspaces("trader"):
        assert ExchangeAccount.objects.count() == 0


@pytest.mark.role("engine")
def test_engine_looks_across_where_it_must_and_nowhere_else(
    workspace: Workspace, strangers_workspace: Workspace
) -> None:
    for tenant in (workspace, strangers_workspace):
        with workspace_scope(tenant.pk):
            open_paper_account("Paper", money(1))

    with across_workspaces("trader"):
        assert ExchangeAccount.objects.count() == 2
        assert AuditEvent.objects.count() == 0
        with connection.cursor() as cursor:
            cursor.execute("UPDATE accounts_exchangeaccount SET name = 'x'")
            assert cursor.rowcount == 0


@pytest.fixture
def sealed(workspace: Workspace) -> SealedSecret:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Paper", money(1))
        return SealedSecret.objects.create(account=account, form="inbound", blob=b"box")


@pytest.mark.parametrize("role", ["web", "ops"])
def test_ciphertext_is_not_readable(role: str, sealed: SealedSecret, workspace: Workspace) -> None:
    with told(workspace), acting_as(role):
        with refused(match="permission denied"):
            rows("SELECT blob FROM accounts_sealedsecret")
        with refused(match="permission denied"):
            rows("SELECT wrapped FROM accounts_workspacekey")
        assert rows("SELECT count(id) FROM accounts_sealedsecret") == [(1,)]


def test_web_hands_in_sealed_boxes_only(workspace: Workspace) -> None:
    with workspace_scope(workspace.pk):
        account = open_paper_account("Paper", money(1))
        with refused(match="row-level security"):
            SealedSecret.objects.create(account=account, form="envelope", blob=b"")


@pytest.mark.parametrize("role", ["web", "engine"])
@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditevent SET actor = 'x'", "DELETE FROM accounts_auditevent"]
)
def test_roles_have_no_right_to_change_the_audit_log(role: str, statement: str, workspace: Workspace) -> None:
    with told(workspace), acting_as(role), refused(match="permission denied"):
        rows(statement)


@pytest.mark.parametrize("role", ["web", "engine", "ops"])
@pytest.mark.parametrize("statement", ["TRUNCATE bots_bot", "CREATE TABLE x (id int)", "DROP TABLE bots_bot"])
def test_roles_have_no_right_to_change_tables(role: str, statement: str, workspace: Workspace) -> None:
    with acting_as(role), refused(match="permission denied|must be owner"):
        rows(statement)


def test_the_migrator_sees_no_tenant_either(workspace: Workspace) -> None:
    flags = rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'ailona_migrator'")

    assert flags == [(False, False)]

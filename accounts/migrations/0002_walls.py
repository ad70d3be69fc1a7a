"""Roles, row-level security, composite keys and grants of accounts; the audit log is append-only."""

from __future__ import annotations

from django.db import migrations

from ailona.kit.rls import (
    ACTIVE_PERSON, ACTIVE_WORKSPACE, APPEND, READ, READ_WRITE, Grants, across_policies, drop_policy, force, policy,
    roles, shared_tables, statements, tenant_tables, unforce,
)  # fmt: skip

WORKSPACE, MEMBERSHIP, SECRET, AUDIT = (
    "accounts_workspace", "accounts_membership", "accounts_sealedsecret", "accounts_auditevent",
)  # fmt: skip

# A person sees the workspaces they are a member of, so that one can be chosen before it is entered.
THEIRS = f"EXISTS (SELECT FROM {MEMBERSHIP} m WHERE m.workspace_id = {WORKSPACE}.id AND m.user_id = {ACTIVE_PERSON})"
MINE = f"workspace_id = {ACTIVE_WORKSPACE}"

PEOPLE_WALLS = [
    *force(WORKSPACE),
    policy(
        WORKSPACE, f"{WORKSPACE}_workspace",
        f"USING (id = {ACTIVE_WORKSPACE} OR {THEIRS}) WITH CHECK (id = {ACTIVE_WORKSPACE})",
    ),
    *across_policies(WORKSPACE, engine=True),
    f'GRANT USAGE ON SEQUENCE "{WORKSPACE}_id_seq" TO ailona_web, ailona_engine',
    f'ALTER TABLE "{MEMBERSHIP}" ADD CONSTRAINT "{MEMBERSHIP}_ws_id" UNIQUE (workspace_id, id)',
    *force(MEMBERSHIP),
    policy(
        MEMBERSHIP, f"{MEMBERSHIP}_workspace",
        f"USING ({MINE} OR user_id = {ACTIVE_PERSON}) WITH CHECK ({MINE})",
    ),
    *across_policies(MEMBERSHIP, engine=False),
]  # fmt: skip
PEOPLE_WALLS_DOWN = [
    *[
        drop_policy(table, f"{table}_{kind}")
        for table in (WORKSPACE, MEMBERSHIP)
        for kind in ("across", "workspace")
    ],
    *unforce(WORKSPACE),
    *unforce(MEMBERSHIP),
    f'REVOKE ALL ON SEQUENCE "{WORKSPACE}_id_seq" FROM ailona_web, ailona_engine',
    f'ALTER TABLE "{MEMBERSHIP}" DROP CONSTRAINT "{MEMBERSHIP}_ws_id"',
]

# Web hands secrets in and sees that they exist; it can't read one back.
SECRET_GRANTS = Grants(
    web="SELECT (id, workspace_id, account_id, form, data_key_version), INSERT, DELETE",
    engine=READ_WRITE,
    ops="SELECT (id, workspace_id, account_id, form, data_key_version)",
)
KEY_GRANTS = Grants(web="", engine=READ_WRITE, ops="SELECT (id, workspace_id, version, master_version)")
INBOUND_ONLY = policy(
    SECRET, f"{SECRET}_inbound", "AS RESTRICTIVE FOR INSERT TO ailona_web WITH CHECK (form = 'inbound')"
)

APPEND_ONLY = [
    """
    CREATE FUNCTION ailona_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$
    """,
    f"CREATE TRIGGER {AUDIT}_append_only BEFORE UPDATE OR DELETE ON {AUDIT} "
    "FOR EACH ROW EXECUTE FUNCTION ailona_append_only()",
]
APPEND_ONLY_DOWN = [f"DROP TRIGGER {AUDIT}_append_only ON {AUDIT}", "DROP FUNCTION ailona_append_only()"]
APPEND_ONLY_SQLITE = [
    f"CREATE TRIGGER {AUDIT}_no_{verb.lower()} BEFORE {verb} ON {AUDIT} "
    f"BEGIN SELECT RAISE(ABORT, '{AUDIT} is append-only'); END"
    for verb in ("UPDATE", "DELETE")
]
APPEND_ONLY_SQLITE_DOWN = [f"DROP TRIGGER {AUDIT}_no_update", f"DROP TRIGGER {AUDIT}_no_delete"]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        roles(),
        shared_tables("accounts", "Workspace", grants=Grants(web="SELECT, INSERT, UPDATE", engine=READ)),
        shared_tables("accounts", "Membership", grants=Grants(engine=READ)),
        statements(forwards=PEOPLE_WALLS, backwards=PEOPLE_WALLS_DOWN),
        shared_tables(
            "accounts", "User", "User_groups", "User_user_permissions", grants=Grants(engine=READ, ops=READ)
        ),
        shared_tables("accounts", "OperatorRead", grants=Grants(web="", engine="", ops=APPEND)),
        tenant_tables("accounts", "ExchangeAccount", across=["ExchangeAccount"]),
        tenant_tables("accounts", "OutboxMessage", across=["OutboxMessage"]),
        tenant_tables("accounts", "SealedSecret", grants=SECRET_GRANTS),
        tenant_tables("accounts", "WorkspaceKey", across=["WorkspaceKey"], grants=KEY_GRANTS),
        tenant_tables("accounts", "AuditEvent", grants=Grants(web=APPEND, engine=APPEND)),
        statements(forwards=[INBOUND_ONLY], backwards=[drop_policy(SECRET, f"{SECRET}_inbound")]),
        statements(forwards=APPEND_ONLY, backwards=APPEND_ONLY_DOWN),
        statements(forwards=APPEND_ONLY_SQLITE, backwards=APPEND_ONLY_SQLITE_DOWN, vendor="sqlite"),
    ]

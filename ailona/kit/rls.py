"""The second wall: row-level security, composite keys and grants, as migration operations.

PostgreSQL only; on SQLite the operations do nothing. All is derived from the models, so that a new
tenant table is one name in one list::

    operations = [tenant_tables("bots", "Bot", "Plan", across=["Bot"]), shared_tables("bots", "Series")]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.migrations import RunPython

MIGRATOR = "ailona_migrator"
ROLES = ("ailona_web", "ailona_engine", "ailona_ops")
READ = "SELECT"
READ_WRITE = "SELECT, INSERT, UPDATE, DELETE"
APPEND = "SELECT, INSERT"

ACTIVE_WORKSPACE = "(select nullif(current_setting('app.workspace', true), '')::bigint)"
ACTIVE_PERSON = "(select nullif(current_setting('app.user', true), '')::bigint)"
LOOKING_ACROSS = "(select coalesce(current_setting('app.across', true), '') <> '')"

_CREATE_ROLES = """
DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY[{names}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
    IF NOT pg_has_role(session_user, name, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO %I', name, session_user);
    END IF;
  END LOOP;
END $$
"""


@dataclass(frozen=True, slots=True)
class Grants:
    """What each role may do with a table; a column list after a right narrows it."""

    web: str = READ_WRITE
    engine: str = READ_WRITE
    ops: str = READ

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield (role, rights) for every role that has any."""
        for role, rights in zip(ROLES, (self.web, self.engine, self.ops), strict=True):
            if rights:
                yield role, rights


TENANT = Grants()
SHARED = Grants(web=READ, engine=READ_WRITE, ops=READ)


def ensure_roles(cursor: CursorWrapper) -> None:
    """Create the roles that are missing and let this login take them; safe to repeat."""
    cursor.execute(_CREATE_ROLES.format(names=", ".join(f"'{name}'" for name in (*ROLES, MIGRATOR))))
    for role, privilege in [(MIGRATOR, "CREATE"), *((role, "USAGE") for role in ROLES)]:
        cursor.execute("SELECT has_schema_privilege(%s, 'public', %s)", [role, privilege])
        row = cursor.fetchone()
        if row is None or not row[0]:
            cursor.execute(f"GRANT USAGE, {privilege} ON SCHEMA public TO {role}")


def grant(cursor: CursorWrapper, table: str, grants: Grants) -> None:
    """Replace the rights the roles have on a table."""
    for statement in _grant(table, grants):
        cursor.execute(statement)


def roles() -> RunPython:
    """Make sure the roles exist. They stay when a migration is undone: other databases may use them."""
    return RunPython(_ensure_roles, RunPython.noop)


def tenant_tables(app: str, *names: str, across: Collection[str] = (), grants: Grants = TENANT) -> RunPython:
    """Put tables with a ``workspace`` behind the wall.

    Each gets forced row-level security, one policy that reads and writes the active workspace only,
    UNIQUE (workspace_id, id), composite foreign keys to the tenant tables it points to, and grants.
    ``across`` names those that the engine may read while it looks for work in every workspace;
    operators may read all of them that way.
    """
    forwards = partial(_raise_walls, names=names, across=frozenset(across), grants=grants)
    return _run(app, forwards, partial(_lower_walls, names=names))


def shared_tables(app: str, *names: str, grants: Grants = SHARED) -> RunPython:
    """Grant rights on tables that belong to no workspace."""
    return _run(app, partial(_share, names=names, grants=grants), partial(_unshare, names=names))


def statements(
    *, forwards: Collection[str], backwards: Collection[str], vendor: str = "postgresql"
) -> RunPython:
    """Run plain statements on one kind of database only."""
    return RunPython(partial(_execute, forwards, vendor), partial(_execute, backwards, vendor))


def policy(table: str, name: str, body: str) -> str:
    """Return the statement that creates a policy."""
    return f'CREATE POLICY "{name}" ON "{table}" {body}'


def drop_policy(table: str, name: str) -> str:
    """Return the statement that drops a policy."""
    return f'DROP POLICY IF EXISTS "{name}" ON "{table}"'


def force(table: str) -> list[str]:
    """Return the statements that turn row-level security on, for the table's owner too."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
    ]


def unforce(table: str) -> list[str]:
    """Return the statements that turn it off."""
    return [
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
    ]


def across_policies(table: str, *, engine: bool) -> list[str]:
    """Return the policies that let operators, and the engine if asked, read every workspace."""
    readers = "ailona_engine, ailona_ops" if engine else "ailona_ops"
    return [policy(table, f"{table}_across", f"FOR SELECT TO {readers} USING ({LOOKING_ACROSS})")]


Model = type[models.Model]


def _run(
    app: str, forwards: Callable[[Model], Iterator[str]], backwards: Callable[[Model], Iterator[str]]
) -> RunPython:
    return RunPython(partial(_each, app, forwards), partial(_each, app, backwards))


def _each(app: str, make: Any, apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor != "postgresql":
        return
    for name in make.keywords["names"]:
        _execute(list(make(apps.get_model(app, name))), "postgresql", apps, editor)


def _execute(wanted: Collection[str], vendor: str, apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == vendor:
        for statement in wanted:
            editor.execute(statement, params=None)


def _ensure_roles(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        with editor.connection.cursor() as cursor:
            ensure_roles(cursor)


def _raise_walls(model: Model, *, names: object, across: frozenset[str], grants: Grants) -> Iterator[str]:
    table = model._meta.db_table
    mine = f"workspace_id = {ACTIVE_WORKSPACE}"
    yield f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_ws_id" UNIQUE (workspace_id, id)'
    for column, parent in tenant_parents(model):
        yield (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{column}_ws" FOREIGN KEY (workspace_id, "{column}") '
            f'REFERENCES "{parent}" (workspace_id, id) DEFERRABLE INITIALLY DEFERRED'
        )
    yield from force(table)
    yield policy(table, f"{table}_workspace", f"USING ({mine}) WITH CHECK ({mine})")
    yield from across_policies(table, engine=model.__name__ in across)
    yield from _grant(table, grants)


def _lower_walls(model: Model, *, names: object) -> Iterator[str]:
    table = model._meta.db_table
    yield from _unshare(model, names=names)
    yield drop_policy(table, f"{table}_across")
    yield drop_policy(table, f"{table}_workspace")
    yield from unforce(table)
    for column, _parent in tenant_parents(model):
        yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{table}_{column}_ws"'
    yield f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_ws_id" CASCADE'


def _share(model: Model, *, names: object, grants: Grants) -> Iterator[str]:
    yield from _grant(model._meta.db_table, grants)


def _unshare(model: Model, *, names: object) -> Iterator[str]:
    yield f'REVOKE ALL ON "{model._meta.db_table}" FROM {", ".join(ROLES)}'


def _grant(table: str, grants: Grants) -> Iterator[str]:
    yield f'REVOKE ALL ON "{table}" FROM {", ".join(ROLES)}'
    for role, rights in grants.pairs():
        yield f'GRANT {rights} ON "{table}" TO {role}'


def tenant_parents(model: Model) -> list[tuple[str, str]]:
    """Return (column, parent table) of every foreign key to another tenant table."""
    parents = []
    for field in model._meta.concrete_fields:
        remote = field.remote_field.model if isinstance(field, models.ForeignKey) else None
        if remote is not None and any(other.name == "workspace" for other in remote._meta.concrete_fields):
            parents.append((str(field.column), remote._meta.db_table))
    return parents

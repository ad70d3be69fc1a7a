"""The wall between tenants: nothing of a workspace is read or written outside its scope.

First wall: ``TenantModel.objects`` raises when no workspace is active and filters by the active one.
Second wall, on PostgreSQL: the same scope is told to the database (``SET LOCAL app.workspace``) and
row-level security enforces it whatever the query says (``ailona.kit.rls``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args

from django.db import connections, models, transaction

from trading_core.errors import AilonaError

Caller = Literal[
    "feed",
    "verdicts",
    "sweep",
    "trader",
    "conductor",
    "quiet",
    "outbox",
    "admin",
    "halt",
    "seed",
    "checks",
    "journal",
    "studies",
    "figures",
    "backtests",
]
"""Who may look across workspaces. Each name is told to the database and can be found in a review."""
CALLERS: tuple[str, ...] = get_args(Caller)

M = TypeVar("M", bound=models.Model)


class TenancyError(AilonaError):
    """Something tried to step over the wall between tenants: always a fault of ours."""


class NoWorkspace(TenancyError):
    """A tenant row was asked for while no workspace was active."""


class OtherWorkspace(TenancyError):
    """A row, or a scope, of another workspace than the active one."""


class ReadOnlyScope(TenancyError):
    """A write while looking across workspaces; results are written in each workspace's own scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is visible now: one workspace, or every workspace to a named caller, read-only."""

    workspace_id: int | None
    across: str = ""
    alias: str = "default"


_scope: ContextVar[Scope | None] = ContextVar("ailona_scope", default=None)


def current_workspace_id() -> int:
    """Return the id of the active workspace; raises ``NoWorkspace``."""
    scope = _scope.get()
    if scope is None or scope.workspace_id is None:
        raise NoWorkspace("no workspace is active: enter workspace_scope() first")
    return scope.workspace_id


def active_scope() -> Scope | None:
    """Return what is visible now, or None."""
    return _scope.get()


@contextmanager
def workspace_scope(workspace_id: int, *, reading: bool = False) -> Iterator[None]:
    """Make one workspace visible, in one transaction, here and in the database.

    Nested in the same workspace it is a savepoint; in another one it raises ``OtherWorkspace``.
    ``reading``: the block only reads, so that on SQLite it takes no write lock; on PostgreSQL a
    transaction is needed all the same because the setting lives in it.
    """
    outer = _scope.get()
    if outer is not None and outer.workspace_id != workspace_id:
        raise OtherWorkspace(f"workspace {workspace_id} was entered inside {outer}")
    with _entered(Scope(workspace_id), transactional=not reading):
        yield


@contextmanager
def across_workspaces(caller: Caller, *, using: str = "default") -> Iterator[None]:
    """Make every workspace readable to one of the named callers; writes raise ``ReadOnlyScope``.

    On PostgreSQL the database grants it to the roles ``ailona_engine`` and ``ailona_ops`` only, and
    only for the tables that finding work needs.
    """
    if caller not in CALLERS:
        raise TenancyError(f"{caller!r} is not among the callers that may look across: {', '.join(CALLERS)}")
    outer = _scope.get()
    if outer is not None and outer.workspace_id is not None:
        raise OtherWorkspace(f"{caller} tried to look across from inside workspace {outer.workspace_id}")
    with _entered(Scope(None, across=caller, alias=using), transactional=False):
        yield


@contextmanager
def _entered(scope: Scope, *, transactional: bool) -> Iterator[None]:
    """Hold the scope inside the transaction, so that what runs after commit has none, loudly."""
    connection = connections[scope.alias]
    on_postgresql = connection.vendor == "postgresql"
    outer = _scope.get()
    with transaction.atomic(using=scope.alias) if on_postgresql or transactional else nullcontext():
        if on_postgresql:
            _tell_database(scope, scope.alias)
        token = _scope.set(scope)
        try:
            yield
        finally:
            _scope.reset(token)
        # An outer transaction sees again what it saw before. After an error its savepoint does that.
        if on_postgresql and not connection.needs_rollback:
            _tell_database(outer or Scope(None), scope.alias)


def _tell_database(scope: Scope, alias: str) -> None:
    workspace = "" if scope.workspace_id is None else str(scope.workspace_id)
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.workspace', %s, true), set_config('app.across', %s, true)",
            [workspace, scope.across],
        )


@contextmanager
def person_scope(user_id: int) -> Iterator[None]:
    """Let a person see the memberships and workspaces that are theirs (PostgreSQL: ``app.user``)."""
    if connections["default"].vendor != "postgresql":
        yield
        return
    with transaction.atomic():
        _set_person(str(user_id))
        yield
        _set_person("")


def _set_person(value: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.user', %s, true)", [value])


class TenantQuerySet(models.QuerySet[M]):
    """Rows of the active workspace; refuses to be evaluated, or to write, outside it."""

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            _require_scope(self.model)
        super()._fetch_all()

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """Insert rows of the active workspace."""
        rows = list(objs)
        for row in rows:
            _adopt(row)
        return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        """Save rows of the active workspace."""
        rows = list(objs)
        for row in rows:
            _adopt(row)
        return super().bulk_update(rows, fields, *args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        """Change rows of the active workspace."""
        _require_writable(self.model)
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete rows of the active workspace."""
        _require_writable(self.model)
        return super().delete()


class TenantManager(models.Manager[M]):
    """Sees the active workspace only; raises ``NoWorkspace`` when there is none."""

    def get_queryset(self) -> TenantQuerySet[M]:
        """Return the rows that may be seen now."""
        scope = _require_scope(self.model)
        rows: TenantQuerySet[M] = TenantQuerySet(self.model, using=self._db or _alias_of(scope))
        return rows if scope.workspace_id is None else rows.filter(workspace_id=scope.workspace_id)


class TenantModel(models.Model):
    """A row that belongs to one workspace."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")

    workspace_id: int
    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # following a relation, save() and refresh are behind the wall too

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save into the active workspace; a row of another one raises ``OtherWorkspace``."""
        _adopt(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete from the active workspace."""
        _adopt(self)
        return super().delete(*args, **kwargs)


def _alias_of(scope: Scope) -> str | None:
    return None if scope.alias == "default" else scope.alias


def _require_scope(model: type[models.Model]) -> Scope:
    scope = _scope.get()
    if scope is None:
        raise NoWorkspace(f"{model.__name__}: no workspace is active: enter workspace_scope() first")
    return scope


def _require_writable(model: type[models.Model]) -> int:
    scope = _require_scope(model)
    if scope.workspace_id is None:
        raise ReadOnlyScope(f"{model.__name__}: {scope.across} looks across workspaces and may only read")
    return scope.workspace_id


def _adopt(row: models.Model) -> None:
    """Give a new row the active workspace; refuse a row of another."""
    active = _require_writable(type(row))
    owner = getattr(row, "workspace_id", None)
    if owner is None:
        setattr(row, "workspace_id", active)  # noqa: B010 - models.Model doesn't declare it
    elif owner != active:
        raise OtherWorkspace(f"{type(row).__name__} of workspace {owner} in workspace {active}")


def tenant_models(models_: Sequence[type[models.Model]]) -> Collection[type[TenantModel]]:
    """Return those models that belong to a workspace."""
    return [model for model in models_ if issubclass(model, TenantModel)]

"""The kill switch: what a bot, an account, a workspace or the whole platform may not do from now on.

A halt of the first three is a lock (``bots.services.locks``) without an end; the platform's is the
operators' newest word (``accounts.platform_halt``). Both are states that traders carry out by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import ExchangeAccount, Workspace
from accounts.platform_halt import halt_platform
from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, OrderRow, PositionRow, RiskLock
from bots.services.locks import lift_lock, set_lock
from bots.services.market import workspace_ms
from trading_core.errors import InvalidInput
from trading_core.execution.order import OPEN_STATES, Role
from trading_core.risk.levels import Cause, What, Where

OPEN = [state.value for state in OPEN_STATES]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is halted."""

    where: Where
    workspace_id: int = 0
    """0 for the platform."""
    account: int | None = None
    bot: int | None = None
    name: str = "the platform"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on the exchanges of a subject."""

    entries: int
    """Orders of entries that may still execute."""
    legs: int
    positions: int
    unprotected: int
    """Positions whose stop nobody has confirmed."""

    def left_under(self, what: What) -> int:
        """How much of it a halt still has to take away."""
        legs = self.legs if what.legs else 0
        positions = self.positions if what is What.FLATTEN else 0
        return self.entries + legs + positions


def find_subject(where: Where, code: str) -> Subject:
    """Look up what a code names, in every workspace; raises ``InvalidInput``."""
    if where is Where.PLATFORM:
        return Subject(where)
    with across_workspaces("halt"):
        if where is Where.WORKSPACE and (workspace := Workspace.objects.filter(code=code).first()):
            return Subject(where, workspace.pk, name=f"workspace {workspace.name}")
        if where is Where.ACCOUNT and (account := ExchangeAccount.objects.filter(code=code).first()):
            return Subject(where, account.workspace_id, account=account.pk, name=f"account {account.name}")
        if where is Where.BOT and (bot := Bot.objects.filter(code=code).first()):
            return Subject(where, bot.workspace_id, bot.account_id, bot.pk, f"bot {bot.name}")
    raise InvalidInput("code", f"there is no {where.value} {code!r}")


def halt(subject: Subject, what: What, reason: str, *, actor: str) -> None:
    """Halt a subject until somebody lifts it; raises ``InvalidInput`` without a reason."""
    if subject.where is Where.PLATFORM:
        halt_platform(what, reason, operator=actor)
        return
    with workspace_scope(subject.workspace_id):
        set_lock(
            what=what.value, reason=reason, now_ms=workspace_ms(), actor=actor,
            bot=Bot.objects.select_related("account").get(pk=subject.bot) if subject.bot else None,
            account=ExchangeAccount.objects.get(pk=subject.account) if subject.account else None,
        )  # fmt: skip


def lift_halts(subject: Subject, reason: str, *, actor: str) -> int:
    """Lift what people have halted of exactly this subject; return how many locks that were."""
    if subject.where is Where.PLATFORM:
        halt_platform("", reason, operator=actor)
        return 1
    with workspace_scope(subject.workspace_id):
        by_hand = Q(lifted_at=None, cause=Cause.MANUAL.value, where=subject.where.value, symbol="")
        found = RiskLock.objects.filter(by_hand, _about(subject))
        return sum(bool(lift_lock(row, actor=actor)) for row in found)


def standing(subject: Subject) -> Standing:
    """Count what stands on the exchanges of a subject."""
    if subject.where is Where.PLATFORM:
        with across_workspaces("halt"):
            return _count(Q())
    with workspace_scope(subject.workspace_id, reading=True):
        return _count(_about(subject))


def _about(subject: Subject) -> Q:
    if subject.bot:
        return Q(bot_id=subject.bot)
    return Q(account_id=subject.account) if subject.account else Q()


def _count(about: Q) -> Standing:
    orders: QuerySet[OrderRow] = OrderRow.objects.filter(about, state__in=OPEN)
    held = PositionRow.objects.filter(about).exclude(lots=0).exclude(bot=None)
    return Standing(
        entries=orders.filter(role=Role.ENTRY.value).count(),
        legs=orders.filter(role=Role.AVERAGE.value).count(),
        positions=held.count(),
        unprotected=held.filter(stop_ticks=None).count(),
    )

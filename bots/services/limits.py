"""Limits of accounts and of the workspace: read with what they are measured against, changed with care."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.audit import record
from accounts.models import ExchangeAccount, Workspace
from ailona.kit.push import tell
from ailona.kit.tenancy import current_workspace_id
from bots.models import Bot, Claim, RiskLock
from bots.services.rungs import mark_of, platform_limits
from trading_core.engine.limits_schema import limits_data, parse_limits
from trading_core.errors import InvalidInput
from trading_core.risk.levels import Held, Level, Limits, Where

SHOWN_MAX = 500
"""Locks shown at once."""


class Loosening(InvalidInput):
    """A change that allows more than before and was not confirmed."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung with its figures, for people to look at."""

    where: Where
    code: str
    """Of the account or bot; the environment for the workspace's rungs."""
    name: str
    level: Level
    known: bool
    """Whether its equity was seen at a close yet."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every rung of the active workspace."""

    workspace: list[Rung]
    """One for each environment it has accounts in."""
    accounts: list[Rung]
    bots: list[Rung]
    """Those whose document sets limits."""
    platform: Limits


def ladder() -> Ladder:
    """Return every rung of the active workspace."""
    workspace = Workspace.objects.get(pk=current_workspace_id())
    accounts = list(ExchangeAccount.objects.select_related("equity_mark").order_by("name", "pk"))
    held = _held()
    rungs = [_account_rung(account, held) for account in accounts]
    return Ladder(
        workspace=_workspace_rungs(workspace, accounts, rungs),
        accounts=rungs,
        bots=_bot_rungs(dict(zip((account.pk for account in accounts), rungs, strict=True))),
        platform=parse_limits(platform_limits()),
    )


def _held() -> dict[int, list[Held]]:
    found: dict[int, list[Held]] = defaultdict(list)
    for account, symbol, worth in Claim.objects.values_list("account_id", "symbol", "exposure"):
        found[account].append(Held(symbol, worth))
    return found


def _account_rung(account: ExchangeAccount, held: dict[int, list[Held]]) -> Rung:
    mark = mark_of(account)
    limits, trades = parse_limits(account.limits), tuple(held[account.pk])
    if mark is None:
        wallet = account.wallet
        level = Level(Where.ACCOUNT, limits, wallet, wallet, wallet, others=trades)
    else:
        level = Level(
            Where.ACCOUNT, limits, mark.equity, mark.day_start, mark.peak, day_ms=mark.day_ms,
            peak_ms=mark.peak_ms, others=trades,
        )  # fmt: skip
    return Rung(Where.ACCOUNT, account.code, account.name, level, mark is not None)


def _workspace_rungs(
    workspace: Workspace, accounts: Iterable[ExchangeAccount], rungs: Iterable[Rung]
) -> list[Rung]:
    limits, together = parse_limits(workspace.limits), defaultdict(list)
    for account, rung in zip(accounts, rungs, strict=True):
        together[(account.environment, account.get_environment_display())].append(rung)
    return [
        Rung(
            Where.WORKSPACE,
            environment,
            name,
            _sum(limits, [rung.level for rung in group]),
            any(rung.known for rung in group),
        )
        for (environment, name), group in sorted(together.items())
    ]


def _sum(limits: Limits, levels: list[Level]) -> Level:
    return Level(
        Where.WORKSPACE,
        limits,
        sum(level.equity for level in levels),
        sum(level.day_start for level in levels),
        sum(level.peak for level in levels),
        others=tuple(held for level in levels for held in level.others),
    )


def _bot_rungs(accounts: dict[int, Rung]) -> list[Rung]:
    found = []
    for bot in Bot.objects.order_by("name", "pk"):
        limits = parse_limits(bot.document.get("risk", {}).get("limits", {}))
        if limits == Limits():
            continue
        over = accounts[bot.account_id].level
        level = Level(Where.BOT, limits, over.equity, over.day_start, over.peak, others=over.others)
        found.append(Rung(Where.BOT, bot.code, bot.name, level, accounts[bot.account_id].known))
    return found


def locks_in_force(now_ms: int) -> list[RiskLock]:
    """Return the locks of the active workspace that hold at a time of its market's clock, the newest first."""
    rows = RiskLock.objects.select_related("account", "bot").filter(lifted_at=None)
    return list(rows.filter(Q(until_ms=None) | Q(until_ms__gt=now_ms)).order_by("-pk")[:SHOWN_MAX])


def change_limits(
    raw: object, *, account: ExchangeAccount | None = None, confirmed: bool = False, actor: str
) -> Limits:
    """Give an account, or the workspace, other limits; the caller holds the transaction.

    Raise DocumentInvalid for what can't be read, and Loosening, naming what would allow more, unless
    that was confirmed.
    """
    limits = parse_limits(raw)
    row: ExchangeAccount | Workspace
    if account is None:
        row = Workspace.objects.select_for_update(no_key=True).get(pk=current_workspace_id())
    else:
        row = ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    before = parse_limits(row.limits)
    looser = limits.loosened_from(before)
    if looser and not confirmed:
        raise Loosening(
            "confirm", f"this allows more than before ({', '.join(map(spoken, looser))}): confirm it"
        )
    data = stored(limits)
    if data != row.limits:
        old, row.limits = row.limits, data
        row.save(update_fields=["limits"])
        subject = "workspace" if account is None else account.code
        record("limits.changed", subject, actor, {"from": old, "to": data, "loosened": list(looser)})
        tell(current_workspace_id(), {"type": "lock.changed", "lock": ""})
    return limits


def stored(limits: Limits) -> dict[str, Any]:
    """Return limits as a row keeps them: nothing where nothing is limited."""
    return {} if limits == Limits() else limits_data(limits)


def spoken(name: str) -> str:
    """Return the name of a limit as people read it."""
    return name.removesuffix("_ppm").replace("_", " ").replace(".", ": ")

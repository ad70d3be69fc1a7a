"""Carries a lock out at once: legs are taken off, entries given up, and what must go is closed."""

from __future__ import annotations

from ailona.kit.tenancy import across_workspaces, workspace_scope
from bots.models import Bot, Claim, RiskLock
from bots.services.market import market_ms
from bots.services.stopping import settle_stopping
from bots.services.tending import locked_bot, tend_symbols


def enforce_lock(lock_id: int, workspace_id: int) -> int:
    """Tend every trade a lock concerns, one bot after the other; return how many requests that led to.

    Safe to call again: what stands as it should is left alone.
    """
    with workspace_scope(workspace_id, reading=True):
        lock = RiskLock.objects.filter(pk=lock_id).first()
        bots = [] if lock is None else _concerned(lock)
    return sum(_tend_all(bot_id, workspace_id) for bot_id in bots)


def enforce_platform_halt() -> int:
    """Tend every trade of the installation; return how many requests that led to. Safe to call again."""
    with across_workspaces("halt"):
        claims = Claim.objects.order_by("bot_id").values_list("bot_id", "workspace_id")
        holding = list(claims.distinct())
    return sum(_tend_all(bot_id, workspace_id) for bot_id, workspace_id in holding)


def _tend_all(bot_id: int, workspace_id: int) -> int:
    with workspace_scope(workspace_id):
        bot = locked_bot(bot_id)
        symbols = sorted(Claim.objects.filter(bot=bot).values_list("symbol", flat=True))
        written = tend_symbols(bot, symbols, market_ms(bot.source))
        settle_stopping(bot)
    return written


def _concerned(lock: RiskLock) -> list[int]:
    """Return the bots that hold or order something under a lock."""
    bots = Bot.objects.filter(claims__isnull=False)
    if lock.account_id is not None:
        bots = bots.filter(account_id=lock.account_id)
    if lock.bot_id is not None:
        bots = bots.filter(pk=lock.bot_id)
    if lock.environment:
        bots = bots.filter(account__environment=lock.environment)
    return sorted(set(bots.values_list("pk", flat=True)))

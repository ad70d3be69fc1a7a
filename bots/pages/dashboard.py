"""The dashboard: equity, positions, bots and what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F, Sum
from django.urls import reverse

from accounts.entry_blocks import BlockKind, blocks_of
from accounts.models import AccountStatus, ExchangeAccount
from ailona.kit import clock
from ailona.kit.templatetags.kit import change, grouped, money, tone_of
from bots.models import Bot, BotState, ExecutionRow, IntentRow, IntentState, PositionRow
from bots.pages.botlist import BotLine, bot_lines
from bots.pages.figures import Kpi, counted
from bots.pages.holdings import Holding, holdings, unrealised_by_account
from bots.pages.market import Feed, feeds
from bots.states import ACTIVE
from trading_core.market.timeframe import Timeframe

POSITIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Concern:
    """Something a person should look at."""

    tone: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All the dashboard shows but for its chart."""

    kpis: list[Kpi]
    positions: list[Holding]
    bots: list[BotLine]
    feeds: list[Feed]
    concerns: list[Concern]


def dashboard() -> Dashboard:
    """Read the dashboard of the active workspace: about a dozen queries, whatever its size."""
    accounts = list(ExchangeAccount.objects.exclude(status=AccountStatus.REVOKED).order_by("pk"))
    rows = PositionRow.objects.exclude(lots=0).select_related("bot").order_by("-opened_ms")[:POSITIONS_MAX]
    positions = holdings(rows)
    bots = list(Bot.objects.select_related("account").order_by("name", "pk"))
    lines = bot_lines(bots, positions)
    heard = feeds()
    return Dashboard(
        kpis=_kpis(accounts, positions, lines, heard),
        positions=positions,
        bots=lines,
        feeds=heard,
        concerns=_concerns(accounts, bots, positions, heard),
    )


def _kpis(
    accounts: Sequence[ExchangeAccount],
    positions: Sequence[Holding],
    lines: Sequence[BotLine],
    heard: Sequence[Feed],
) -> list[Kpi]:
    wallet = sum(account.wallet for account in accounts)
    unrealised = sum(unrealised_by_account(positions).values())
    exposure = sum(holding.notional for holding in positions)
    today = _today(heard)
    active = sum(1 for line in lines if line.state in ACTIVE)
    longs = sum(1 for holding in positions if holding.is_long)
    sides = f"{longs} long, {len(positions) - longs} short"
    equity = wallet + unrealised
    share = Decimal(exposure) * 100 / equity if equity > 0 else Decimal(0)
    return [
        Kpi("Equity", money(equity), "USDT", more=f"{counted(len(accounts), 'account')}, wallet {money(wallet)}"),
        Kpi("Unrealised", change(unrealised), "USDT", tone_of(unrealised), counted(len(positions), "open position")),
        Kpi("Realised today", change(today), "USDT", tone_of(today), "after fees, since 00:00 UTC"),
        Kpi("Exposure", money(exposure), "USDT", more=f"{grouped(share, 1)}% of equity, {sides}"),
        Kpi("Bots at work", str(active), f"of {len(lines)}", more=_parked(lines)),
    ]  # fmt: skip


def _parked(lines: Sequence[BotLine]) -> str:
    parked = sum(1 for line in lines if line.state == BotState.PARKED)
    return f"{parked} parked" if parked else "none parked"


def _today(heard: Sequence[Feed]) -> int:
    """Realised money less fees since midnight of the market's clock."""
    at = max((feed.last_close_ms for feed in heard), default=0) or clock.wall_ms()
    midnight = at // Timeframe.D1.ms * Timeframe.D1.ms
    rows = ExecutionRow.objects.filter(time_ms__gte=midnight)
    return int(rows.aggregate(net=Sum(F("realised") - F("fee")))["net"] or 0)


def _concerns(
    accounts: Sequence[ExchangeAccount],
    bots: Sequence[Bot],
    positions: Sequence[Holding],
    heard: Sequence[Feed],
) -> list[Concern]:
    found = [Concern("down", f"{bot.name} is parked: {bot.state_reason or 'no reason given'}", _bot_url(bot.code))
             for bot in bots if bot.state == BotState.PARKED]  # fmt: skip
    found += [
        Concern("down", f"{one.bot_name}: {one.symbol} has no protective stop yet", _bot_url(one.bot_code))
        for one in positions
        if one.stop is None
    ]
    found += [
        Concern(
            "down",
            f"Account {account.name}: {account.status_reason or 'could not be opened'}",
            reverse("accounts"),
        )
        for account in accounts
        if account.status == AccountStatus.FAILED
    ]
    found += _blocks(accounts)
    unknown = IntentRow.objects.filter(state=IntentState.UNKNOWN).count()
    if unknown:
        found.append(
            Concern("warn", f"{counted(unknown, 'request')} to the venue without an answer; being resolved")
        )
    sources = {bot.source for bot in bots if bot.state in ACTIVE}
    found += [
        Concern(
            "warn",
            f"{feed.market}: no candles {'since the feed went silent' if feed.connected else 'while disconnected'}",
        )
        for feed in heard
        if feed.source in sources and (feed.stale or not feed.connected)
    ]
    return found


def _blocks(accounts: Sequence[ExchangeAccount]) -> list[Concern]:
    """Return what keeps whole accounts, or one of their contracts, from entries now."""
    now_ms = clock.wall_ms()
    return [
        Concern(
            "down" if block.kind is BlockKind.HALT else "warn",
            f"Account {account.name}: {block.words}",
            reverse("accounts"),
        )
        for account in accounts
        for block in blocks_of(account)
        if block.stands(now_ms)
    ]


def _bot_url(code: str) -> str:
    return reverse("bot", args=[code]) if code else ""

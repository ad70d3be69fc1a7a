"""Bots as lines of a table: state, position, result, last decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bots.models import Bot, BotSymbol, EquityPoint, PositionRow
from bots.pages.figures import Spark, spark
from bots.pages.holdings import Holding, holdings
from bots.pages.words import DULL, Badge, outcome_badge, state_badge, why
from bots.services.journal import Decision, last_decisions
from trading_core.engine.outcome import OutcomeCode
from trading_core.market.timeframe import Timeframe

SPARK_POINTS = 60


@dataclass(frozen=True, slots=True)
class LastDecision:
    """What a bot last decided; the most telling of its symbols."""

    symbol: str
    badge: Badge
    sentence: str
    close_ms: int


@dataclass(frozen=True, slots=True)
class BotLine:
    """One bot."""

    code: str
    name: str
    state: str
    badge: Badge
    account: str
    environment: str
    symbols: list[str]
    timeframe: str
    open_positions: int
    unrealised: int
    equity: int
    result: int
    """Equity less what the account began with."""
    last: LastDecision | None
    spark: Spark


def all_bots() -> list[BotLine]:
    """Every bot of the active workspace."""
    rows = PositionRow.objects.exclude(lots=0).exclude(bot=None).select_related("bot")
    return bot_lines(list(Bot.objects.select_related("account").order_by("name", "pk")), holdings(rows))


def bot_lines(bots: Sequence[Bot], positions: Sequence[Holding]) -> list[BotLine]:
    """Describe bots (with their accounts loaded); three queries."""
    listens = _symbols(bots)
    decisions = _last_decisions(bots)
    curves = _curves(bots)
    return [
        _line(bot, positions, listens.get(bot.pk, []), decisions.get(bot.pk), curves.get(bot.pk, []))
        for bot in bots
    ]


def _line(
    bot: Bot, positions: Sequence[Holding], symbols: list[str], last: LastDecision | None, curve: list[int]
) -> BotLine:
    mine = [one for one in positions if one.bot_id == bot.pk]
    unrealised = sum(one.unrealised or 0 for one in mine)
    equity = bot.account.wallet + unrealised
    return BotLine(
        code=bot.code,
        name=bot.name,
        state=bot.state,
        badge=state_badge(bot.state, bot.state_reason),
        account=bot.account.name,
        environment=bot.account.get_environment_display(),
        symbols=symbols,
        timeframe=bot.timeframe,
        open_positions=len(mine),
        unrealised=unrealised,
        equity=equity,
        result=equity - bot.account.paper_balance if bot.account.wallet else 0,
        last=last,
        spark=spark(curve, f"Equity of {bot.name}"),
    )


def _symbols(bots: Sequence[Bot]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = BotSymbol.objects.filter(bot__in=[bot.pk for bot in bots]).order_by("pk")
    for bot_id, symbol in rows.values_list("bot_id", "symbol"):
        found.setdefault(bot_id, []).append(symbol)
    return found


def _last_decisions(bots: Sequence[Bot]) -> dict[int, LastDecision]:
    """The most telling decision of each bot's newest close."""
    return {
        pk: last_decision(min(found, key=lambda one: (interest(one.code), one.symbol)))
        for pk, found in last_decisions(bots).items()
    }


def interest(code: str) -> int:
    """A rank: what happened first, then what was refused, then what was not even signalled."""
    if code == OutcomeCode.ENTERED:
        return 0
    return 2 if code in DULL else 1


def last_decision(row: Decision) -> LastDecision:
    """An outcome as pages show it."""
    return LastDecision(row.symbol, outcome_badge(row.code), why(row.code, row.details), row.close_ms)


def _curves(bots: Sequence[Bot]) -> dict[int, list[int]]:
    """The last equity points of each bot."""
    done = [bot for bot in bots if bot.done]
    if not done:
        return {}
    start = min(bot.done - SPARK_POINTS * Timeframe(bot.timeframe).ms for bot in done)
    rows = EquityPoint.objects.filter(bot__in=[bot.pk for bot in done], close_ms__gt=start).order_by(
        "close_ms"
    )
    curves: dict[int, list[int]] = {}
    for bot_id, wallet, unrealised in rows.values_list("bot_id", "wallet", "unrealised"):
        curves.setdefault(bot_id, []).append(wallet + unrealised)
    return {pk: curve[-SPARK_POINTS:] for pk, curve in curves.items()}

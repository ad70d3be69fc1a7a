"""What the venue tells of an account, applied once each, whatever the order it comes in.

Positions come from executions alone. Each function runs in one transaction in which the bot's row is
locked, the rows are brought up to date, and the plan is tended: the intents that follow from a piece
of news are committed with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F

from accounts.audit import record
from accounts.models import ExchangeAccount
from ailona.kit.push import tell
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, BotState, Claim, ExecutionRow, OrderRow, Plan, PositionRow
from bots.services import interference, order_states
from bots.services.documents import document_of
from bots.services.facts import position_of
from bots.services.instruments import latest_instrument
from bots.services.parking import park
from bots.services.stopping import settle_stopping
from bots.services.tending import locked_bot, tend_symbols
from bots.states import ACTIVE
from trading_core.exchanges.port import ExecutionNews, OrderNews, PositionNews, WalletNews
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import Role
from trading_core.execution.position import Position, apply
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.performance.ledger import closing_reason
from trading_core.plan.state import PlanState
from trading_core.risk.guards import ends_bot

POSITION_DELTA = frozenset({"Trade", "AdlTrade", "BustTrade"})
CASH_ONLY = frozenset({"Funding"})
LIQUIDATIONS = frozenset({"AdlTrade", "BustTrade"})
STOP_TYPES = frozenset({"StopLoss", "Stop", "PartialStopLoss", "TrailingStop"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where an execution belongs."""

    order: OrderRow | None
    trade: int
    role: str
    leg: int


def apply_execution(account: ExchangeAccount, news: ExecutionNews) -> bool:
    """Apply a match, a liquidation or a funding payment; False if it was applied before.

    A type nobody knows moves nothing and parks the account's bots: what it did to the position can't
    be guessed.
    """
    with workspace_scope(account.workspace_id):
        bot = _bot_of(account, news.symbol, news.link)
        _lock_account(account)
        if ExecutionRow.objects.filter(account=account, exec_id=news.exec_id).exists():
            return False
        if news.exec_type in POSITION_DELTA:
            _apply_match(account, bot, news)
        else:
            _apply_cash(account, bot, news)
        if news.exec_type not in POSITION_DELTA | CASH_ONLY:
            _park_account(account, f"unknown execution type {news.exec_type!r} on {news.symbol}")
        if bot is not None:
            _tend(bot, news.symbol, news.time_ms)
        tell(
            account.workspace_id, {"type": "execution", "bot": bot.code if bot else "", "symbol": news.symbol}
        )
    return True


def _bot_of(account: ExchangeAccount, symbol: str, link: str) -> Bot | None:
    """Return the bot an order or symbol belongs to, with its row locked."""
    bot_id = None
    if link:
        bot_id = OrderRow.objects.filter(account=account, link=link).values_list("bot_id", flat=True).first()
    if bot_id is None:
        claims = Claim.objects.filter(account=account, symbol=symbol)
        bot_id = claims.values_list("bot_id", flat=True).first()
    return None if bot_id is None else locked_bot(bot_id)


def _lock_account(account: ExchangeAccount) -> None:
    """Take the account's row after the bot's, always in this order."""
    ExchangeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)


def _apply_match(account: ExchangeAccount, bot: Bot | None, news: ExecutionNews) -> None:
    source, category = _market_of(account, bot)
    instrument = latest_instrument(source, category, news.symbol)
    position, _ = PositionRow.objects.get_or_create(account=account, symbol=news.symbol)
    place = _place_of(account, bot, news)
    before = position_of(position)
    after = apply(
        before, side=news.side, ticks=news.ticks, lots=news.lots, fee=news.fee, instrument=instrument
    )
    realised = after.realised - (before.realised if not before.is_flat else 0)
    if _turned(before, after):
        realised = _realised_on_the_way(before, news, instrument)
    _save_position(position, bot, before, after, news, stop_ticks=_attached_stop(place.order))
    reason = _closing_reason(bot, before, news, place)
    _record(account, bot, news, place, realised, reason=reason, instrument_version=instrument.version)
    _pay(account, realised - news.fee)
    if bot is not None and bot.state in (BotState.RUNNING, BotState.ENTRIES_PAUSED):
        _end_after_stop(bot, news.symbol, reason, is_flat=after.is_flat)
    if place.order is not None:
        order_states.executed(place.order, news.lots, news.time_ms)
    elif news.exec_type not in LIQUIDATIONS and news.stop_order_type not in STOP_TYPES:
        interference.foreign_trade(account, news)


def _end_after_stop(bot: Bot, symbol: str, reason: str, *, is_flat: bool) -> None:
    """Let a bot whose guards say so take nothing new after a stop; its row is locked."""
    if not ends_bot(document_of(bot).guards, reason, is_flat=is_flat):
        return
    bot.state = BotState.CLOSE_ONLY
    bot.state_reason = (
        f"its trade in {symbol} ended by {reason}: it takes nothing new until somebody resumes it"
    )
    bot.save(update_fields=["state", "state_reason"])
    record("bot.ended_by_stop", bot.code, "engine", {"symbol": symbol, "reason": reason})
    tell(bot.workspace_id, {"type": "bot.changed", "bot": bot.code})


def _market_of(account: ExchangeAccount, bot: Bot | None) -> tuple[str, str]:
    """Return the market an account stands in; without a bot on the symbol, that of any of its bots."""
    if bot is not None:
        return bot.source, bot.category
    found = Bot.objects.filter(account=account).values_list("source", "category").first()
    return found or ("bybit", "linear")


def _turned(before: Position, after: Position) -> bool:
    """Whether an execution went through zero and opened the other way."""
    return bool(before.lots and after.lots) and (before.lots > 0) != (after.lots > 0)


def _realised_on_the_way(before: Position, news: ExecutionNews, instrument: Instrument) -> int:
    closed = apply(
        before, side=news.side, ticks=news.ticks, lots=abs(before.lots), fee=0, instrument=instrument
    )
    return closed.realised - before.realised


def _attached_stop(order: OrderRow | None) -> int | None:
    """Return the stop an order carried: the venue puts it on the position with the order's first fill."""
    if order is None or order.reduce_only:
        return None
    asked = order.intents.filter(kind=IntentKind.PLACE.value).values_list("params", flat=True).first()
    return (asked or {}).get("stop_ticks")


def _save_position(
    row: PositionRow,
    bot: Bot | None,
    before: Position,
    after: Position,
    news: ExecutionNews,
    *,
    stop_ticks: int | None,
) -> None:
    row.lots, row.cost, row.realised, row.fees = after.lots, after.cost, after.realised, after.fees
    row.bot = bot if bot is not None else row.bot
    if before.is_flat:
        row.opened_ms = news.time_ms
    if after.is_flat or before.is_flat:
        row.stop_ticks = None
    if stop_ticks is not None and not after.is_flat:
        row.stop_ticks = stop_ticks
    row.save()


def _place_of(account: ExchangeAccount, bot: Bot | None, news: ExecutionNews) -> Place:
    order = OrderRow.objects.filter(account=account, link=news.link).first() if news.link else None
    if order is not None:
        return Place(order, order.trade, order.role, order.leg)
    ours = news.stop_order_type in STOP_TYPES or news.exec_type in LIQUIDATIONS
    plan = _plan_of(bot, news.symbol)
    return Place(None, plan.trade if plan else 0, (Role.STOP if ours else Role.EXIT).value, 0)


def _plan_of(bot: Bot | None, symbol: str) -> Plan | None:
    return None if bot is None else Plan.objects.filter(bot=bot, symbol=symbol).first()


def _closing_reason(bot: Bot | None, before: Position, news: ExecutionNews, place: Place) -> str:
    """Return why an execution closed; nothing for one that opens."""
    if before.lots * news.side.sign >= 0:
        return ""
    plan = _plan_of(bot, news.symbol)
    state = PlanState.from_record(plan.state) if plan else PlanState()
    return closing_reason(
        Role(place.role),
        state.exit_reason,
        liquidated=news.exec_type in LIQUIDATIONS,
        tightened_by=state.tightened_by,
        leg=place.leg,
    )


def _apply_cash(account: ExchangeAccount, bot: Bot | None, news: ExecutionNews) -> None:
    plan = _plan_of(bot, news.symbol)
    place = Place(None, plan.trade if plan else 0, "", 0)
    _record(account, bot, news, place)
    if news.exec_type in CASH_ONLY:
        _pay(account, -news.fee)
        held = PositionRow.objects.filter(account=account, symbol=news.symbol).exclude(lots=0)
        held.update(fees=F("fees") + news.fee)


def _record(
    account: ExchangeAccount,
    bot: Bot | None,
    news: ExecutionNews,
    place: Place,
    realised: int = 0,
    *,
    reason: str = "",
    instrument_version: int = 0,
) -> None:
    ExecutionRow.objects.create(
        account=account,
        bot=bot,
        order=place.order,
        exec_id=news.exec_id,
        exec_type=news.exec_type,
        symbol=news.symbol,
        trade=place.trade,
        role=place.role,
        leg=place.leg,
        side=news.side.value,
        ticks=news.ticks,
        lots=news.lots,
        fee=news.fee,
        realised=realised,
        reason=reason,
        is_maker=news.is_maker,
        time_ms=news.time_ms,
        sequence=news.sequence,
        instrument_version=instrument_version,
    )


def _pay(account: ExchangeAccount, amount: int) -> None:
    ExchangeAccount.objects.filter(pk=account.pk).update(wallet=F("wallet") + amount)


def _park_account(account: ExchangeAccount, reason: str) -> None:
    for bot in Bot.objects.filter(account=account, state__in=ACTIVE):
        park(bot, reason)


def _tend(bot: Bot, symbol: str, now_ms: int) -> None:
    tend_symbols(bot, [symbol], now_ms)
    settle_stopping(bot)


def apply_order(account: ExchangeAccount, news: OrderNews, *, listed: bool = False) -> bool:
    """Apply what the venue tells of an order of ours; False if it isn't ours or says nothing newer.

    ``listed``: as one of all open orders, read just now.
    """
    with workspace_scope(account.workspace_id):
        row = OrderRow.objects.filter(account=account, link=news.link).first() if news.link else None
        if row is None:
            interference.foreign_order(account, news)
            return False
        bot = locked_bot(row.bot_id)
        row.refresh_from_db()
        interference.changed_by_hand(account, row, news)
        if not order_states.told(row, news, listed=listed):
            return False
        _tend(bot, row.symbol, news.updated_ms)
        tell(account.workspace_id, {"type": "order", "bot": bot.code, "symbol": row.symbol})
    return True


def apply_position(account: ExchangeAccount, news: PositionNews) -> bool:
    """Take over what only the venue knows of a position: its stop and leverage, never its size.

    Returns whether the venue's size is ours; the trader reconciles when it is not for long.
    """
    with workspace_scope(account.workspace_id):
        bot = _bot_of(account, news.symbol, "")
        row = PositionRow.objects.filter(account=account, symbol=news.symbol).first()
        if row is None:
            row = PositionRow(account=account, symbol=news.symbol, bot=bot)
        leverage_ppm = int(news.leverage * PPM)
        stop_ticks = news.stop_ticks if news.lots else None
        if row.lots and news.lots and row.leverage_ppm not in (0, leverage_ppm):
            interference.leverage_changed(account, news, before_ppm=row.leverage_ppm)
        if (row.stop_ticks, row.leverage_ppm) != (stop_ticks, leverage_ppm):
            row.stop_ticks, row.leverage_ppm = stop_ticks, leverage_ppm
            row.save()
            if bot is not None and row.lots:
                _tend(bot, news.symbol, news.updated_ms)
    return row.lots == news.lots


def apply_wallet(account: ExchangeAccount, news: WalletNews) -> bool:
    """Return whether the venue's wallet is ours; ours comes from executions and is left alone."""
    with workspace_scope(account.workspace_id, reading=True):
        return ExchangeAccount.objects.filter(pk=account.pk, wallet=news.balance).exists()

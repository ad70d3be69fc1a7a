"""The page of one bot: key figures, decisions, orders and executions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import CharField, Count, Q, Sum, Value
from django.db.models.functions import Cast, Concat

from ailona.kit.templatetags.kit import NOTHING, change, grouped, money, price, signed, tone_of
from bots.models import Bot, BotState, ExecutionRow, OrderRow, PositionRow
from bots.pages.figures import Kpi, counted
from bots.pages.holdings import Holding, holdings
from bots.pages.words import Badge, order_badge, outcome_badge, state_badge, why, words
from bots.services import journal
from bots.services.instruments import latest_instruments
from bots.states import LISTENING
from trading_core.execution.order import OPEN_STATES, Role
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe

ORDERS_MAX = 60
EXECUTIONS_MAX = 40
DECISIONS_MAX = 24
CLOSES_BACK = 120
OUTCOMES_MAX = 600
NAMED_MAX = 2
"""Positions told one by one."""


@dataclass(frozen=True, slots=True)
class Control:
    """A button."""

    action: str
    label: str
    icon: str
    tone: str = ""
    asks: bool = False
    """Whether a confirmation comes first."""


_START = Control("start", "Start", "play", "primary")
_RESUME = Control("resume", "Resume entries", "play", "primary")
_PAUSE = Control("pause", "Pause entries", "pause")
_STOP = Control("stop", "Stop", "stop", asks=True)
_PANIC = Control("panic", "Panic", "panic", "danger", asks=True)

CONTROLS: Mapping[str, tuple[Control, ...]] = {
    BotState.DRAFT: (_START,),
    BotState.STARTING: (_STOP, _PANIC),
    BotState.RUNNING: (_PAUSE, _STOP, _PANIC),
    BotState.ENTRIES_PAUSED: (_RESUME, _STOP, _PANIC),
    BotState.CLOSE_ONLY: (_RESUME, _STOP, _PANIC),
    BotState.STOPPING: (_PANIC,),
    BotState.STOPPED: (_START,),
    BotState.PARKED: (_START, _PANIC),
}


@dataclass(frozen=True, slots=True)
class Status:
    """The head of the page."""

    badge: Badge
    reason: str
    controls: tuple[Control, ...]
    kpis: list[Kpi]
    positions: list[Holding]
    next_close_ms: int
    listening: bool
    """Whether the next close will be decided on."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order."""

    symbol: str
    side: str
    label: str
    price: Decimal | None
    qty: Decimal
    filled: Decimal
    reduce_only: bool
    badge: Badge


@dataclass(frozen=True, slots=True)
class ExecutionLine:
    """One execution."""

    time_ms: int
    symbol: str
    side: str
    label: str
    price: Decimal
    qty: Decimal
    notional: int
    fee: int
    realised: int
    is_maker: bool


@dataclass(slots=True)
class DecisionRun:
    """Closes in a row that came to the same for one symbol."""

    symbol: str
    code: str
    badge: Badge
    sentence: str
    """Of the newest one."""
    close_ms: int
    since_ms: int
    closes: int = 1


@dataclass(frozen=True, slots=True)
class Activity:
    """Orders, executions and decisions."""

    orders: list[OrderLine]
    executions: list[ExecutionLine]
    decisions: list[DecisionRun]


def status(bot: Bot) -> Status:
    """Read the head of a bot's page (the bot with its account loaded)."""
    rows = (
        PositionRow.objects.filter(account_id=bot.account_id, bot=bot).exclude(lots=0).select_related("bot")
    )
    positions = holdings(rows.order_by("symbol"))
    step = Timeframe(bot.timeframe).ms
    return Status(
        badge=state_badge(bot.state, bot.state_reason),
        reason=bot.state_reason,
        controls=_controls(bot, positions),
        kpis=_kpis(bot, positions),
        positions=positions,
        next_close_ms=bot.done + step if bot.done else 0,
        listening=bot.state in LISTENING,
    )


def _controls(bot: Bot, positions: Sequence[Holding]) -> tuple[Control, ...]:
    """A stopped bot that left a position standing can still be told to close it."""
    left = bot.state == BotState.STOPPED and positions
    return (*CONTROLS[bot.state], _PANIC) if left else CONTROLS[bot.state]


def _kpis(bot: Bot, positions: Sequence[Holding]) -> list[Kpi]:
    account = bot.account
    unrealised = sum(one.unrealised or 0 for one in positions)
    equity = account.wallet + unrealised
    began = account.paper_balance
    result = equity - began if account.wallet and began else 0
    share = signed(Decimal(result) * 100 / began, 2) + "%" if began else NOTHING
    sums = ExecutionRow.objects.filter(bot=bot).aggregate(
        gained=Sum("realised"), paid=Sum("fee"), closed=_CLOSED, entered=_ENTERED
    )
    realised, fees = int(sums["gained"] or 0), int(sums["paid"] or 0)
    trades = f"{counted(sums['entered'], 'trade')}, {counted(sums['closed'], 'closing fill')}"
    return [
        Kpi("Equity", money(equity), "USDT", more=f"wallet {money(account.wallet)}"),
        Kpi("Result", change(result), "USDT", tone_of(result), f"{share} of {money(began, 0)}"),
        Kpi("Unrealised", change(unrealised), "USDT", tone_of(unrealised), _open(positions)),
        Kpi("Realised", change(realised), "USDT", tone_of(realised), "before fees"),
        Kpi("Fees", money(fees), "USDT", more=trades),
        Kpi("Nearest stop", *_nearest_stop(positions)),
    ]  # fmt: skip


_CLOSED = Count("pk", filter=~Q(realised=0))
_ENTERED = Count(
    Concat("symbol", Value("#"), Cast("trade", CharField())), distinct=True, filter=Q(role=Role.ENTRY)
)


def _open(positions: Sequence[Holding]) -> str:
    if not positions:
        return "flat"
    if len(positions) > NAMED_MAX:
        return f"{len(positions)} positions"
    sizes = (f"{one.direction.lower()} {money(one.notional, 0)}" for one in positions)
    return ", ".join(sizes)


def _nearest_stop(positions: Sequence[Holding]) -> tuple[str, str, str, str]:
    near = [(abs(one.stop_percent), one) for one in positions if one.stop_percent is not None]
    if not near:
        return ("none", "", "warn", "unprotected") if positions else (NOTHING, "", "", "no open position")
    distance, one = min(near, key=lambda pair: pair[0])
    return (f"{grouped(distance, 2)}%", "away", "", f"{one.symbol} at {price(one.stop)}")


def activity(bot: Bot, symbols: Sequence[str]) -> Activity:
    """Read what a bot did lately."""
    standing = OrderRow.objects.filter(bot=bot, state__in=OPEN_STATES).order_by("symbol", "-ticks", "pk")
    done = ExecutionRow.objects.filter(bot=bot).order_by("-time_ms", "-sequence")
    orders, executions = list(standing[:ORDERS_MAX]), list(done[:EXECUTIONS_MAX])
    traded = {row.symbol for row in orders} | {row.symbol for row in executions}
    instruments = latest_instruments(bot.source, bot.category, traded)
    return Activity(
        orders=[_order(row, instruments[row.symbol]) for row in orders if row.symbol in instruments],
        executions=[
            _execution(row, instruments[row.symbol]) for row in executions if row.symbol in instruments
        ],
        decisions=decisions(bot, symbols),
    )


def decisions(bot: Bot, symbols: Sequence[str]) -> list[DecisionRun]:
    """The newest outcomes of each symbol, closes in a row that came to the same told as one; newest first."""
    since = bot.done - CLOSES_BACK * Timeframe(bot.timeframe).ms
    rows = journal.decisions(bot, from_ms=since + 1, limit=OUTCOMES_MAX)
    runs: list[DecisionRun] = []
    open_runs: dict[str, DecisionRun] = {}
    for row in sorted((r for r in rows if r.symbol in symbols), key=lambda r: (-r.close_ms, r.symbol)):
        run = open_runs.get(row.symbol)
        if run is not None and run.code == row.code:
            run.closes += 1
            run.since_ms = row.close_ms
            continue
        run = DecisionRun(
            row.symbol,
            row.code,
            outcome_badge(row.code),
            why(row.code, row.details),
            row.close_ms,
            row.close_ms,
        )
        open_runs[row.symbol] = run
        runs.append(run)
    return runs[:DECISIONS_MAX]


def _order(row: OrderRow, instrument: Instrument) -> OrderLine:
    return OrderLine(
        symbol=row.symbol,
        side=row.side,
        label=_label(row.role, row.leg),
        price=None if row.ticks is None else instrument.price(row.ticks),
        qty=instrument.qty(row.lots),
        filled=instrument.qty(row.filled),
        reduce_only=row.reduce_only,
        badge=order_badge(row.state, row.reason),
    )


def _execution(row: ExecutionRow, instrument: Instrument) -> ExecutionLine:
    return ExecutionLine(
        time_ms=row.time_ms,
        symbol=row.symbol,
        side=row.side,
        label=_label(row.role, row.leg) if row.exec_type == "Trade" else words(row.exec_type),
        price=instrument.price(row.ticks),
        qty=instrument.qty(row.lots),
        notional=instrument.notional_floor(row.ticks * row.lots),
        fee=row.fee,
        realised=row.realised,
        is_maker=row.is_maker,
    )


def _label(role: str, leg: int) -> str:
    return f"Leg {leg}" if role == Role.AVERAGE else words(role)


def chosen(symbols: Iterable[str], wanted: str) -> str:
    """The wanted symbol if the bot has it, else its first."""
    known = list(symbols)
    return wanted if wanted in known else (known[0] if known else "")

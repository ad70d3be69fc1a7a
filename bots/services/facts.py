"""From rows to the facts a decision may know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from accounts.entry_blocks import standing_block
from ailona.kit import clock
from bots.models import Bot, Claim, EquityPoint, IntentRow, OrderRow, Plan, PositionRow
from bots.models.trading import UNSETTLED
from bots.services import store
from bots.services.documents import document_of
from bots.services.guards import with_guards
from bots.services.instruments import latest_instruments
from bots.services.locks import locks_of
from bots.services.rungs import levels_of
from bots.services.watching import seen
from trading_core.engine.rule_facts import day_start, day_start_equity
from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.errors import InvalidInput
from trading_core.execution.intent import IntentKind
from trading_core.execution.order import OPEN_STATES, EndedOrder, OpenOrder, OrderState, Role, Side
from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.money import PPM
from trading_core.performance.ledger import EquityRecord
from trading_core.plan.state import PlanState
from trading_core.risk.levels import Held
from trading_core.risk.locks import standing
from trading_core.rules.verdict import Verdict

LOOK_BACK_MS = Timeframe.D1.ms
"""How old the last price of a symbol may be; older, it counts as having none."""
ON_ITS_WAY = frozenset({OrderState.PLANNED, OrderState.SENDING, OrderState.UNKNOWN})
_OPEN = [state.value for state in OPEN_STATES]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one bot and some of its symbols, read within one transaction."""

    plans: Mapping[str, PlanState]
    positions: Mapping[str, PositionRow]
    orders: Mapping[str, Sequence[OrderRow]]
    busy_orders: frozenset[int]
    busy_stops: frozenset[str]
    holders: Mapping[str, str]
    others: Sequence[PositionRow]
    """Open positions of other bots on the same account."""
    held: tuple[Held, ...]
    """What the trades of other bots on the same account may come to."""


def snapshot_of(
    bot: Bot, *, close_ms: int, verdicts: Mapping[str, Verdict | None], age_ms: int = 0
) -> Snapshot:
    """Return what is known of a bot at a close; the bot's row is locked by the caller.

    ``age_ms`` is how far the market's clock has gone on since.
    """
    document = document_of(bot)
    symbols = symbols_of(bot)
    rows = rows_of(bot, symbols)
    snapshot = Snapshot(
        document=document,
        state=bot.state,
        close_ms=close_ms,
        wallet=bot.account.wallet,
        symbols=seen(bot, facts_of(bot, symbols, at_ms=close_ms, verdicts=verdicts, rows=rows), close_ms),
        reserved=reserved_margin(bot, rows.others),
        age_ms=age_ms,
        day_start_equity=_day_start_equity(bot, close_ms) if document.rules.needs_facts else None,
    )
    gained = sum(_gained(bot, row, close_ms) for row in rows.others)
    snapshot = replace(snapshot, levels=levels_of(bot, snapshot, held=rows.held, others_gain=gained))
    return with_guards(bot, snapshot, rows.plans)


def _day_start_equity(bot: Bot, close_ms: int) -> int | None:
    """Read no more of a bot's equity than ``day_start_equity`` needs: its first close, and that of the day."""
    generation = bot.account.generation
    before = EquityPoint.objects.filter(bot=bot, generation=generation, close_ms__lt=close_ms)
    first = before.order_by("close_ms").first()
    if first is None:
        return None
    at_start = before.filter(close_ms__lte=day_start(close_ms)).order_by("-close_ms").first()
    points = [first] if at_start is None or at_start == first else [first, at_start]
    return day_start_equity(
        [EquityRecord(point.close_ms, point.wallet, point.unrealised) for point in points], close_ms
    )


def symbols_of(bot: Bot) -> list[str]:
    """Return the symbols a bot listens to, sorted."""
    return sorted(document_of(bot).symbols)


def facts_of(
    bot: Bot,
    symbols: Sequence[str],
    *,
    at_ms: int,
    verdicts: Mapping[str, Verdict | None] | None = None,
    rows: Rows | None = None,
) -> dict[str, SymbolFacts]:
    """Return the facts of some symbols of a bot at a time of the market's clock."""
    rows = rows_of(bot, symbols) if rows is None else rows
    instruments = latest_instruments(bot.source, bot.category, symbols)
    locks = locks_of(bot.account)
    prices = {symbol: last_seen(bot, _instrument(instruments, symbol), at_ms) for symbol in symbols}
    return {
        symbol: SymbolFacts(
            instrument=_instrument(instruments, symbol),
            close_ticks=prices[symbol][0],
            verdict=(verdicts or {}).get(symbol),
            position=position_of(rows.positions.get(symbol)),
            position_stop_ticks=_stop_ticks(rows.positions.get(symbol)),
            leverage_ppm=rows.positions[symbol].leverage_ppm if symbol in rows.positions else 0,
            plan=rows.plans.get(symbol, PlanState()),
            orders=tuple(_open_order(o, rows.busy_orders) for o in rows.orders[symbol] if o.state in _OPEN),
            stop_busy=symbol in rows.busy_stops,
            claimed_by=rows.holders.get(symbol),
            ended=tuple(_ended_order(o) for o in rows.orders[symbol] if o.state not in _OPEN),
            blocked=_blocked(bot, symbol),
            locks=standing(locks, bot=bot.code, symbol=symbol, now_ms=at_ms) if locks else (),
            last_ms=prices[symbol][1],
        )
        for symbol in symbols
    }


def _blocked(bot: Bot, symbol: str) -> dict[str, str | int] | None:
    """Return why the bot's account takes no entries in a symbol: as of now, whatever close is decided."""
    block = standing_block(bot.account, symbol, clock.wall_ms())
    return None if block is None else block.numbers()


def _instrument(instruments: Mapping[str, Instrument], symbol: str) -> Instrument:
    if symbol not in instruments:
        raise InvalidInput(symbol, "expected a symbol with a known contract definition")
    return instruments[symbol]


def rows_of(bot: Bot, symbols: Sequence[str]) -> Rows:
    """Read the rows of a bot for some symbols.

    A symbol the bot holds no claim on has no order of its and no intent under way: the claim is taken
    before the first one and freed after the last.
    """
    plans = {
        p.symbol: PlanState.from_record(p.state) for p in Plan.objects.filter(bot=bot, symbol__in=symbols)
    }
    positions = list(PositionRow.objects.filter(account_id=bot.account_id))
    claims = list(
        Claim.objects.filter(account_id=bot.account_id).values_list("symbol", "bot", "bot__name", "exposure")
    )
    holders = {symbol: (holder, name) for symbol, holder, name, _ in claims if symbol in symbols}
    ours = [symbol for symbol, (holder, _) in holders.items() if holder == bot.pk]
    pending = _pending(bot, ours)
    return Rows(
        plans=plans,
        positions={row.symbol: row for row in positions if row.bot_id == bot.pk or not row.lots},
        orders=_orders_of(bot, ours, plans),
        busy_orders=frozenset(order for order, _, _ in pending if order is not None),
        busy_stops=frozenset(symbol for _, kind, symbol in pending if kind == IntentKind.SET_STOP),
        holders={symbol: name for symbol, (holder, name) in holders.items() if holder != bot.pk},
        others=[row for row in positions if row.lots and row.bot_id != bot.pk],
        held=tuple(Held(symbol, worth) for symbol, holder, _, worth in claims if holder != bot.pk),
    )


def _pending(bot: Bot, symbols: Sequence[str]) -> list[tuple[int | None, str, str]]:
    """Return order, kind and symbol of the intents under way."""
    if not symbols:
        return []
    unsettled = IntentRow.objects.filter(bot=bot, state__in=UNSETTLED)
    return list(unsettled.values_list("order_id", "kind", "symbol"))


def _orders_of(bot: Bot, symbols: Sequence[str], plans: Mapping[str, PlanState]) -> dict[str, list[OrderRow]]:
    """Every order that may still execute, and the ended ones of the trade under way."""
    orders: dict[str, list[OrderRow]] = defaultdict(list)
    if not symbols:
        return orders
    wanted = Q(symbol__in=symbols, state__in=_OPEN)
    for symbol in symbols:
        if symbol in plans and not plans[symbol].is_flat:
            wanted |= Q(symbol=symbol, trade=plans[symbol].trade)
    for row in OrderRow.objects.filter(wanted, bot=bot).order_by("id"):
        orders[row.symbol].append(row)
    return orders


def _open_order(row: OrderRow, busy: frozenset[int]) -> OpenOrder:
    state = OrderState(row.state)
    return OpenOrder(
        trade=row.trade, role=Role(row.role), leg=row.leg, revision=row.revision, side=Side(row.side),
        lots=row.lots, filled=row.filled, ticks=row.ticks, reduce_only=row.reduce_only,
        busy=row.pk in busy or state in ON_ITS_WAY or bool(row.ending),
    )  # fmt: skip


def _ended_order(row: OrderRow) -> EndedOrder:
    return EndedOrder(row.trade, Role(row.role), row.leg, row.revision, OrderState(row.state), row.filled)


def position_of(row: PositionRow | None) -> Position:
    """Return a position row as the core sees it."""
    if row is None:
        return Position()
    return Position(lots=row.lots, cost=row.cost, realised=row.realised, fees=row.fees)


def _stop_ticks(row: PositionRow | None) -> int | None:
    return None if row is None or not row.lots else row.stop_ticks


def last_seen(bot: Bot, instrument: Instrument, at_ms: int) -> tuple[int, int]:
    """Return the last close at or before a time in ticks, and when that was; zeros when there is none."""
    key = SeriesKey(bot.source, bot.category, instrument.symbol, store.BASE)
    candles = store.candles(key, at_ms - LOOK_BACK_MS, at_ms)
    if not len(candles):
        return 0, 0
    return instrument.nearest_ticks(float(candles.close[-1])), int(candles.open_time[-1]) + store.BASE.ms


def last_ticks(bot: Bot, instrument: Instrument, at_ms: int) -> int:
    """Return the last close at or before a time in ticks; 0 when there is none."""
    return last_seen(bot, instrument, at_ms)[0]


def _gained(bot: Bot, row: PositionRow, at_ms: int) -> int:
    """Return what another bot's position would gain at the last close."""
    instruments = latest_instruments(bot.source, bot.category, [row.symbol])
    if row.symbol not in instruments:
        return 0
    ticks = last_ticks(bot, instruments[row.symbol], at_ms)
    return position_of(row).unrealised(ticks, instruments[row.symbol]) if ticks else 0


def reserved_margin(bot: Bot, others: Sequence[PositionRow]) -> int:
    """Return the margin that other bots of the same account hold, in money units."""
    if not others:
        return 0
    instruments = latest_instruments(bot.source, bot.category, [row.symbol for row in others])
    return sum(_margin(row, instruments[row.symbol]) for row in others if row.symbol in instruments)


def _margin(row: PositionRow, instrument: Instrument) -> int:
    leverage = row.leverage_ppm or PPM
    return -(-instrument.notional_ceil(row.cost) * PPM // leverage)


def unrealised_of(facts: Iterable[SymbolFacts]) -> int:
    """Return what the open positions would gain at the last close, in money units."""
    return sum(
        f.position.unrealised(f.close_ticks, f.instrument)
        for f in facts
        if not f.position.is_flat and f.close_ticks
    )

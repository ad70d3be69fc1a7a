"""One story told twice: to the simulator, and to the compiled account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tests.trading_core.simulator.worlds import OPEN_MS, instrument
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.commands import amend, cancel, place, set_leverage, set_stop
from trading_core.backtest.compiled.layout import Ints, World
from trading_core.backtest.compiled.margin import available
from trading_core.backtest.compiled.tables import new_world
from trading_core.backtest.compiled.walk import advance, stand
from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import plausible_tiers
from trading_core.money import money
from trading_core.plan.jit import kernel
from trading_core.simulator.account import SimAccount
from trading_core.simulator.events import Event, Executed
from trading_core.simulator.ledger import Quotes
from trading_core.simulator.lockstep import Lockstep
from trading_core.simulator.orders import (
    SimOrder,
    StandingOrder,
)
from trading_core.simulator.params import MatchingParams
from trading_core.simulator.refusals import SimRefused
from trading_core.simulator.volume import CandleBar
from trading_core.simulator.walk import CandleTicks

PLACE, AMEND, CANCEL, STOP, LEVERAGE = range(5)
FORCES = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.POST_ONLY)
SYMBOLS = ("AAAUSDT", "BBBUSDT")
MINUTE = 60_000


class Act(NamedTuple):
    """A command: at the open of its minute, or in answer to an event of its symbol's walk."""

    kind: int
    symbol: int
    answer: int
    which: int
    """The order that is amended or cancelled, counted over all orders placed."""
    sign: int
    lots: int
    ticks: int
    reduces: int
    force: int
    stop: int
    slippage: int


class Minute(NamedTuple):
    """What is asked in a minute, and its candles."""

    acts: tuple[Act, ...]
    bars: tuple[tuple[int, int, int, int, int], ...]
    """(open, high, low, close, volume in lots) of each symbol."""


def contracts() -> list[Instrument]:
    """Two contracts with tiers low enough to be met."""
    made = []
    for symbol, limit in zip(SYMBOLS, ("20000", "400000"), strict=True):
        plain = instrument(symbol)
        tiers = plausible_tiers(money(limit), plain.maintenance_ppm, plain.max_leverage)
        values = {name: getattr(plain, name) for name in plain.__slots__} | {"tiers": tiers}
        made.append(Instrument(**values))
    return made


def told_to_the_simulator(story: Sequence[Minute], params: MatchingParams, wallet: int) -> list[object]:
    """Everything that came of it: answers, states of the account, executions, orders."""
    quotes: Quotes = {}
    account = SimAccount(
        {one.symbol: one for one in contracts()}, quotes=quotes, params=params, wallet=wallet
    )
    steps = Lockstep([account], quotes)
    orders: list[StandingOrder | None] = []
    told: list[object] = []
    fills: list[tuple[int, ...]] = []
    for number, minute in enumerate(story):
        open_ms = OPEN_MS + number * MINUTE
        bars = {
            s: CandleBar(CandleTicks(*b[:4]), b[4] / 100) for s, b in zip(SYMBOLS, minute.bars, strict=True)
        }
        steps.begin(bars, open_ms=open_ms, close_ms=open_ms + MINUTE)
        told += [_ask(account, one, orders, fills) for one in minute.acts if not one.answer]
        answers = {s: [a for a in minute.acts if a.answer and a.symbol == s] for s in range(len(SYMBOLS))}
        while (step := steps.advance()) is not None:
            _hear(step.events, orders, fills)
            waiting = answers[SYMBOLS.index(step.symbol)]
            if waiting:
                told.append(_ask(account, waiting.pop(0), orders, fills))
        steps.finish()
        told.append(_state(account))
    return [told, fills, [_order(one) for one in orders]]


def _state(account: SimAccount) -> tuple[object, ...]:
    books = [account.ledger.book(symbol) for symbol in SYMBOLS]
    held = [(b.position.lots, b.position.cost, b.stop_ticks, b.leverage_ppm) for b in books]
    return (account.wallet, account.available, *held, *(b.bounds() for b in books))


def _ask(
    account: SimAccount, one: Act, orders: list[StandingOrder | None], fills: list[tuple[int, ...]]
) -> bool:
    symbol = SYMBOLS[one.symbol]
    if one.kind == PLACE:
        orders.append(None)
    try:
        events = _command(account, one, symbol, len(orders) - 1)
    except SimRefused:
        return False
    _hear(events, orders, fills)
    return True


def _command(account: SimAccount, one: Act, symbol: str, newest: int) -> list[Event]:
    if one.kind == PLACE:
        ticks = None if one.ticks == at.NONE else one.ticks
        order = SimOrder(
            symbol, Side.of(one.sign), one.lots, ticks, link=str(newest), reduce_only=bool(one.reduces),
            time_in_force=TimeInForce.IOC if ticks is None else FORCES[one.force],
            stop_ticks=None if one.stop == at.NONE or one.reduces else one.stop,
            slippage_ticks=None if one.slippage == at.NONE else one.slippage,
        )  # fmt: skip
        return account.place(order)
    if one.kind == AMEND:
        return account.amend(symbol, link=str(one.which), lots=one.lots, ticks=max(1, one.ticks))
    if one.kind == CANCEL:
        return account.cancel(symbol, link=str(one.which))
    if one.kind == STOP:
        return account.set_stop(symbol, max(1, one.stop))
    return account.set_leverage(symbol, one.lots * 1_000_000)


def _hear(events: list[Event], orders: list[StandingOrder | None], fills: list[tuple[int, ...]]) -> None:
    for event in events:
        order = getattr(event, "order", None)
        if order is not None and order.link:
            orders[int(order.link)] = order
        if isinstance(event, Executed):
            row = int(order.link) if order and order.link else _own(event)
            fills.append((
                event.sequence, SYMBOLS.index(event.symbol), event.time_ms, row, event.side.sign, event.ticks,
                event.lots, event.fee, event.gained, int(event.is_maker),
            ))  # fmt: skip


def _own(event: Executed) -> int:
    return at.LIQUIDATED if event.exec_type == "BustTrade" else at.NONE


def _order(one: StandingOrder | None) -> tuple[object, ...]:
    if one is None:
        return ("refused",)
    status = {"Filled": "filled", "Cancelled": "cancelled"}.get(one.status, "open")
    return (status, one.filled, one.lots, at.NONE if one.ticks is None else one.ticks)


def tell(w: World, acts: Ints, bars: Ints, answers: Ints, states: Ints) -> None:
    """The story in tables: acts by (minute, then ``Act``), bars by (minute, symbol), rows of states by minute."""
    place_of = 0
    for number in range(len(bars)):
        open_ms = OPEN_MS + number * MINUTE
        for s in range(2):
            stand(w, s, bars[number, s, 0], bars[number, s, 4], open_ms)
        first = place_of
        while place_of < len(acts) and acts[place_of, 0] == number:
            if acts[place_of, 3] == 0:
                answers[place_of] = ask(w, acts[place_of])
            place_of += 1
        for s in range(2):
            waiting = first
            _, high, low, close, volume = bars[number, s]
            while volume > 0 and advance(w, s, high, low, close, open_ms + MINUTE):
                while waiting < place_of and (acts[waiting, 2] != s or acts[waiting, 3] == 0):
                    waiting += 1
                if waiting < place_of:
                    answers[waiting] = ask(w, acts[waiting])
                    waiting += 1
        for s in range(2):
            stand(w, s, bars[number, s, 3], at.NONE, open_ms + MINUTE)
        note(w, states[number])


@kernel
def ask(w: World, row: Ints) -> int:
    """Carry an act out; 0 if it was refused, else 1."""
    kind, s, which = row[1], row[2], row[4]
    if kind == PLACE:
        made = w.account[at.ORDERS]
        w.account[at.ORDERS] += 1
        order = w.orders[made]
        order[:] = 0
        order[at.SYMBOL], order[at.SIGN], order[at.ASKED] = s, row[5], row[6]
        order[at.TICKS], order[at.REDUCES] = row[7], row[8]
        order[at.FORCE] = at.IOC if row[7] == at.NONE else row[9]
        order[at.ATTACHED] = at.NONE if row[8] else row[10]
        order[at.SLIPPAGE] = row[11]
        return int(place(w, s, made) == at.OK)
    known = which < w.account[at.ORDERS] and w.orders[which, at.SYMBOL] == s
    if kind == AMEND:
        return int(known and amend(w, s, which, row[6], max(1, row[7])) == at.OK)
    if kind == CANCEL:
        return int(known and cancel(w, s, which) == at.OK)
    if kind == STOP:
        return int(set_stop(w, s, max(1, row[10])) == at.OK)
    return int(set_leverage(w, s, row[6] * 1_000_000) == at.OK)


@kernel
def note(w: World, state: Ints) -> None:
    """Write the state of the account down."""
    state[0], state[1] = w.account[at.WALLET], available(w, at.NONE)
    for s in range(2):
        book = w.books[s]
        state[2 + 6 * s], state[3 + 6 * s], state[4 + 6 * s] = book[at.LOTS], book[at.COST], book[at.STOP]
        state[5 + 6 * s], state[6 + 6 * s], state[7 + 6 * s] = (
            book[at.LEVERAGE],
            book[at.FALLS],
            book[at.RISES],
        )


def told_to_the_tables(
    teller: Callable[[World, Ints, Ints, Ints, Ints], None],
    story: Sequence[Minute],
    params: MatchingParams,
    wallet: int,
) -> list[object]:
    """The same of the compiled account."""
    acts = [(number, *act) for number, minute in enumerate(story) for act in minute.acts]
    table = np.array(acts, dtype=np.int64).reshape(len(acts), 12)
    bars = np.array([minute.bars for minute in story], dtype=np.int64)
    w = new_world(contracts(), params, wallet=wallet, orders=len(acts) + 1, executions=40 * len(story) + 100)
    answers, states = np.full(len(acts), at.NONE), np.zeros((len(story), 14), dtype=np.int64)
    teller(w, table, bars, answers, states)
    fills = [
        (number + 1, e[at.E_SYMBOL], e[at.E_TIME], e[at.E_ORDER], e[at.E_SIGN], e[at.E_TICKS], e[at.E_LOTS],
         e[at.E_FEE], e[at.E_GAINED], e[at.E_MAKER])
        for number, e in enumerate(w.executions[: w.account[at.EXECUTIONS]].tolist())
    ]  # fmt: skip
    orders = [_row(row) for row in w.orders[: w.account[at.ORDERS]].tolist()]
    return [_told(story, answers.tolist(), states.tolist()), fills, orders]


def _told(story: Sequence[Minute], answers: list[int], states: list[list[int]]) -> list[object]:
    """Answers and states in the order in which the simulator's teller hears them."""
    told: list[object] = []
    first = 0
    for minute, state in zip(story, states, strict=True):
        here = answers[first : first + len(minute.acts)]
        acts = list(zip(minute.acts, here, strict=True))
        told += [bool(said) for act, said in acts if not act.answer]
        for s in range(len(SYMBOLS)):
            told += [bool(said) for act, said in acts if act.answer and act.symbol == s and said != at.NONE]
        first += len(minute.acts)
        told.append(_seen(state))
    return told


def _seen(state: list[int]) -> tuple[object, ...]:
    books = [state[2:8], state[8:14]]
    held = [(lots, cost, None if stop == at.NONE else stop, lev) for lots, cost, stop, lev, _, _ in books]
    return (*state[:2], *held, *((falls, rises) for *_, falls, rises in books))


def _row(row: list[int]) -> tuple[object, ...]:
    if row[at.STATE] == at.REJECTED:
        return ("refused",)
    status = {at.FILLED_UP: "filled", at.CANCELLED: "cancelled"}.get(row[at.STATE], "open")
    return (status, row[at.FILLED], row[at.SIZE], row[at.TICKS])

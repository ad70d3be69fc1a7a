"""What a compiled run came to, as the records of a result; each is made when it is asked for."""

from __future__ import annotations

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.run import CompiledRun
from trading_core.backtest.journal import NOT_SENT
from trading_core.execution.intent import ExitReason
from trading_core.execution.order import OrderState, Role, Side
from trading_core.performance.ledger import ExecutionRecord, OrderRecord, closing_reason
from trading_core.simulator.orders import CancelReason
from trading_core.simulator.refusals import MESSAGES, Refusal

ROLES = (Role.AVERAGE, Role.ENTRY, Role.EXIT, Role.STOP, Role.TAKE_PROFIT)
STATES = (
    NOT_SENT, OrderState.ACCEPTED.value, OrderState.FILLED.value, OrderState.CANCELLED.value,
    OrderState.REJECTED.value,
)  # fmt: skip
EXITS = ("", ExitReason.RULE.value, ExitReason.TIME.value)


def executions_of(run: CompiledRun) -> list[ExecutionRecord]:
    """The executions in the venue's order."""
    orders = run.world.orders
    made = []
    for number, row in enumerate(run.world.executions[: run.world.account[at.EXECUTIONS]].tolist(), 1):
        order = row[at.E_ORDER]
        role, leg = Role.STOP, 0
        if order >= 0:
            role, leg = ROLES[orders[order, at.ROLE]], int(orders[order, at.LEG])
        made.append(ExecutionRecord(
            symbol=run.symbols[row[at.E_SYMBOL]], time_ms=row[at.E_TIME], sequence=number, trade=row[at.E_TRADE],
            role=role, leg=leg, side=Side.of(row[at.E_SIGN]), ticks=row[at.E_TICKS], lots=row[at.E_LOTS],
            fee=row[at.E_FEE], gained=row[at.E_GAINED], is_maker=bool(row[at.E_MAKER]),
            reason=closing_reason(role, EXITS[row[at.E_WHY]], liquidated=order == at.LIQUIDATED)
            if row[at.E_CLOSED] else "",
        ))  # fmt: skip
    return made


def orders_of(run: CompiledRun) -> list[OrderRecord]:
    """The orders as the bot's journal has them."""
    table = run.world.orders[: run.world.account[at.ORDERS]]
    rows = table[((table[:, at.BATCH] * 4) + table[:, at.PRIORITY]).argsort(kind="stable")].tolist()
    return [
        OrderRecord(
            symbol=run.symbols[row[at.SYMBOL]], trade=row[at.OF_TRADE], role=ROLES[row[at.ROLE]],
            leg=row[at.LEG], revision=row[at.REVISION], side=Side.of(row[at.SIGN]),
            ticks=None if row[at.TICKS] == at.NONE else row[at.TICKS], lots=row[at.ASKED],
            filled=row[at.FILLED], reduce_only=bool(row[at.REDUCES]), state=STATES[row[at.STATE]],
            decided_ms=row[at.DECIDED], reason=str(row[at.REASON]),
        )
        for row in rows
    ]  # fmt: skip

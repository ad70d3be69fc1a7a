"""The journal of a backtest: what the live path keeps in rows, kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trading_core.execution.execution import Execution
from trading_core.execution.intent import Intent
from trading_core.execution.order import EndedOrder, OpenOrder, OrderState
from trading_core.execution.position import Position, apply
from trading_core.market.instrument import Instrument
from trading_core.performance.ledger import ExecutionRecord, FundingRecord, OrderRecord, closing_reason
from trading_core.plan.state import PlanState

NOT_SENT = "not_sent"
"""State of an order that the end of the data left unsent."""


@dataclass(slots=True)
class JournalOrder:
    """One order of ours, whatever happens to it."""

    intent: Intent
    decided_ms: int
    lots: int
    ticks: int | None
    filled: int = 0
    state: OrderState = OrderState.PLANNED
    requests: int = 0
    """Requests concerning it that are not carried out yet."""
    reason: str = ""

    def as_open(self) -> OpenOrder:
        """The order as the kernel sees it while it may execute."""
        i = self.intent
        return OpenOrder(
            i.trade, i.role, i.leg, i.revision, i.side, self.lots, self.filled, self.ticks, i.reduce_only,
            busy=self.requests > 0,
        )  # fmt: skip

    def as_ended(self) -> EndedOrder:
        """The order as the kernel sees it once nothing can follow."""
        i = self.intent
        return EndedOrder(i.trade, i.role, i.leg, i.revision, self.state, self.filled)

    def as_record(self) -> OrderRecord:
        """The order for the result."""
        i = self.intent
        sent = self.state is not OrderState.PLANNED
        return OrderRecord(
            i.symbol, i.trade, i.role, i.leg, i.revision, i.side, self.ticks, self.lots, self.filled,
            i.reduce_only, self.state.value if sent else NOT_SENT, self.decided_ms, self.reason, i.stop_ticks,
        )  # fmt: skip


@dataclass(slots=True)
class SymbolBook:
    """Everything kept of one symbol."""

    instrument: Instrument
    plan: PlanState = field(default_factory=PlanState)
    position: Position = field(default_factory=Position)
    stop_ticks: int | None = None
    leverage_ppm: int = 0
    stop_requests: int = 0
    open: dict[str, JournalOrder] = field(default_factory=dict)
    """By link, in order of planning."""
    ended: list[EndedOrder] = field(default_factory=list)
    """Of the current trade only."""


class Journal:
    """Orders, executions and positions of one run; the sums are its own, not the simulator's."""

    def __init__(self, instruments: dict[str, Instrument], *, wallet: int) -> None:
        self.wallet = wallet
        self.books = {symbol: SymbolBook(instrument) for symbol, instrument in instruments.items()}
        self.orders: list[JournalOrder] = []
        self.executions: list[ExecutionRecord] = []
        self.fundings: list[FundingRecord] = []

    def plan_order(self, link: str, intent: Intent, *, decided_ms: int) -> None:
        """Write a new order down before it is placed."""
        order = JournalOrder(intent, decided_ms, intent.lots, intent.ticks)
        self.orders.append(order)
        self.books[intent.symbol].open[link] = order

    def adopt(self, symbol: str, plan: PlanState) -> None:
        """Take over a symbol's new plan; a new trade forgets the orders of the one before."""
        book = self.books[symbol]
        if plan.trade != book.plan.trade:
            book.ended.clear()
        book.plan = plan

    def end_order(self, symbol: str, link: str, state: OrderState, *, reason: str = "") -> None:
        """Note that an order of ours is final; one of the venue's own is ignored."""
        book = self.books[symbol]
        order = book.open.pop(link, None)
        if order is not None:
            order.state, order.reason = state, reason
            book.ended.append(order.as_ended())

    def book_funding(self, record: FundingRecord) -> None:
        """Take a payment from the wallet; it counts among what the position has cost."""
        book = self.books[record.symbol]
        book.position = replace(book.position, fees=book.position.fees + record.paid)
        self.wallet -= record.paid
        self.fundings.append(record)

    def book_execution(
        self, execution: Execution, *, gained: int, liquidated: bool = False, market_ticks: int = 0
    ) -> None:
        """Net an execution into position and wallet."""
        book = self.books[execution.symbol]
        order = book.open.get(execution.link)
        if order is not None:
            order.filled += execution.lots
        reduces = book.position.lots * execution.side.sign < 0
        book.position = apply(
            book.position,
            side=execution.side,
            ticks=execution.ticks,
            lots=execution.lots,
            fee=execution.fee,
            instrument=book.instrument,
        )
        self.wallet += gained - execution.fee
        self.executions.append(
            ExecutionRecord(
                symbol=execution.symbol,
                time_ms=execution.time_ms,
                sequence=execution.sequence,
                trade=book.plan.trade,
                role=execution.role,
                leg=order.intent.leg if order else 0,
                side=execution.side,
                ticks=execution.ticks,
                lots=execution.lots,
                fee=execution.fee,
                gained=gained,
                is_maker=execution.is_maker,
                reason=closing_reason(
                    execution.role,
                    book.plan.exit_reason,
                    liquidated=liquidated,
                    tightened_by=book.plan.tightened_by,
                )
                if reduces
                else "",
                market_ticks=market_ticks,
            )
        )


def link_of(intent: Intent) -> str:
    """The name of the order an intent concerns; unique within a run."""
    return f"{intent.symbol}-{intent.trade}-{intent.role.value}-{intent.leg}-{intent.revision}"

"""What a compiled run came to, as the records of a result: columns that become records when one is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import overload

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.details import EXITS, OUTCOMES, Notes, told
from trading_core.backtest.compiled.run import CompiledRun
from trading_core.backtest.compiled.words import reason_of
from trading_core.backtest.journal import NOT_SENT
from trading_core.backtest.result import Played
from trading_core.execution.intent import ExitReason
from trading_core.execution.order import OrderState, Role, Side
from trading_core.market.timeframe import MINUTE_MS
from trading_core.performance.columns import ROLES as COLUMN_ROLES
from trading_core.performance.columns import Equity, Executions
from trading_core.performance.ledger import DecisionRecord, FundingRecord, OrderRecord

ROLES = (Role.AVERAGE, Role.ENTRY, Role.EXIT, Role.STOP, Role.TAKE_PROFIT)
STATES = (
    NOT_SENT, OrderState.ACCEPTED.value, OrderState.FILLED.value, OrderState.CANCELLED.value,
    OrderState.REJECTED.value,
)  # fmt: skip

_PLACE_OF_ROLE = np.array([COLUMN_ROLES.index(role) for role in ROLES])
_STOP_ROLE = COLUMN_ROLES.index(Role.STOP)
_TARGET_ROLE = COLUMN_ROLES.index(Role.TAKE_PROFIT)
_REASONS = (
    "", ExitReason.LIQUIDATION.value, ExitReason.TAKE_PROFIT.value, ExitReason.STOP.value,
    ExitReason.EXTERNAL.value, *EXITS[1:],
)  # fmt: skip
_LIQUIDATION, _TARGET, _STOP, _OTHERS = 1, 2, 3, 4


def executions_of(run: CompiledRun) -> Executions:
    """The executions in the venue's order."""
    table = run.world.executions[: run.world.account[at.EXECUTIONS]]
    funded = table[:, at.E_ORDER] == at.FUNDED
    table = table[~funded] if funded.any() else table
    order = table[:, at.E_ORDER]
    placed, orders = np.maximum(order, 0), run.world.orders
    role = np.where(order >= 0, _PLACE_OF_ROLE[orders[placed, at.ROLE]], _STOP_ROLE)
    reason = _OTHERS + table[:, at.E_WHY]
    reason[role == _TARGET_ROLE] = _TARGET
    reason[(role == _STOP_ROLE) & (table[:, at.E_WHY] == 0)] = _STOP
    reason[order == at.LIQUIDATED] = _LIQUIDATION
    reason[table[:, at.E_CLOSED] == 0] = 0
    kinds, firsts = np.unique(table[:, at.E_SYMBOL], return_index=True)
    seen = kinds[firsts.argsort()]  # in order of appearance, as columns made of records have them
    return Executions(
        symbols=tuple(run.symbols[s] for s in seen), reasons=_REASONS,
        symbol=seen.argsort()[np.searchsorted(kinds, table[:, at.E_SYMBOL])],
        time_ms=table[:, at.E_TIME], sequence=table[:, at.E_SEQUENCE], trade=table[:, at.E_TRADE],
        role=role, leg=np.where(order >= 0, orders[placed, at.LEG], 0), sign=table[:, at.E_SIGN],
        ticks=table[:, at.E_TICKS], lots=table[:, at.E_LOTS], fee=table[:, at.E_FEE],
        gained=table[:, at.E_GAINED], is_maker=table[:, at.E_MAKER] != 0, reason=reason,
        market_ticks=table[:, at.E_MARKET],
    )  # fmt: skip


def fundings_of(run: CompiledRun) -> list[FundingRecord]:
    """The funding payments in order."""
    table = run.world.executions[: run.world.account[at.EXECUTIONS]]
    return [
        FundingRecord(
            run.symbols[row[at.E_SYMBOL]], row[at.E_TIME], row[at.E_SEQUENCE], row[at.E_LOTS], row[at.E_TICKS],
            row[at.E_GAINED], row[at.E_FEE],
        )
        for row in table[table[:, at.E_ORDER] == at.FUNDED].tolist()
    ]  # fmt: skip


def equity_of(run: CompiledRun) -> Equity:
    """Wallet and unrealised profit at the closes that were decided."""
    rows = run.decided
    return Equity(run.tape.times[rows] + MINUTE_MS, run.outcome.wallets[rows], run.outcome.gains[rows])


class Orders(Sequence[OrderRecord]):
    """The orders as the bot's journal has them, in order of planning."""

    def __init__(self, run: CompiledRun) -> None:
        table = run.world.orders[: run.world.account[at.ORDERS]]
        self._run = run
        self._table, self._order = table, np.lexsort((table[:, at.PRIORITY], table[:, at.BATCH]))

    def __len__(self) -> int:
        """How many were planned."""
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> OrderRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[OrderRecord]: ...
    def __getitem__(self, index: int | slice) -> OrderRecord | list[OrderRecord]:
        """One record, or those of a slice."""
        if isinstance(index, slice):
            return [self._record(row) for row in self._table[self._order[index]].tolist()]
        return self._record(self._table[self._order[index]].tolist())

    def _record(self, row: list[int]) -> OrderRecord:
        symbol = self._run.symbols[row[at.SYMBOL]]
        return OrderRecord(
            symbol, row[at.OF_TRADE], ROLES[row[at.ROLE]], row[at.LEG], row[at.REVISION], Side.of(row[at.SIGN]),
            None if row[at.TICKS] == at.NONE else row[at.TICKS], row[at.ASKED], row[at.FILLED],
            bool(row[at.REDUCES]), STATES[row[at.STATE]], row[at.DECIDED],
            reason_of(row, self._run.instruments[symbol]),
            None if row[at.ATTACHED] == at.NONE else row[at.ATTACHED],
        )  # fmt: skip


class Decisions(Sequence[DecisionRecord]):
    """One outcome for each close and symbol, rising in time."""

    def __init__(self, run: CompiledRun) -> None:
        self._run = run
        self._notes = Notes(run)
        self.codes = run.outcome.codes[:, run.decided]
        """[symbol, close]: places in ``OUTCOMES``."""

    def __len__(self) -> int:
        """Closes times symbols."""
        return int(self.codes.size)

    @overload
    def __getitem__(self, index: int) -> DecisionRecord: ...
    @overload
    def __getitem__(self, index: slice) -> list[DecisionRecord]: ...
    def __getitem__(self, index: int | slice) -> DecisionRecord | list[DecisionRecord]:
        """One record, or those of a slice."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        close, s = divmod(range(len(self))[index], len(self._run.symbols))
        return self._record(s, int(self._run.closing[close]))

    def of_code(self, code: str) -> list[DecisionRecord]:
        """The outcomes of one code, rising in time."""
        codes = [k for k, name in enumerate(OUTCOMES) if name == code]
        closes, symbols = np.nonzero(np.isin(self.codes.T, codes))
        rows = self._run.closing[closes].tolist()
        return [self._record(s, minute) for s, minute in zip(symbols.tolist(), rows, strict=True)]

    def counts(self) -> Counter[str]:
        """How many closes came to what."""
        counts = np.bincount(self.codes.ravel(), minlength=len(OUTCOMES)).tolist()
        found: Counter[str] = Counter()
        for code, count in zip(OUTCOMES, counts, strict=True):
            found[code] += count
        return +found

    def leaves_of(self, codes: frozenset[str]) -> Counter[str]:
        """How often each answer of the conditions stood behind these outcomes, where there was one."""
        wanted = np.isin(self.codes, [k for k, code in enumerate(OUTCOMES) if code in codes])
        found: Counter[str] = Counter()
        for s, leaves in enumerate(self._run.reel.leaves):
            found.update(leaves.counts(self._run.closing[wanted[s]]))
        return found

    def _record(self, s: int, minute: int) -> DecisionRecord:
        run, symbol = self._run, self._run.symbols[s]
        code = int(run.outcome.codes[s, minute])
        details = told(run, self._notes.row(s, minute), s, minute, code)
        close_ms = int(run.tape.times[minute]) + MINUTE_MS
        return DecisionRecord(symbol, close_ms, OUTCOMES[code], run.reel.leaves[s][minute], details)


def played_of(run: CompiledRun) -> Played:
    """The whole run as a result takes it."""
    desk, times = run.bot.desk, run.tape.times
    return Played(
        document=run.document,
        instruments=run.instruments,
        start_ms=int(times[0]),
        end_ms=int(times[-1]) + MINUTE_MS,
        candles=len(times),
        decisions=Decisions(run),
        orders=Orders(run),
        executions=executions_of(run),
        equity=equity_of(run),
        wallet=int(run.world.account[at.WALLET]),
        fundings=fundings_of(run),
        minutes={symbol: run.reel.minutes(s) for s, symbol in enumerate(run.symbols)},
        touched=int(desk[on.TOUCHED]),
        ambiguous=int(desk[on.AMBIGUOUS]),
        funding=run.reel.settlements.funding_told(),
        judged_by=run.reel.settlements.judge_told(),
        stops=_stops(run),
        engine="compiled",
    )


def _stops(run: CompiledRun) -> dict[tuple[str, int], int]:
    """The stop attached to each trade's first entry order."""
    table = run.world.orders[: run.world.account[at.ORDERS]]
    first = (
        (table[:, at.ROLE] == on.ENTRY) & (table[:, at.REVISION] == 0) & (table[:, at.ATTACHED] != at.NONE)
    )
    rows = table[first][:, [at.SYMBOL, at.OF_TRADE, at.ATTACHED]].tolist()
    return {(run.symbols[s], trade): stop for s, trade, stop in rows}

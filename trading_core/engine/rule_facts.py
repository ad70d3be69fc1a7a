"""What the rules may ask about the bot itself, taken from a snapshot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from trading_core.engine.snapshot import Snapshot, SymbolFacts
from trading_core.execution.order import EndedOrder, OpenOrder, Role
from trading_core.market.timeframe import Timeframe
from trading_core.money import MONEY_SCALE
from trading_core.rules.facts import Facts, complete, fact_text
from trading_core.rules.model import Combined, Fact, Operand, RuleSet, number, operands

DAY_MS = Timeframe.D1.ms


class EquityAt(Protocol):
    """Equity of an account at a close."""

    @property
    def close_ms(self) -> int:
        """The close."""

    @property
    def equity(self) -> int:
        """Money units."""


def facts_by_symbol(snapshot: Snapshot) -> dict[str, Facts]:
    """What a bot knows of itself at a close: its position in each symbol, its portfolio over all.

    All of it is as the close found it, before anything is decided.
    """
    gained, base = day_gain(snapshot)
    nothing = Facts(
        position_pnl_pct=None,
        position_age=None,
        position_legs=None,
        open_positions=sum(not one.position.is_flat for one in snapshot.symbols.values()),
        day_pnl=gained / MONEY_SCALE,
        day_pnl_pct=100 * gained / base if base > 0 else None,
    )
    return {symbol: _position(snapshot, facts, nothing) for symbol, facts in snapshot.symbols.items()}


def _position(snapshot: Snapshot, facts: SymbolFacts, portfolio: Facts) -> Facts:
    if facts.position.is_flat or facts.plan.is_flat:
        return portfolio
    return replace(
        portfolio,
        position_pnl_pct=_pnl_pct(facts),
        position_age=_age(snapshot, facts),
        position_legs=_legs(facts),
    )


def completed(snapshot: Snapshot, known: Mapping[str, Facts]) -> Snapshot:
    """The snapshot with every verdict's conditions about position and portfolio answered."""
    rules = snapshot.document.rules
    symbols = {
        symbol: facts
        if facts.verdict is None
        else replace(facts, verdict=complete(rules, facts.verdict, known[symbol]))
        for symbol, facts in snapshot.symbols.items()
    }
    return replace(snapshot, symbols=symbols)


def asked_facts(rules: RuleSet) -> tuple[Fact, ...]:
    """The facts these rules ask for, each once, sorted by their text."""
    found: set[Fact] = set()
    for condition in rules.conditions:
        found |= {fact for operand in operands(condition) for fact in _facts(operand)}
    return tuple(sorted(found, key=fact_text))


def used_numbers(asked: Iterable[Fact], facts: Facts) -> dict[str, str]:
    """The facts asked for as text; one that there is not is left out.

    Read back with ``float`` they are the very numbers that were compared.
    """
    told = {fact_text(fact): facts.value(fact) for fact in asked}
    return {text: repr(number(value)) for text, value in told.items() if value is not None}


def numbers_told(details: Mapping[str, Any]) -> dict[str, float]:
    """The facts an outcome was decided with, from its details; nothing where its rules asked for none."""
    return {text: float(value) for text, value in details.get("facts", {}).items()}


def day_start(close_ms: int) -> int:
    """The 00:00 UTC that began the market day a close lies in; a close at 00:00 begins one."""
    return close_ms - close_ms % DAY_MS


def day_start_equity(points: Sequence[EquityAt], close_ms: int) -> int | None:
    """The equity the market day began with: at the last close at or before 00:00, else at the first one.

    ``points`` are those before ``close_ms``, rising in time. None if there are none.
    """
    if not points:
        return None
    place = bisect_right(points, day_start(close_ms), key=lambda point: point.close_ms)
    return points[max(0, place - 1)].equity


def day_gain(snapshot: Snapshot) -> tuple[int, int]:
    """What equity gained since the market day began, and the equity then, in money units."""
    base = snapshot.day_start_equity
    if base is None or snapshot.close_ms == day_start(snapshot.close_ms):
        return 0, snapshot.equity
    return snapshot.equity - base, base


def _pnl_pct(facts: SymbolFacts) -> float | None:
    position = facts.position
    if not facts.close_ticks:
        return None
    worth = facts.close_ticks * abs(position.lots)
    direction = 1 if position.lots > 0 else -1
    return 100 * direction * (worth - position.cost) / position.cost


def _age(snapshot: Snapshot, facts: SymbolFacts) -> int:
    opened_ms = facts.plan.opened_ms or snapshot.close_ms
    return (snapshot.close_ms - opened_ms) // snapshot.document.timeframe.ms


def _legs(facts: SymbolFacts) -> int:
    orders: list[OpenOrder | EndedOrder] = [*facts.orders, *facts.ended]
    trade = facts.plan.trade
    return len({o.leg for o in orders if o.trade == trade and o.role is Role.AVERAGE and o.filled})


def _facts(operand: Operand) -> set[Fact]:
    if isinstance(operand, Combined):
        return _facts(operand.left) | _facts(operand.right)
    return {operand} if isinstance(operand, Fact) else set()

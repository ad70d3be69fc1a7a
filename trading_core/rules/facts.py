"""What a bot knows of itself, filled into a verdict that was computed for everyone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trading_core.rules import truth as t
from trading_core.rules.fold import SIGNED, fold, leaves_of
from trading_core.rules.model import (
    PORTFOLIO_FACTS,
    POSITION_FACTS,
    Arithmetic,
    Combined,
    Compare,
    Condition,
    Constant,
    Fact,
    Operand,
    Range,
    RuleSet,
    asks_facts,
    operands,
)
from trading_core.rules.verdict import Verdict, pack_truths


@dataclass(frozen=True, slots=True)
class Facts:
    """A bot's position in one symbol and its portfolio at a close; None where there is no such number."""

    position_pnl_pct: float | None
    """Unrealised percent of the entry value, before fees."""
    position_age: int | None
    """Closed candles of the bot's timeframe since the position opened."""
    position_legs: int | None
    """Averaging legs filled."""
    open_positions: int
    day_pnl: float
    """In the settle coin since 00:00 UTC."""
    day_pnl_pct: float | None
    """Percent of the equity then."""

    def value(self, fact: Fact) -> float | None:
        """The number an operand asks for."""
        name = fact.field if fact.scope == "portfolio" else f"position_{fact.field}"
        found = getattr(self, name)
        return None if found is None else float(found)

    def numbers(self) -> dict[str, float]:
        """The numbers there are, by the text of their operand."""
        asked = [Fact("position", name) for name in POSITION_FACTS]
        asked += [Fact("portfolio", name) for name in PORTFOLIO_FACTS]
        told = {fact_text(fact): self.value(fact) for fact in asked}
        return {text: value for text, value in told.items() if value is not None}


def fact_text(fact: Fact) -> str:
    """The text of such an operand: ``position.pnl_pct``."""
    return f"{fact.scope}.{fact.field}"


def complete(rules: RuleSet, verdict: Verdict, facts: Facts) -> Verdict:
    """Return the verdict with the conditions about the bot itself answered, and its trees folded again.

    Rules that ask nothing of the kind get their verdict back as it is.
    """
    if not rules.needs_facts:
        return verdict
    leaves = leaves_of(rules, verdict)
    numbers = facts.numbers()
    for index, condition in enumerate(rules.conditions):
        if asks_facts(condition):
            leaves[index] = fact_truth(condition, numbers)
    said = {name: int(truths[0]) for name, truths in fold(rules, leaves).items()}
    return replace(verdict, **said, leaves=pack_truths(leaves[:, 0].tolist()))


def fact_truth(condition: Condition, numbers: Mapping[str, float]) -> int:
    """Return what a condition about the bot itself says (1, 0, -1), given the numbers by their text."""
    left, *others = (np.array([fact_number(operand, numbers)]) for operand in operands(condition))
    if isinstance(condition, Range):
        return int(SIGNED[t.ranged(condition.op, left, *others)][0])
    assert isinstance(condition, Compare)
    return int(SIGNED[t.compared(condition.op, left, *others)][0])


def fact_number(operand: Operand, numbers: Mapping[str, float]) -> float:
    """The number of an operand made of facts and constants; NaN where a fact is missing."""
    if isinstance(operand, Constant):
        return operand.value
    if isinstance(operand, Fact):
        return numbers.get(fact_text(operand), np.nan)
    assert isinstance(operand, Combined)
    left, right = fact_number(operand.left, numbers), fact_number(operand.right, numbers)
    with np.errstate(all="ignore"):
        value = float(DO[operand.operation](left, right))
    return value if np.isfinite(value) else np.nan


DO: Mapping[Arithmetic, np.ufunc] = {
    Arithmetic.ADD: np.add,
    Arithmetic.SUB: np.subtract,
    Arithmetic.MUL: np.multiply,
    Arithmetic.DIV: np.true_divide,
}

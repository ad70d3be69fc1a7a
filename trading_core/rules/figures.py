"""Which contracts a rule-set looks at."""

from __future__ import annotations

from trading_core.rules.model import RuleSet, operands
from trading_core.rules.operands import Price, Ticker, Value, atoms
from trading_core.rules.requirements import TURNOVER


def ticker_symbols(rules: RuleSet, symbol: str) -> frozenset[str]:
    """The symbols whose tickers the rules need when they are asked about ``symbol``.

    The turnover of a day is summed from candles and needs none.
    """
    return frozenset(
        atom.symbol or symbol
        for condition in rules.conditions
        for operand in operands(condition)
        for atom in atoms(operand)
        if isinstance(atom, Ticker) and atom.field != TURNOVER
    )


def symbols_named(rules: RuleSet) -> frozenset[str]:
    """The symbols the rules name, whichever they are asked about."""
    return frozenset(
        atom.symbol
        for condition in rules.conditions
        for operand in operands(condition)
        for atom in atoms(operand)
        if isinstance(atom, (Price, Value, Ticker)) and atom.symbol is not None
    )

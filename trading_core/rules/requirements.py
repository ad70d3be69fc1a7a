"""How far back a rule-set looks: which candles must be loaded for a value to be the true one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trading_core.errors import RulesInvalid
from trading_core.indicators.anchor import block_start, history
from trading_core.indicators.catalog import CATALOG
from trading_core.market.timeframe import MINUTE_MS, Timeframe
from trading_core.rules.limits import MAX_LOOKBACK, MAX_MINUTES
from trading_core.rules.model import (
    Compare,
    Condition,
    Count,
    Node,
    Range,
    RuleSet,
    Trend,
    children,
    conditions,
    operands,
)
from trading_core.rules.moving import DAY
from trading_core.rules.operands import (
    Change,
    Clock,
    Combined,
    Constant,
    Fact,
    Operand,
    Percentile,
    Price,
    Session,
    Slope,
    Ticker,
    Value,
    atoms,
)

BASE = Timeframe.M1
"""The candles that are stored, and of which a day's turnover is the sum."""

TURNOVER = "turnover_24h"

WORST_CLOSE_MS = 256 * 1440 * 100 * MINUTE_MS
"""A close at which a block of every timeframe ends: there a value reaches back farthest."""


class Grid(NamedTuple):
    """The candles an operand lives on; symbol None is the bot's own."""

    symbol: str | None
    timeframe: Timeframe


Needs = dict[Grid, int]
"""For each series the open time (ms) of the earliest candle needed."""


def grid_of(operand: Operand, home: Grid) -> Grid | None:
    """The grid of an operand; None for a number. What differs in series lives on ``home``.

    So does what has a value at any moment: figures of the contract and the clock.
    """
    if isinstance(operand, (Constant, Fact)):
        return None
    if isinstance(operand, (Ticker, Clock, Session)):
        return home
    if isinstance(operand, (Price, Value)):
        return Grid(operand.symbol or home.symbol, operand.timeframe or home.timeframe)
    if isinstance(operand, (Change, Slope, Percentile)):
        return grid_of(operand.of, home)
    grids = {grid_of(operand.left, home), grid_of(operand.right, home)} - {None}
    if not grids:
        return None
    return grids.pop() if len(grids) == 1 else home


def lookback(node: Node) -> int:
    """Closes of the bot's timeframe before this one that a node can depend on."""
    if isinstance(node, Compare):
        return 1 if node.op.startswith("crosses") else 0
    if isinstance(node, (Range, Trend)):
        return 0
    below = max(lookback(child) for child in children(node))
    return below + node.n - 1 if isinstance(node, Count) else below


def needs(rules: RuleSet, *, timeframe: Timeframe, close_ms: int) -> Needs:
    """For each series the earliest candle the verdict at that close depends on."""
    earliest: Needs = {}
    for _, tree in rules.trees():
        if tree is not None:
            _need_tree(tree, timeframe, close_ms, earliest)
    return earliest


def requirements(rules: RuleSet, *, symbol: str, timeframe: Timeframe) -> dict[tuple[str, Timeframe], int]:
    """For each series the most candles, back from any close, that a verdict depends on."""
    found = needs(rules, timeframe=timeframe, close_ms=WORST_CLOSE_MS)
    found.setdefault(Grid(None, timeframe), WORST_CLOSE_MS - timeframe.ms)
    counts: dict[tuple[str, Timeframe], int] = {}
    for grid, open_ms in found.items():
        key = (grid.symbol or symbol, grid.timeframe)
        counts[key] = max(counts.get(key, 0), (WORST_CLOSE_MS - open_ms) // grid.timeframe.ms)
    return counts


def frame_start(rules: RuleSet, *, symbol: str, timeframe: Timeframe, close_ms: int) -> int:
    """Open time (ms) of the earliest base candle, of any symbol, needed for the true verdict.

    Candles loaded from there on give, at that close, the very bits that the whole history gives.
    """
    del symbol  # every symbol's candles are loaded from the same instant
    found = needs(rules, timeframe=timeframe, close_ms=close_ms)
    return min(found.values(), default=close_ms - timeframe.ms)


def check_timeframe(rules: RuleSet, timeframe: Timeframe) -> None:
    """Raise RulesInvalid if a bot of that timeframe can't use the rules."""
    for name, tree in rules.trees():
        if tree is not None:
            check_reach(tree, name, timeframe)


def check_reach(tree: Node, path: str, timeframe: Timeframe = Timeframe.M1) -> None:
    """Raise RulesInvalid if a tree looks back too far or at candles shorter than the bot's."""
    back = lookback(tree)
    if back > MAX_LOOKBACK:
        raise RulesInvalid(path, f"expected to look back at most {MAX_LOOKBACK} closes, looks back {back}")
    earliest: Needs = {}
    _need_tree(tree, timeframe, WORST_CLOSE_MS, earliest)
    for condition in conditions(tree):
        for named in _timeframes(condition):
            if named.ms < timeframe.ms:
                raise RulesInvalid(path, f"expected timeframes of {timeframe} or more, has {named}")
    for grid, open_ms in earliest.items():
        minutes = (WORST_CLOSE_MS - open_ms) // MINUTE_MS
        if minutes > MAX_MINUTES:
            days = MAX_MINUTES // 1440
            raise RulesInvalid(
                path,
                f"expected to need at most {days} days of candles, needs {minutes // 1440} on {grid.timeframe}",
            )


def _timeframes(condition: Condition) -> Iterator[Timeframe]:
    """The timeframes a condition names."""
    for operand in operands(condition):
        for atom in atoms(operand):
            if isinstance(atom, (Price, Value)) and atom.timeframe is not None:
                yield atom.timeframe


def _need_tree(tree: Node, timeframe: Timeframe, close_ms: int, earliest: Needs) -> None:
    home = Grid(None, timeframe)
    for condition, back in _reaching(tree, 0):
        first_close = close_ms - back * timeframe.ms
        for operand in operands(condition):
            grid = grid_of(operand, home)
            if grid is not None:
                number = first_close // grid.timeframe.ms - 1
                steps = condition.n if isinstance(condition, Trend) else 0
                _need(operand, home, grid, number - steps, earliest)


def _reaching(node: Node, back: int) -> Iterator[tuple[Condition, int]]:
    """The conditions with the closes that each is asked back."""
    if isinstance(node, (Compare, Range, Trend)):
        yield node, back + lookback(node)
        return
    more = node.n - 1 if isinstance(node, Count) else 0
    for child in children(node):
        yield from _reaching(child, back + more)


def _need(operand: Operand, home: Grid, grid: Grid, number: int, earliest: Needs) -> None:
    """Note what the value of an operand needs at a candle number of its grid."""
    if isinstance(operand, Price):
        _note(grid, number - operand.offset, earliest)
    elif isinstance(operand, Value):
        _need_value(operand, grid, number - operand.offset, earliest)
    elif isinstance(operand, Change):
        _need(operand.of, home, grid, number - operand.n, earliest)
    elif isinstance(operand, (Slope, Percentile)):
        _need(operand.of, home, grid, number - operand.n + 1, earliest)
    elif isinstance(operand, (Ticker, Clock, Session)):
        _need_moment(operand, grid, number, earliest)
    elif isinstance(operand, Combined):
        _note(grid, number, earliest)
        for part in (operand.left, operand.right):
            own = grid_of(part, home)
            if own is not None:
                close = (number + 1) * grid.timeframe.ms
                _need(part, home, own, close // own.timeframe.ms - 1, earliest)


def _need_moment(operand: Ticker | Clock | Session, grid: Grid, number: int, earliest: Needs) -> None:
    _note(grid, number, earliest)
    if isinstance(operand, Ticker) and operand.field == TURNOVER:
        last = (number + 1) * grid.timeframe.ms // BASE.ms - 1
        _note(Grid(operand.symbol or grid.symbol, BASE), last - DAY + 1, earliest)


def _need_value(value: Value, grid: Grid, number: int, earliest: Needs) -> None:
    start = value_start(value, grid.timeframe, number)
    if value.source is None:
        _note(grid, start, earliest)
    else:
        _need(value.source, grid, grid, start, earliest)


def value_start(value: Value, timeframe: Timeframe, number: int) -> int:
    """The candle number from which an indicator's inputs are needed for its value at ``number``."""
    indicator = CATALOG[value.indicator]
    back = history(indicator, dict(value.params))
    return (number if indicator.memory is None else block_start(number, timeframe)) - back


def _note(grid: Grid, number: int, earliest: Needs) -> None:
    open_ms = number * grid.timeframe.ms
    earliest[grid] = min(earliest.get(grid, open_ms), open_ms)

"""What a rule-set costs at a close, before it is ever asked.

The cost of a series is its weight times the candles it is run over; each distinct series counts once, as
each is computed once. A weight counts steps of about ten nanoseconds, as measured with
``python -m benchmarks indicators``: two for each output of an indicator, and for those that go through a
window again at every candle a part of its length. A condition costs a fixed number of steps and some for
each close it is asked at. All is reckoned for bots on 1m and a close at the end of a block of candles,
where most are needed, with nothing kept from the close before: what it really takes is less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.market.timeframe import Timeframe
from trading_core.rules.limits import MAX_COST
from trading_core.rules.model import Compare, Condition, Range, RuleSet, Trend, operands
from trading_core.rules.operands import Change, Combined, Operand, Percentile, Slope, Value
from trading_core.rules.places import placed
from trading_core.rules.requirements import WORST_CLOSE_MS, Grid, grid_of, lookback, value_start
from trading_core.rules.text import operand_text

_OUTPUT = 2.0
_CONDITION = 500.0
_CLOSE = 2.0
_COMPUTED = 1.0
_WINDOW: Mapping[str, float] = MappingProxyType(
    {"alma": 0.05, "bandwidth_percentile": 0.1, "cci": 0.75, "connors_rsi": 0.1, "regime": 0.07}
)
"""Steps for each candle of the longest parameter."""
_PERCENTILE = 0.1

_HOME = Grid(None, Timeframe.M1)


class _Series(NamedTuple):
    """Something computed over candles."""

    grid: Grid
    text: str


def cost(rules: RuleSet) -> int:
    """Return the steps that the rules take at a close."""
    return round(sum(_steps(rules, bounded=False).values()))


def check_cost(rules: RuleSet) -> None:
    """Raise RulesInvalid, naming the condition that is too much, if the rules cost over ``MAX_COST``."""
    _steps(rules, bounded=True)


def _steps(rules: RuleSet, *, bounded: bool) -> dict[object, float]:
    steps: dict[object, float] = {}
    reach = {name: lookback(tree) for name, tree in rules.trees() if tree is not None}
    for place, node in placed(rules):
        if not isinstance(node, (Compare, Range, Trend)):
            continue
        for key, taken in _of_condition(node, reach[place.path.partition(".")[0]]):
            steps[key] = max(steps.get(key, 0.0), taken)
        total = sum(steps.values())
        if bounded and total > MAX_COST:
            raise RulesInvalid(
                place.path,
                f"expected rules that cost at most {MAX_COST} steps at a close, here they cost {total:.0f}; "
                "use fewer or shorter indicators",
            )
    return steps


def _of_condition(condition: Condition, reach: int) -> Iterator[tuple[object, float]]:
    closes = reach + 1 + (condition.n if isinstance(condition, Trend) else 0)
    yield condition, _CONDITION + closes * _CLOSE
    for operand in operands(condition):
        grid = grid_of(operand, _HOME)
        if grid is not None:
            back = -(-closes * _HOME.timeframe.ms // grid.timeframe.ms)
            yield from _of_operand(operand, grid, back)


def _of_operand(operand: Operand, grid: Grid, rows: int) -> Iterator[tuple[_Series, float]]:
    """The series below an operand, needed for its last ``rows`` candles on its grid."""
    if isinstance(operand, Value):
        yield from _of_value(operand, grid, rows)
    elif isinstance(operand, (Change, Slope, Percentile)):
        weight = _COMPUTED + (_PERCENTILE * operand.n if isinstance(operand, Percentile) else 0.0)
        yield _Series(grid, operand_text(operand)), weight * rows
        yield from _of_operand(operand.of, grid, rows + operand.n)
    elif isinstance(operand, Combined):
        yield _Series(grid, operand_text(operand)), _COMPUTED * rows
        for part in (operand.left, operand.right):
            own = grid_of(part, grid)
            if own is not None:
                yield from _of_operand(part, own, -(-rows * grid.timeframe.ms // own.timeframe.ms))


def _of_value(value: Value, grid: Grid, rows: int) -> Iterator[tuple[_Series, float]]:
    indicator = CATALOG[value.indicator]
    longest = max((number for _, number in value.params), default=0.0)
    weight = _OUTPUT * len(indicator.outputs) + _WINDOW.get(value.indicator, 0.0) * longest
    last = WORST_CLOSE_MS // grid.timeframe.ms - 1
    first = value_start(value, grid.timeframe, last - value.offset - rows + 1)
    bare = Value(value.indicator, value.params, indicator.outputs[0], value.source)
    yield _Series(grid, operand_text(bare)), weight * (last - first + 1)
    if value.source is not None:
        yield from _of_operand(value.source, grid, last - first + 1)

"""Operands in the mirror: what stands in for each when a chart is turned upside down.

Turned upside down, an operand has the value ``sign * image + levels * A + shift``: ``image`` is the
operand that stands in for it and A the unknown height at which prices are turned. An ema is -1 times
itself and one A, RSI is 100 minus itself, MACD minus itself, ATR itself. Comparisons are mirrored by
this: A must cancel out, so an ema has an image beside the close, but not beside the number 50,000.

=============================== ==============================================================
operand                         image
=============================== ==============================================================
open close hl2 hlc3, mark       itself, a level
high, low                       the other, a level
volume, spread, turnover_24h    itself, free
funding_rate                    itself, centred at 0
clock, session                  itself, free
position, portfolio             itself, free: a profit is seen from the position's own side
indicator                       by ``mirror_table``; of another source as the source is
level + free                    level - free, and the other way round
level * number                  level / number, and the other way round
level / level                   the two swapped, free
change_pct, slope               of the image; centred at 0 if that has a direction
percentile                      of the image; centred at 50 if that has a direction
=============================== ==============================================================

Percentages of a price, and a percentile by the value it counts itself, are nearly and not exactly so:
80 is to become 20, not 20.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trading_core.rules.mirror_table import Kind, reflection
from trading_core.rules.operands import (
    Arithmetic,
    Change,
    Combined,
    Constant,
    Operand,
    Percentile,
    Price,
    Slope,
    Ticker,
    Value,
    atoms,
)

_SWAPPED = {"high": "low", "low": "high"}
_TURNED = {
    Arithmetic.ADD: Arithmetic.SUB,
    Arithmetic.SUB: Arithmetic.ADD,
    Arithmetic.MUL: Arithmetic.DIV,
    Arithmetic.DIV: Arithmetic.MUL,
}
_SUMS = (Arithmetic.ADD, Arithmetic.SUB)


@dataclass(frozen=True, slots=True)
class Image:
    """What an operand is turned upside down: ``sign * operand + levels * A + shift``."""

    operand: Operand
    turned: bool = False
    """Whether the sign is -1."""
    levels: float = 0.0
    shift: float = 0.0

    @property
    def fixed(self) -> bool:
        """Whether it is a number."""
        return isinstance(self.operand, Constant)

    @property
    def centred_at_zero(self) -> bool:
        """Whether turning changes nothing but the sign."""
        return self.turned and not self.levels and not self.shift


def image(operand: Operand) -> Image | None:
    """Return the image of an operand; None if it has none."""
    if isinstance(operand, Price):
        if operand.field == "volume":
            return Image(operand)
        field = _SWAPPED.get(operand.field, operand.field)
        return Image(replace(operand, field=field), turned=True, levels=1.0)
    if isinstance(operand, Value):
        return _value(operand)
    if isinstance(operand, Combined):
        return _combined(operand)
    if isinstance(operand, (Change, Slope, Percentile)):
        return _moving(operand)
    if isinstance(operand, Ticker) and operand.field in ("mark", "funding_rate"):
        return Image(operand, turned=True, levels=1.0 if operand.field == "mark" else 0.0)
    return Image(operand)


def _value(value: Value) -> Image | None:
    known = reflection(value.indicator, value.output)
    of = None if value.source is None else image(value.source)
    if known is None or (value.source is not None and of is None):
        return None
    source = None if of is None else of.operand
    if of is not None and not of.turned:
        # Of something without direction nothing has one, and upper stays upper.
        return Image(replace(value, source=source)) if not of.levels and not of.shift else None
    name, output = known.indicator or value.indicator, known.partner or value.output
    made = replace(value, indicator=name, source=source, output=output)
    if known.kind is Kind.FREE:
        return Image(made)
    if known.kind is Kind.CENTRED:
        return Image(made, turned=True, shift=2 * known.centre)
    if of is None:
        return Image(made, turned=True, levels=1.0)
    return Image(made, turned=True, levels=of.levels, shift=of.shift)


def _moving(operand: Change | Slope | Percentile) -> Image | None:
    of = image(operand.of)
    if of is None:
        return None
    made = replace(operand, of=of.operand)
    if not of.turned:
        return Image(made)
    return Image(made, turned=True, shift=100.0 if isinstance(operand, Percentile) else 0.0)


def _combined(operand: Combined) -> Image | None:
    left, right = image(operand.left), image(operand.right)
    if left is None or right is None:
        return None
    if operand.operation in _SUMS:
        return _sum(operand.operation, left, right)
    return _product(operand.operation, left, right)


def _sum(operation: Arithmetic, left: Image, right: Image) -> Image | None:
    if left.turned == right.turned:
        way = 1.0 if operation is Arithmetic.ADD else -1.0
        return Image(
            Combined(operation, left.operand, right.operand),
            left.turned,
            left.levels + way * right.levels,
            left.shift + way * right.shift,
        )
    if left.turned and not right.levels and not right.shift:
        return replace(left, operand=Combined(_TURNED[operation], left.operand, right.operand))
    return None


def _product(operation: Arithmetic, left: Image, right: Image) -> Image | None:
    same = Combined(operation, left.operand, right.operand)
    if not left.turned and not right.turned:
        return Image(same)
    if right.operand == Constant(0.0):
        return None
    if _level(left) and right.fixed:
        return replace(left, operand=Combined(_TURNED[operation], left.operand, right.operand))
    if left.turned and right.fixed:
        return _scaled(same, left)
    if left.centred_at_zero and (_level(right) or not right.turned):
        return Image(same, turned=True)
    if operation is Arithmetic.MUL or not _level(right):
        return None
    if _level(left):
        return _ratio(left.operand, right.operand)
    return None if left.turned or left.fixed else Image(same)


def _ratio(over: Operand, under: Operand) -> Image | None:
    """Levels of one symbol divided: turned upside down the fraction is."""
    if _symbols(over) != _symbols(under):
        return None
    return Image(Combined(Arithmetic.DIV, under, over))


def _symbols(operand: Operand) -> set[str | None]:
    return {getattr(atom, "symbol", None) for atom in atoms(operand)}


def _level(part: Image) -> bool:
    return part.turned and part.levels == 1.0 and not part.shift


def _scaled(operand: Combined, left: Image) -> Image:
    assert isinstance(operand.right, Constant)
    by = operand.right.value
    factor = by if operand.operation is Arithmetic.MUL else 1.0 / by
    return Image(operand, turned=True, levels=left.levels * factor, shift=left.shift * factor)

"""How the families declare their indicators: shortly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from trading_core.indicators.direct import Direct, function
from trading_core.indicators.formula import Call, Formula, FormulaStream, Mended, run
from trading_core.indicators.inplace import InPlace, Mending
from trading_core.indicators.smoothing import ema_memory, wilder_memory
from trading_core.indicators.spec import SOURCE, Bind, Chart, Family, Indicator, Pane, Param
from trading_core.indicators.stretches import Count

OF_SOURCE = (SOURCE,)
HL = ("high", "low")
HLC = ("high", "low", "close")
HLCV = ("high", "low", "close", "volume")
OHLC = ("open", "high", "low", "close")
OC = ("open", "close")

VALUE = ("value",)

ON_PRICE = Chart(Pane.PRICE)
AROUND_ZERO = Chart(guides=(0.0,))
PERCENT = Chart(low=0.0, high=100.0)


def declare(
    name: str,
    label: str,
    family: Family,
    inputs: tuple[str, ...],
    params: Mapping[str, Param],
    formula: Formula,
    *,
    outputs: tuple[str, ...] = VALUE,
    warmup: Count,
    memory: Count | None,
    convention: str,
    reference: str,
    chart: Chart | None = None,
    ordered: tuple[str, str] | None = None,
) -> Indicator:
    """Return the indicator that a formula makes, over columns and live."""
    return Indicator(
        name,
        label,
        family,
        inputs,
        params,
        outputs,
        partial(run, formula),
        warmup,
        memory,
        convention,
        reference,
        Chart() if chart is None else chart,
        ordered,
        partial(FormulaStream, formula),
        _bind(formula, warmup if memory is None else None),
    )


def _bind(formula: Formula, overlap: Count | None) -> Bind:
    if isinstance(formula, Call):
        return _direct(formula)
    if isinstance(formula, Mended):
        return Mending(formula, [_direct(each) for each in formula.calls], overlap)
    return InPlace(formula, overlap)


def _direct(formula: Call) -> Direct:
    return Direct(function(formula.function), {**formula.named, **formula.fixed}, formula.of)


def call(function: str, *, of: int | None = None, **options: str | int) -> Call:
    """Return the formula that is one TA-Lib call; an option names a parameter, or is a number."""
    named = {option: value for option, value in options.items() if isinstance(value, str)}
    fixed = {option: value for option, value in options.items() if not isinstance(value, str)}
    return Call(function, named, fixed, of)


def candles(*names: str, plus: int = 0) -> Count:
    """Return the sum of these parameters, and some candles more: a warm-up, or a memory."""
    return lambda params: sum(int(params[name]) for name in names) + plus


def ema_fade(*names: str) -> Count:
    """Return the memory of EMAs of these periods, one over the other."""
    return lambda params: ema_memory(sum(params[name] for name in names))


def wilder_fade(*names: str) -> Count:
    """Return the memory of Wilder averages of these periods, one over the other."""
    return lambda params: wilder_memory(sum(params[name] for name in names))

"""Operands in plain words: ``RSI(14) on 15m, 2 candles ago``."""

from __future__ import annotations

from trading_core.indicators.catalog import CATALOG
from trading_core.rules.operands import (
    Arithmetic,
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
)
from trading_core.rules.sessions import SESSIONS
from trading_core.rules.text import number_text

_PRICES = {
    "hl2": "the middle of high and low",
    "hlc3": "the mean of high, low and close",
}
_TICKERS = {
    "funding_rate": "the funding rate in percent",
    "mark": "the mark price",
    "spread": "the spread in percent",
    "turnover_24h": "the turnover of 24 hours",
}
_CLOCK = {
    "hour": "the hour",
    "minute": "the minute of the day",
    "weekday": "the weekday (Monday is 1)",
    "day": "the day of the month",
}
_FACTS = {
    ("position", "pnl_pct"): "the position's profit in percent",
    ("position", "age"): "the position's age in candles",
    ("position", "legs"): "the position's averaging legs",
    ("portfolio", "open_positions"): "the number of open positions",
    ("portfolio", "day_pnl"): "the day's profit",
    ("portfolio", "day_pnl_pct"): "the day's profit in percent",
}
_SIGNS = {
    Arithmetic.ADD: "plus",
    Arithmetic.SUB: "minus",
    Arithmetic.MUL: "times",
    Arithmetic.DIV: "divided by",
}
_WORDS = 2
"""Labels of more words are said by their short name: RSI."""


def said_operand(operand: Operand) -> str:
    """Return an operand in words; different operands have different words."""
    if isinstance(operand, Constant):
        return number_text(operand.value)
    if isinstance(operand, Combined):
        return f"{_part(operand.left)} {_SIGNS[operand.operation]} {_part(operand.right)}"
    if isinstance(operand, (Change, Slope, Percentile)):
        return _moving(operand)
    if isinstance(operand, Price):
        return f"{_PRICES.get(operand.field, f'the {operand.field}')}{_place(operand)}"
    if isinstance(operand, Value):
        return f"{_indicator(operand)}{_place(operand)}"
    return _plain(operand)


def _part(operand: Operand) -> str:
    """An operand inside another: in brackets what is computed from others."""
    words = said_operand(operand)
    return f"({words})" if isinstance(operand, (Combined, Change, Slope, Percentile)) else words


def _moving(operand: Change | Slope | Percentile) -> str:
    of, n = _part(operand.of), operand.n
    if isinstance(operand, Change):
        return f"the change of {of} over {candles(n)} in percent"
    if isinstance(operand, Slope):
        return f"the slope of {of} through its last {n} values"
    return f"the percentile of {of} among its last {n} values"


def _plain(operand: Ticker | Clock | Session | Fact) -> str:
    if isinstance(operand, Ticker):
        return f"{_TICKERS[operand.field]}{f' of {operand.symbol}' if operand.symbol else ''}"
    if isinstance(operand, Clock):
        return f"{_CLOCK[operand.field]} in {operand.zone}"
    if isinstance(operand, Session):
        return f"the {SESSIONS[operand.name].label} session (1 open, 0 closed)"
    return _FACTS[operand.scope, operand.field]


def _indicator(value: Value) -> str:
    indicator = CATALOG[value.indicator]
    long = len(indicator.label.split()) > _WORDS
    name = indicator.name.upper().replace("_", " ") if long else indicator.label
    params = ", ".join(number_text(number) for _, number in value.params)
    source = "" if value.source is None else f" of ({said_operand(value.source)})"
    output = "" if len(indicator.outputs) == 1 or value.output == indicator.name else f" {_output(value)}"
    return f"{name}{f'({params})' if params else ''}{output}{source}"


def _output(value: Value) -> str:
    return value.output.replace("_", " ")


def _place(operand: Price | Value) -> str:
    symbol = f" of {operand.symbol}" if operand.symbol else ""
    timeframe = f" on {operand.timeframe}" if operand.timeframe else ""
    ago = f" {candles(operand.offset)} ago" if operand.offset else ""
    return f"{symbol}{timeframe}{ago}"


def candles(n: int) -> str:
    """So many candles."""
    return "1 candle" if n == 1 else f"{n} candles"

"""Outcomes: the one record per bot, symbol and close, each with its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class OutcomeCode(StrEnum):
    """What a close came to for one symbol; the first blocking gate when nothing was entered."""

    ENTERED = "entered"
    NO_SIGNAL = "no_signal"
    NOT_READY = "not_ready"
    CONFLICT = "conflict"
    IN_POSITION = "in_position"
    ENTRY_WORKING = "entry_working"
    ENTRY_TIMEOUT = "entry_timeout"
    CLOSING = "closing"
    EXIT_RULE = "exit_rule"
    EXIT_OPPOSITE = "exit_opposite"
    EXIT_TIME = "exit_time"
    EXIT_RISK = "exit_risk"
    ENTRIES_PAUSED = "entries_paused"
    ENTRIES_BLOCKED = "entries_blocked"
    LOCKED = "locked"
    NOT_TRADING = "not_trading"
    STALE_DATA = "stale_data"
    COOLDOWN = "cooldown"
    RESULT_COOLDOWN = "result_cooldown"
    LOSING_STREAK = "losing_streak"
    ORDER_RATE = "order_rate"
    MAX_POSITIONS = "max_positions"
    LEVEL_POSITIONS = "level_positions"
    MAX_EXPOSURE = "max_exposure"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    LEVERAGE_LIMIT = "leverage_limit"
    FUNDING = "funding"
    PRICE_BAND = "price_band"
    SYMBOL_EXPOSURE = "symbol_exposure"
    NET_EXPOSURE = "net_exposure"
    GROSS_EXPOSURE = "gross_exposure"
    LIQUIDATION = "liquidation"
    RESERVE = "reserve"
    NO_MARGIN = "no_margin"
    SYMBOL_CLAIMED = "symbol_claimed"
    STALE_CANDLE = "stale_candle"
    MISSED = "missed"
    PARKED = "parked"


SENTENCES: Mapping[OutcomeCode, str] = {
    OutcomeCode.ENTERED: "Entered {side}: {quote} {coin} at about {price}.",
    OutcomeCode.NO_SIGNAL: "The conditions for an entry were not met.",
    OutcomeCode.NOT_READY: "Not all conditions could be computed yet ({reason}).",
    OutcomeCode.CONFLICT: "The conditions for long and for short were both true, so neither was taken.",
    OutcomeCode.IN_POSITION: "Already in a {side} position of {lots} lots; nothing to change.",
    OutcomeCode.ENTRY_WORKING: "An entry order is standing, {filled} of {lots} lots filled.",
    OutcomeCode.ENTRY_TIMEOUT: "The entry order was not filled within {candles} candles and is cancelled.",
    OutcomeCode.CLOSING: "The position is being closed ({reason}).",
    OutcomeCode.EXIT_RULE: "The exit conditions are true: the {side} position is closed.",
    OutcomeCode.EXIT_OPPOSITE: "The conditions ask for the other side: the {side} position is closed.",
    OutcomeCode.EXIT_TIME: "The position is {held_minutes} minutes old, the limit is {limit_minutes}: closed.",
    OutcomeCode.EXIT_RISK: "{where} is locked ({reason}): the {side} position is closed.",
    OutcomeCode.ENTRIES_PAUSED: "A {side} entry was signalled, but the bot takes no entries ({state}).",
    OutcomeCode.ENTRIES_BLOCKED: "A {side} entry was signalled, but {where} takes no entries until {until}: {reason}",
    OutcomeCode.LOCKED: "The {side} entry is not taken: {where} is locked until {until}: {reason}.",
    OutcomeCode.STALE_DATA: "A {side} entry was signalled, but the last candle is {age} seconds old; "
    "at most {limit} are allowed.",
    OutcomeCode.RESULT_COOLDOWN: "A {side} entry was signalled, but the cooldown after the last trade's {result} "
    "lasts {candles} more candles.",
    OutcomeCode.LOSING_STREAK: "A {side} entry was signalled, but the last {losses} trades lost; "
    "the bot pauses after {limit}.",
    OutcomeCode.ORDER_RATE: "A {side} entry was signalled, but the bot made {orders} orders within a minute; "
    "{limit} are allowed.",
    OutcomeCode.LEVEL_POSITIONS: "A {side} entry was signalled, but {where} has {open} of {limit} positions open.",
    OutcomeCode.FUNDING: "A {side} entry was signalled, but funding is due in {minutes} minutes "
    "and its rate to be paid is {rate}.",
    OutcomeCode.PRICE_BAND: "A {side} entry was signalled, but its price is too far from the {against} price.",
    OutcomeCode.SYMBOL_EXPOSURE: "A {side} entry was signalled, but {where} would then hold {worth} {coin} "
    "in this symbol; {limit} are allowed.",
    OutcomeCode.NET_EXPOSURE: "A {side} entry was signalled, but {where} would then stand {worth} {coin} "
    "in one direction; {limit} are allowed.",
    OutcomeCode.GROSS_EXPOSURE: "A {side} entry was signalled, but {where} would then hold {worth} {coin} in all; "
    "{limit} are allowed.",
    OutcomeCode.LIQUIDATION: "A {side} entry was signalled, but with all its legs it would be liquidated {where}.",
    OutcomeCode.RESERVE: "A {side} entry was signalled, but it needs {needed} {coin} of margin; of {available} free, "
    "{reserve} must stay in reserve.",
    OutcomeCode.NOT_TRADING: "A {side} entry was signalled, but on the exchange {symbol} is {status}, not trading.",
    OutcomeCode.COOLDOWN: "A {side} entry was signalled, but the cooldown lasts {candles} more candles.",
    OutcomeCode.MAX_POSITIONS: "A {side} entry was signalled, but {open} of {limit} positions are open.",
    OutcomeCode.MAX_EXPOSURE: "A {side} entry was signalled, but legs of {legs} leave no room under {limit} {coin}.",
    OutcomeCode.TOO_SMALL: "A {side} entry was signalled, but {what} is {lots} lots worth {quote} {coin}; "
    "the exchange asks for at least {min_lots} lots and {min_quote} {coin}.",
    OutcomeCode.TOO_LARGE: "A {side} entry was signalled, but {lots} lots exceed the exchange's {max_lots} an order.",
    OutcomeCode.LEVERAGE_LIMIT: "A {side} entry was signalled, but the instrument allows leverage {limit} at most.",
    OutcomeCode.NO_MARGIN: "A {side} entry was signalled, but it needs {needed} {coin} of margin "
    "and {available} are free.",
    OutcomeCode.SYMBOL_CLAIMED: "A {side} entry was signalled, but {holder} trades this symbol on this account.",
    OutcomeCode.STALE_CANDLE: "A {side} entry was signalled, but its candle had closed {age} seconds before; "
    "a signal may be acted on for {limit} seconds.",
    OutcomeCode.MISSED: "The platform was not running at this close ({reason}).",
    OutcomeCode.PARKED: "The bot was parked: {reason}",
}
"""One line each for people; placeholders are keys of ``OutcomeRecord.details``."""


Detail = str | int | list[str] | dict[str, str]


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """What a close came to for one symbol."""

    code: OutcomeCode
    details: Mapping[str, Detail] = field(default_factory=dict)
    """The numbers of the gate: integers, or decimals and times as text; JSON-able.

    ``facts`` are those the rules asked for (``rule_facts.used_numbers``), ``tags`` those an entry
    carries away.
    """


class _Gaps(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(code: str, details: Mapping[str, object]) -> str:
    """The outcome in one line; an unknown code is shown as it is, a missing number as ``?``."""
    if code not in OutcomeCode.__members__.values():
        return code
    return SENTENCES[OutcomeCode(code)].format_map(_Gaps(details))

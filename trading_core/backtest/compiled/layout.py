"""Where a compiled run keeps what: the columns of its tables of 64-bit integers.

Prices are ticks, quantities lots, money units of 10⁻⁸ coin, times milliseconds, rates parts per million.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

NONE = -1
"""No price, no bound, no row."""
MONEY_MAX = 1 << 61
"""A limit that holds for any sum of money that fits."""

# The account
WALLET, SEQUENCE, ARRIVAL, ORDERS, EXECUTIONS, TOLD_A, TOLD_B, ACCOUNT_COLUMNS = range(8)
"""Balance; last execution and arrival; rows written; the numbers of the last refusal."""

# A book: all of one symbol
(
    LOTS, COST, REALISED, FEES, STOP, LEVERAGE, PRICE, TIME, FALLS, RISES, OPEN, VOLUME, TAKEN, WALKING,
    POINT, DONE, STANDING, TRADE, WHY, TIGHTENED_BY, TAKEN_OVER, MARK_LOW, MARK_HIGH, PATH,
    BOOK_COLUMNS,
) = (*range(24), 27)  # fmt: skip
"""Position (with what it gained and paid since it was opened), stop (NONE: there isn't any), leverage, the
price and clock as the account sees them, trigger bounds, open and lots (NONE: no trade) of the candle, lots
taken of it, where on the walk, orders on the book, trade of the plan, why it closes and why its stop
was moved, the price of a
liquidation, how far the mark price goes about, the four points."""

# An order
(
    SYMBOL, OF_TRADE, ROLE, LEG, REVISION, SIGN, TICKS, ASKED, FILLED, REDUCES, STATE, DECIDED, REASON,
    REASON_A, REASON_B, FORCE, ATTACHED, SLIPPAGE, RANK, SIZE, REQUESTS, BATCH, PRIORITY, ORDER_COLUMNS,
) = range(24)  # fmt: skip
"""``TICKS`` NONE: a market order. ``ASKED`` are the lots as asked for, ``SIZE`` as the exchange took them;
``ATTACHED`` is the stop that goes with it, ``SLIPPAGE`` the most ticks a market order may lose, or NONE."""

# An execution
(
    E_SYMBOL, E_TIME, E_SEQUENCE, E_ORDER, E_TRADE, E_SIGN, E_TICKS, E_LOTS, E_FEE, E_GAINED, E_MAKER, E_WHY,
    E_CLOSED, E_MARKET, EXECUTION_COLUMNS,
) = range(15)  # fmt: skip
"""``E_ORDER`` is the row of the order; NONE for the protective stop, or one of the two below."""
LIQUIDATED, FUNDED = -2, -3
"""A funding payment has the lots held, signed, the mark price, the payment as its fee and the rate as gain."""

# A contract
(
    NUM, DEN, MIN_LOTS, MAX_LOTS, MAX_MARKET, MIN_NOTIONAL, LIMIT_X, LIMIT_Y, TIERS, MAX_LEVERAGE, TRADING,
    CONTRACT_COLUMNS,
) = range(12)  # fmt: skip

# A risk tier
TIER_LIMIT, TIER_MAINTENANCE, TIER_DEDUCTION, TIER_LEVERAGE, TIER_COLUMNS = range(5)

# How fills are priced
SPREAD, SLIP, MAKER, TAKER, SHARE, PRICE_LIMITS, MATCHING_COLUMNS = range(7)
"""``SHARE`` NONE: as much as it wants."""

# States of an order
PLANNED, ACCEPTED, FILLED_UP, CANCELLED, REJECTED = range(5)

# Why a plan closes, or has moved its stop
BY_MARKET, BY_RULE, BY_TIME, BY_TRAILING, BY_BREAK_EVEN, BY_OPPOSITE = range(6)

# Times in force
GTC, IOC, POST_ONLY = range(3)

# Why an order left, or was refused
(
    OK, BY_USER, BY_REDUCE_ONLY, BY_LIQUIDATION, WOULD_TAKE, NO_MATCH, NOTHING_TO_REDUCE, TOO_FEW, TOO_MANY,
    NO_PRICE, BEYOND_LIMIT, TOO_SMALL, WRONG_STOP, TOP_TIER, RISK_LIMIT, NO_BALANCE, REFUSED,
) = range(17)  # fmt: skip
"""``REFUSED`` stands for refusals of requests that are not written down."""

# What a price can meet, most urgent first
MEETS_STOP, MEETS_LIQUIDATION, MEETS_REDUCER, MEETS_ENTRY = range(4)


class Cramped(Exception):
    """A table, or a number in it, was too small for a run, as the message says: it is played another way."""


class World(NamedTuple):
    """Everything a compiled account touches."""

    account: Ints
    books: Ints
    """[symbol, column]."""
    standing: Ints
    """[symbol, place]: rows of the orders on the exchange's book."""
    orders: Ints
    executions: Ints
    contracts: Ints
    tiers: Ints
    """[symbol, tier, column]."""
    matching: Ints

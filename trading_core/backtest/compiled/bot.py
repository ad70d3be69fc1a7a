"""What a compiled run keeps of the bot: its plans, its requests, its parameters; columns of tables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trading_core.backtest.compiled.layout import Ints

Truths = npt.NDArray[np.int8]
Ticks = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint16]

# A candle
OPEN_TICKS, HIGH, LOW, CLOSE, TRADED, CANDLE_ROWS = range(6)

# What the rules say of a minute
ASKED, ABSENT = 1 << 12, 1 << 13
"""There is a candle of the bot's timeframe closing there; there is no candle in the minute at all."""
YES, UNKNOWN = 1, 2
"""A tree's bits; neither: no. Unknown where nothing was asked."""

# The desk
(
    QUEUED, PLANNED, BATCHES, NOW, CALM, NOTES, CRAMPED, FREE, FUNDED, TOUCHED, AMBIGUOUS, DESK_COLUMNS,
) = range(12)  # fmt: skip
"""Requests waiting; requests ever planned, and in how many goes; market clock; whether the last close changed
nothing; rows of notes; whether a table was too small, so that nothing of this run counts; a number of a refusal;
funding payments gone by; minutes that reached an order or a stop, and those that did on both sides."""

# A plan, as ``plan.state.PlanState``
(
    PHASE, DIRECTION, REFERENCE, ENTRY_TICKS, ENTRY_LOTS, ENTRY_CLOSE, ENTRY_OVER, BASE_COST, BASE_LOTS, LEGS,
    GATE, OPENED, CLOSED, BEST, TIGHTENED, TARGET_NOW, REQUOTES, STOP_DRAWN, OURS, ASKED_ROWS, STOP_REQUESTS,
    NOTED, PLAN_COLUMNS,
) = range(23)  # fmt: skip
"""``ENTRY_TICKS`` 0: at market; ``TARGET_NOW`` NONE: that of the parameters. Beside the plan: our open orders,
requests since the last close, those that would move the stop, notes up to the last one of the symbol. Trade and
exit reason stand in the book, for executions carry them."""
FLAT, ENTERING, OPEN, CLOSING = range(4)

# Roles, ranked as ``Role`` sorts
AVERAGE, ENTRY, EXIT, STOP_ROLE, TAKE_PROFIT = range(5)

# Where orders of a trade are counted
ENTRY_PLACE, EXIT_PLACE, TARGET_PLACE, LEG_PLACE = 0, 1, 2, 9
PLACES = 40
DONE_LOTS, REFUSALS, REVISIONS, LIVE_LOTS, PLACE_COLUMNS = range(5)
"""Of the orders that have ended: lots filled, how many were refused, the next revision. Of those that have not,
lots filled when they were last counted."""

# What should stand
W_ROLE, W_LEG, W_SIGN, W_LOTS, W_TICKS, W_REDUCES, W_STOP, W_COVERED, W_WHOLE, WANTED_COLUMNS = range(10)

# A request
Q_PRIORITY, Q_NUMBER, Q_KIND, Q_SYMBOL, Q_ROW, Q_LOTS, Q_TICKS, QUEUE_COLUMNS = range(8)
PLACE, AMEND, CANCEL, SET_STOP, SET_LEVERAGE = range(5)
CANCEL_FIRST, PROTECT, REDUCE, OPEN_UP = range(4)
ASKED_COLUMNS = 7

# A note: what a close that was decided in full came to
N_MINUTE, N_SYMBOL, N_CODE, N_SIDE, N_A, N_B, N_C, NOTE_COLUMNS = range(8)

# Outcomes of a close, in the order of ``OutcomeCode``'s meaning here
(
    ENTERED, NO_SIGNAL, NOT_READY, CONFLICT, IN_POSITION, ENTRY_WORKING, ENTRY_TIMEOUT, IS_CLOSING, EXIT_RULE,
    EXIT_TIME, EXIT_OPPOSITE, NOT_TRADING, COOLING, FULL, OVEREXPOSED, SMALL, LARGE, OVERLEVERED, BROKE,
    CLAIMED, TOO_NEW, CODES,
) = range(22)  # fmt: skip

# Parameters
(
    ENTRY_KIND, OFFSET, TIMEOUT, BY_EQUITY, QUOTE, EQUITY_PPM, TARGET_PPM, TARGET_MOVES, STOP_PPM, STOP_MOVES,
    TIME_STOP, ON_RULE, RESTING, RUNGS, LEGS_QUOTE, WANTED_LEVERAGE, MAX_OPEN, MAX_QUOTE, COOLDOWN, TIMEFRAME,
    TAKER_FEE, GATED_LONG, GATED_SHORT, ENTRY_SLIPPAGE, REQUOTES_MAX, CHASE, BY_RISK, REINVEST, BALANCE, STEPS,
    DECAYS, TARGET_TRAIL, TRAIL_START, TRAIL_DISTANCE, EVEN_TRIGGER, EVEN_OFFSET, MIN_PROFIT, ON_OPPOSITE,
    FOLLOWS, DRAWN_ATR, DRAWN_LEAST, DRAWS, PARAM_COLUMNS,
) = range(43)  # fmt: skip
"""What isn't asked for is NONE; ``DRAWS``: 0 no stop is drawn from the market, 1 by the range, 2 by an extreme."""
AT_MARKET, AT_LIMIT, ONLY_POSTED = range(3)


class Bot(NamedTuple):
    """Everything of the bot that a compiled run touches."""

    desk: Ints
    plans: Ints
    legs: Ints
    """[symbol, leg, (ticks, lots)]."""
    ours: Ints
    """[symbol, place]: rows of our orders that have not ended."""
    places: Ints
    """[symbol, place of the trade, column]."""
    wanted: Ints
    queue: Ints
    asked: Ints
    """[symbol, row, column]: requests made since the last close."""
    notes: Ints
    params: Ints
    rungs: Ints
    """[leg, (deviation in ppm, money units)]."""
    steps: Ints
    """[step, (target in ppm, share in ppm)]."""
    decays: Ints
    """[step, (minutes, target in ppm)]."""


class Tape(NamedTuple):
    """The minutes of a run, one column each: the candles in ticks, and what the rules say at their close."""

    times: Ints
    """Open times."""
    candles: Ticks
    """[symbol, (open, high, low, close, whole lots), minute].

    Where a minute has no candle, the last close stands for all four prices: 0 before the first one. Lots are
    NONE where nothing was traded.
    """
    said: Words
    """[symbol, minute]: what the trees say, two bits each from the lowest on, in the order of
    ``rules.model.TREES``, then the two marks below."""
    drawn: Ticks
    """[(range in ppm or NONE, lowest, highest), symbol, minute] of the latest candles; no minutes if nothing asks."""
    marks: Ints
    """[symbol, (low, high), minute]: where the mark price was; no minutes if it is the last price."""
    dues: Ints
    """[payment, (minute, symbol, rate in 10⁻⁸, mark or NONE)]: funding by minute and symbol."""


class Outcome(NamedTuple):
    """What a run writes down minute by minute; of the minutes at whose close the bot decides."""

    codes: Truths
    """[symbol, minute]: places in ``CODES``."""
    wallets: Ints
    gains: Ints
    """Unrealised profit, money units."""

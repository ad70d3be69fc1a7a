"""Stretches in which nothing can happen, so that they need not be played minute by minute.

After a close at which a bot asked for nothing and its plans stayed as they were, the engine says the
same again (deciding is a pure function) until one of these comes: a price that sets off an order or a
stop, a signal while flat, an exit signal or another answer of the averaging rules while in a position,
or the time stop. Whoever is in doubt plays: a minute too many costs time, never a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.backtest.history import BASE, Ints, SymbolHistory
from trading_core.engine.cycle import Decision
from trading_core.engine.document import BotDocument
from trading_core.engine.outcome import OutcomeCode
from trading_core.market.candle import Times
from trading_core.market.timeframe import MINUTE_MS
from trading_core.plan.state import PlanState
from trading_core.simulator.account import SimAccount

STILL = frozenset({OutcomeCode.NO_SIGNAL, OutcomeCode.NOT_READY, OutcomeCode.IN_POSITION})
"""Outcomes that come again as long as the answers of the rules stay the same."""

_STRETCH = 512
"""Minutes looked at first; twice as many each time nothing was found."""


def is_calm(document: BotDocument, decision: Decision, plans: Mapping[str, PlanState]) -> bool:
    """Whether a close changed nothing and asked for nothing; ``plans`` are those before it.

    Rules about the bot itself see other numbers at every close: with them it never is.
    """
    follows = document.plan.follows and any(not plan.is_flat for plan in decision.plans.values())
    return (
        not follows
        and not document.rules.needs_facts
        and not decision.intents
        and all(outcome.code in STILL for outcome in decision.outcomes.values())
        and all(plans[symbol] == plan for symbol, plan in decision.plans.items())
    )


@dataclass(frozen=True, slots=True)
class Signals:
    """The minutes of one symbol at whose close the rules may change what a bot does; rising."""

    entry: Ints
    exit: Mapping[int, Ints]
    """By direction of the position."""
    legs: Mapping[tuple[int, bool], Ints]
    """By direction and by what the averaging rules say there: whether legs may rest."""

    @classmethod
    def of(cls, document: BotDocument, history: SymbolHistory, closing: npt.NDArray[np.bool_]) -> Signals:
        """Find them; ``closing`` are the minutes at whose close the bot decides."""
        said = {name: (truths == 1) & history.asked for name, truths in history.trees.items()}
        rules, on_rule = document.rules, document.plan.exits.on_rule
        turned = document.plan.exits.on_opposite
        exits = {
            1: (said["exit_long"] & on_rule) | (said["short"] & turned),
            -1: (said["exit_short"] & on_rule) | (said["long"] & turned),
        }
        gates = {1: (rules.average_long, "average_long"), -1: (rules.average_short, "average_short")}
        legs = {
            (direction, allowed): np.flatnonzero((said[name] == allowed) & closing)
            for direction, (tree, name) in gates.items()
            if tree is not None
            for allowed in (True, False)
        }
        return cls(
            np.flatnonzero(said["long"] | said["short"]),
            {direction: np.flatnonzero(minutes) for direction, minutes in exits.items()},
            legs,
        )

    def next(self, plan: PlanState, minute: int, never: int) -> int:
        """The first minute, from this one on, at whose close something may be decided."""
        if plan.is_flat:
            return _next(self.entry, minute, never)
        turning = self.legs.get((plan.direction, not plan.legs_gate))
        found = _next(self.exit[plan.direction], minute, never)
        return found if turning is None else min(found, _next(turning, minute, never))


def _next(minutes: Ints, minute: int, never: int) -> int:
    place = int(np.searchsorted(minutes, minute))
    return int(minutes[place]) if place < len(minutes) else never


class Lookout:
    """Says up to which minute nothing can happen."""

    def __init__(
        self, document: BotDocument, histories: Mapping[str, SymbolHistory], times: Times, account: SimAccount
    ) -> None:
        closing = (times + BASE.ms) % document.timeframe.ms == 0
        self.times = times
        self.decided = np.flatnonzero(closing)
        self.histories = histories
        self.account = account
        self.time_stop = document.plan.exits.time_stop_minutes
        self.signals = {
            symbol: Signals.of(document, history, closing) for symbol, history in histories.items()
        }

    def closing(self, minute: int, until: int) -> Ints:
        """The minutes in [minute, until) at whose close the bot decides."""
        first, last = np.searchsorted(self.decided, (minute, until))
        return self.decided[first:last]

    def next(self, plans: Mapping[str, PlanState], minute: int) -> int:
        """The first minute from ``minute`` on that must be played; the number of minutes if none must."""
        never = len(self.times)
        found = min((self.signals[s].next(plan, minute, never) for s, plan in plans.items()), default=never)
        for plan in plans.values():
            if not plan.is_flat and self.time_stop is not None:
                due_ms = plan.opened_ms + self.time_stop * MINUTE_MS
                found = min(found, int(np.searchsorted(self.times, due_ms - BASE.ms)))
        for symbol in self.account.active:
            found = min(found, self._touched(symbol, minute, found))
        return max(found, minute)

    def _touched(self, symbol: str, start: int, end: int) -> int:
        """The first minute in [start, end) whose candle reaches an order or a stop; ``end`` if none does."""
        history = self.histories[symbol]
        falls, rises = self.account.ledger.book(symbol).bounds()
        stretch = _STRETCH
        while start < end:
            part = slice(start, min(start + stretch, end))
            touched = (history.lows[part] <= falls) | (history.highs[part] >= rises)
            touched &= history.present[part] & (history.volumes[part] > 0)
            if touched.any():
                return start + int(touched.argmax())
            start, stretch = part.stop, 2 * stretch
        return end

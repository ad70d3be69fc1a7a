"""One evaluation of all rule-sets that listen to the closes of a timeframe, kept alive between closes.

Every distinct series, condition and node of every symbol is computed once at a close: a series takes one
candle, a condition is one comparison among all, and of earlier closes only those truths are remembered
that matter later. What it says is, bit for bit, what ``evaluate`` says at that close.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np

from trading_core.market.tickers import TickersBySymbol
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Frames
from trading_core.rules.columns import Closes, Evaluation
from trading_core.rules.model import RuleSet
from trading_core.rules.operands import Ticker
from trading_core.rules.shared.answers import Answers, Printer
from trading_core.rules.shared.formulas import Formulas, Program
from trading_core.rules.shared.layout import KnownRows, Layout
from trading_core.rules.shared.numbers import Numbers
from trading_core.rules.shared.recipes import Key, Told
from trading_core.rules.shared.rows import Row
from trading_core.rules.shared.series import Series, depths_of
from trading_core.rules.shared.truths import Truths
from trading_core.rules.truth import Truth

CATCH_UP = 60
"""Closes stepped over one by one when some were missed; after a longer pause everything begins anew."""

_GENERATION = 64
"""Closes after which what nobody asked for any more is dropped."""

_AT_ONCE = 16
"""Closes run over at a time when the layout is new, so that memory stays small."""

Known = Callable[[int], tuple[Frames, TickersBySymbol]]
"""The candles closed from an open time (ms) on, up to the close that is asked about, and the tickers of
``SharedPlan.told_of``."""

Asked = Collection[tuple[RuleSet, Collection[str]]]
"""Rule-sets, each with the symbols it is asked about."""


class SharedPlan:
    """Ask it close by close. Rule-sets and symbols may join at any close; they leave when they aren't asked."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.close_ms = 0
        """The last close that was asked about."""
        self._formulas = Formulas(timeframe)
        self._programs: dict[str, Program] = {}
        self._listening: dict[str, set[str]] = {}
        """Symbols by hash of the rule-set."""
        self._heard: dict[str, set[str]] = defaultdict(set)
        """The same, as asked in this generation."""
        self._age = 0
        self.told_of: set[str] = set()
        """Symbols whose tickers are asked for."""
        self._series = Series()
        self._layout = Layout(self._formulas, ())
        self._printer = Printer(self._layout, ())
        self._known_rows: KnownRows = {}
        self._wanted: dict[Key, Row] = {}
        self._depths: dict[Key, int] = {}
        self._numbers = Numbers((), {})
        self._truths = Truths(self._layout)
        self._answers = Answers({}, b"", {})

    def answer(
        self, asked: Asked, known: Known, *, close_ms: int, late: Collection[str] = frozenset()
    ) -> Answers:
        """Return what every rule-set that listens says at a close, not before the last one asked about.

        ``late``: symbols of which a candle has come since the last answer that lies behind later ones. A
        hole among the candles that are looked back at is noticed without; further back it can only be told.
        Raise RulesInvalid for a rule-set that bots of the timeframe can't use. After any error the plan
        must be thrown away.
        """
        if close_ms < self.close_ms:
            raise ValueError(f"expected a close from {self.close_ms} on, was {close_ms}")
        if close_ms - self.close_ms > CATCH_UP * self.timeframe.ms:
            self._forget()
        changed = self._listen(asked) or not self.close_ms
        if changed:
            self._arrange()
        if changed or close_ms > self.close_ms or self._series.holes or late:
            frames, tickers = known(max(0, close_ms - self._reach_ms()))
            with np.errstate(all="ignore"):
                self._go_on(lambda: Evaluation(frames, tickers), close_ms, late, changed=changed)
        return self._answers

    def size(self) -> dict[str, int]:
        """How many distinct things are asked, over all symbols: series, conditions, nodes; and pairs."""
        conditions = len(self._layout.tests.op)
        nodes = self._layout.cells - conditions
        return {
            "pairs": len(self._answers),
            "series": len(self._series),
            "conditions": conditions,
            "nodes": nodes,
        }

    def _go_on(
        self, opened: Callable[[], Evaluation], close_ms: int, told: Collection[str], *, changed: bool
    ) -> None:
        """Step over the closes since the last one; begin anew where that can't be done."""
        step = self.timeframe.ms
        evaluation = opened()
        late = self._series.arrived(evaluation).union(told)
        replay = changed or bool(late)
        if self.close_ms:
            for close in range(self.close_ms + step, close_ms + step, step):
                self._series.take(evaluation, close)
                if not replay:
                    self._say(self._step(evaluation, close, 1))
        if replay:
            self._furnish(opened, close_ms, late)
            self._replay(opened(), close_ms)
        self.close_ms = close_ms

    def _listen(self, asked: Asked) -> bool:
        """Note who asks; return whether the plan has to change."""
        changed = False
        for rules, symbols in asked:
            if rules.hash not in self._programs:
                self._programs[rules.hash] = self._formulas.program(rules)
            listening = self._listening.setdefault(rules.hash, set())
            changed |= not listening.issuperset(symbols)
            listening.update(symbols)
            self._heard[rules.hash].update(symbols)
        self._age += 1
        if self._age >= _GENERATION:
            changed |= self._drop()
        return changed

    def _forget(self) -> None:
        """Begin anew, with nobody listening."""
        self.close_ms = 0
        self._formulas, self._known_rows = Formulas(self.timeframe), {}
        self._programs, self._listening, self._heard = {}, {}, defaultdict(set)
        self._series = Series()

    def _drop(self) -> bool:
        """Forget whoever has not asked for a generation, once they are many."""
        self._age = 0
        heard, self._heard = dict(self._heard), defaultdict(set)
        if _pairs(heard.values()) * 4 > _pairs(self._listening.values()) * 3:
            return False
        self._listening = heard
        self._formulas, self._known_rows = Formulas(self.timeframe), {}
        self._programs = {
            rules_hash: self._formulas.program(self._programs[rules_hash].rules) for rules_hash in heard
        }
        return True

    def _arrange(self) -> None:
        """Give everything that is asked its place."""
        asked = [
            (self._programs[rules_hash], sorted(symbols)) for rules_hash, symbols in self._listening.items()
        ]
        self._layout = Layout(self._formulas, asked)
        self._printer = Printer(self._layout, asked)
        self._wanted = self._layout.rows(self._known_rows)
        sources = [*self._layout.reads]
        sources += [(part, row.symbol) for row in self._wanted.values() for part in row.parts]
        self.told_of = {
            source.moment.symbol or source.symbol or symbol
            for source, symbol in sources
            if isinstance(source, Told) and isinstance(source.moment, Ticker)
        }
        self._depths = depths_of(self._wanted, self._layout.reads, self.timeframe, self._rows())

    def _furnish(self, opened: Callable[[], Evaluation], close_ms: int, late: Collection[str]) -> None:
        self._series.furnish(self._wanted, self._depths, opened, close_ms, late)
        self._numbers = Numbers(self._layout.reads, self._series.boards)

    def _replay(self, evaluation: Evaluation, close_ms: int) -> None:
        """Run over as many closes as any rule-set looks back at."""
        self._truths = Truths(self._layout)
        rows = self._rows()
        while rows > 0:
            step = min(rows, _AT_ONCE)
            rows -= step
            truth = self._step(evaluation, close_ms - rows * self.timeframe.ms, step)
        self._say(truth)

    def _step(self, evaluation: Evaluation, close_ms: int, rows: int) -> Truth:
        closes = Closes(self.timeframe, close_ms // self.timeframe.ms - 1, rows)
        return self._truths.step(self._numbers.at(closes, evaluation))

    def _say(self, truth: Truth) -> None:
        self._answers = Answers(self._printer.places, self._printer.packed(truth[:, -1]), self._programs)

    def _rows(self) -> int:
        return max((program.rows for program in self._programs.values()), default=1)

    def _reach_ms(self) -> int:
        """How far back candles must go, for the oldest value that is kept to be the true one."""
        kept = max((count * key.timeframe.ms for key, count in self._depths.items()), default=0)
        return kept + max((program.reach_ms for program in self._programs.values()), default=0)


def _pairs(symbols: Iterable[Sequence[str] | set[str]]) -> int:
    return sum(len(each) for each in symbols)

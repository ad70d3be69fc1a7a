"""Text to operands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator
from trading_core.rules.operands import (
    CLOCK_FIELDS,
    FACTS,
    MOVING,
    PRICE_FIELDS,
    TICKERS,
    Arithmetic,
    Clock,
    Constant,
    Fact,
    Operand,
    Price,
    Session,
    Ticker,
    Value,
)
from trading_core.rules.parse_operand import combined, moving, parameters, place, source_of, zone
from trading_core.rules.reading import Budget, one_of, real, unlike, whole
from trading_core.rules.sessions import SESSIONS
from trading_core.rules.words import Word, brackets_of_conditions

_SUMS = {"+": Arithmetic.ADD, "-": Arithmetic.SUB}
_PRODUCTS = {"*": Arithmetic.MUL, "/": Arithmetic.DIV}

_MAX_NESTING = 32
"""Brackets and *not* inside each other; how deep what they make may be is asked of the tree."""

_FREE = (*MOVING.values(), *CLOCK_FIELDS, "session", *FACTS)


class OperandReader:
    """Reads operands off a list of words."""

    def __init__(self, words: list[Word], budget: Budget) -> None:
        self._words = words
        self.at = 0
        self.holding = brackets_of_conditions(words)
        self.budget = budget
        self._inside = False
        self._nesting = 0

    @property
    def word(self) -> Word:
        """The word to be read next."""
        return self._words[self.at]

    def next(self) -> Word:
        """Take a word."""
        word = self._words[self.at]
        if word.kind != "end":
            self.at += 1
        return word

    def take(self, text: str) -> bool:
        """Take the word if it is this one."""
        if self.word.text != text:
            return False
        self.next()
        return True

    def expect(self, text: str) -> None:
        """Take this word or raise RulesInvalid."""
        if not self.take(text):
            raise RulesInvalid(self.word.path, f"expected {text!r}, was {self.word.text or 'the end'!r}")

    def end(self) -> None:
        """Raise RulesInvalid if words are left."""
        if self.word.kind != "end":
            raise RulesInvalid(self.word.path, f"expected the end, was {self.word.text!r}")

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper; raise RulesInvalid if that is too deep."""
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise RulesInvalid(self.word.path, f"expected at most {_MAX_NESTING} brackets inside each other")
        yield
        self._nesting -= 1

    def count(self, high: int) -> int:
        """Take a whole number from 1 on."""
        word = self.word
        return whole(self._number(), word.path, 1, high)

    def operand(self) -> Operand:
        """Take an operand."""
        left = self._product()
        while self.word.text in _SUMS:
            sign = self.next()
            self.budget.operand(sign.path)
            left = combined(_SUMS[sign.text], left, self._product(), sign.path)
        return left

    def _product(self) -> Operand:
        left = self._primary()
        while self.word.text in _PRODUCTS:
            sign = self.next()
            self.budget.operand(sign.path)
            left = combined(_PRODUCTS[sign.text], left, self._primary(), sign.path)
        return left

    def _number(self) -> float:
        negative = self.take("-")
        word = self.next()
        if word.kind != "number":
            raise RulesInvalid(word.path, f"expected a number, was {word.text or 'the end'!r}")
        value = real(float(word.text), word.path)
        return -value if negative else value

    def _primary(self) -> Operand:
        word = self.word
        if word.text == "(":
            self.next()
            with self.nested():
                operand = self.operand()
            self.expect(")")
            return operand
        self.budget.operand(word.path)
        if word.kind == "number" or word.text == "-":
            return Constant(self._number())
        symbol = self.next().text[:-1] if word.kind == "symbol" else None
        name = self.next()
        if name.text in PRICE_FIELDS:
            return Price(name.text, *self._place(name, symbol))
        if name.text in TICKERS:
            raw = {} if symbol is None else {"symbol": symbol}
            return Ticker(name.text, place(raw, name.path, self.budget, inside=False)[2])
        if symbol is None and name.text in _FREE:
            return self._free(name)
        return self._value(name, symbol)

    def _free(self, name: Word) -> Operand:
        """What stands without a symbol."""
        if name.text in MOVING.values():
            return self._moving(name)
        if name.text in CLOCK_FIELDS:
            return Clock(name.text, self._zone())
        if name.text == "session":
            self.expect("(")
            session = one_of(self.next().text, name.path, tuple(SESSIONS))
            self.expect(")")
            return Session(session)
        self.expect(".")
        return Fact(name.text, one_of(self.next().text, name.path, FACTS[name.text]))

    def _zone(self) -> str:
        if not self.take("("):
            return "UTC"
        word = self.next()
        self.expect(")")
        return zone(word.text, word.path)

    def _moving(self, name: Word) -> Operand:
        self.expect("(")
        with self.nested():
            of = self.operand()
        self.expect(",")
        n = self._number()
        self.expect(")")
        return moving(name.text, of, n, name.path)

    def _value(self, name: Word, symbol: str | None) -> Operand:
        indicator = CATALOG.get(name.text)
        if indicator is None:
            if name.kind == "label":
                raise RulesInvalid(name.path, f"a named condition needs brackets here: ({name.text} ...)")
            known = (*PRICE_FIELDS, *TICKERS, *_FREE, *CATALOG)
            raise RulesInvalid(name.path, unlike("an operand", name.text or "the end", known))
        given, source = self._arguments(indicator, name)
        params = parameters(indicator, given, name.path)
        output = indicator.outputs[0]
        if self.take("."):
            output = one_of(self.next().text, name.path, indicator.outputs)
        return Value(indicator.name, params, output, source, *self._place(name, symbol))

    def _arguments(self, indicator: Indicator, name: Word) -> tuple[dict[str, Any], Operand | None]:
        given: dict[str, Any] = {}
        source: Operand | None = None
        if not self.take("("):
            return given, source
        names = list(indicator.params)
        while self.word.text != ")":
            if not self._at_number():
                source = source_of(indicator, self._source(), name.path)
                break
            if len(given) == len(names):
                raise RulesInvalid(
                    name.path, f"{indicator.name} takes {len(names)} numbers: {', '.join(names)}"
                )
            given[names[len(given)]] = self._number()
            if not self.take(","):
                break
        self.expect(")")
        return given, source

    def _at_number(self) -> bool:
        """Whether a number by itself comes next: a parameter, which is no operand."""
        at = self.at + (self.word.text == "-")
        return self._words[at].kind == "number" and self._words[at + 1].text in (",", ")")

    def _source(self) -> Operand:
        outside, self._inside = self._inside, True
        with self.nested():
            source = self.operand()
        self._inside = outside
        return source

    def _place(self, name: Word, symbol: str | None) -> tuple[Any, int, str | None]:
        raw: dict[str, Any] = {} if symbol is None else {"symbol": symbol}
        if self.word.kind == "timeframe":
            raw["timeframe"] = self.next().text[1:]
        if self.take("["):
            raw["offset"] = self._number()
            self.expect("]")
        return place(raw, name.path, self.budget, inside=self._inside)

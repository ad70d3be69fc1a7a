"""Text to operands."""

from __future__ import annotations

from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import Indicator
from trading_core.rules.limits import MAX_DEPTH
from trading_core.rules.model import PRICE_FIELDS, Arithmetic, Constant, Operand, Price, Value
from trading_core.rules.parse_operand import (
    combined,
    moving,
    parameters,
    place,
    refuse_later,
    source_of,
)
from trading_core.rules.reading import Budget, one_of, real, whole
from trading_core.rules.words import Word, brackets_of_conditions

_SUMS = {"+": Arithmetic.ADD, "-": Arithmetic.SUB}
_PRODUCTS = {"*": Arithmetic.MUL, "/": Arithmetic.DIV}


class OperandReader:
    """Reads operands off a list of words."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self.at = 0
        self.holding = brackets_of_conditions(words)
        self.budget = Budget()
        self._inside = False

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

    def count(self, high: int) -> int:
        """Take a whole number from 1 on."""
        word = self.word
        return whole(self._number(), word.path, 1, high)

    def operand(self, depth: int) -> Operand:
        """Take an operand."""
        left = self._product(depth)
        while self.word.text in _SUMS:
            sign = self.next()
            self.budget.operand(sign.path)
            left = combined(_SUMS[sign.text], left, self._product(depth), sign.path)
        return left

    def _product(self, depth: int) -> Operand:
        left = self._primary(depth)
        while self.word.text in _PRODUCTS:
            sign = self.next()
            self.budget.operand(sign.path)
            left = combined(_PRODUCTS[sign.text], left, self._primary(depth), sign.path)
        return left

    def _number(self) -> float:
        negative = self.take("-")
        word = self.next()
        if word.kind != "number":
            raise RulesInvalid(word.path, f"expected a number, was {word.text or 'the end'!r}")
        value = real(float(word.text), word.path)
        return -value if negative else value

    def _primary(self, depth: int) -> Operand:
        word = self.word
        if depth > MAX_DEPTH:
            raise RulesInvalid(word.path, f"expected at most {MAX_DEPTH} levels")
        if word.text == "(":
            self.next()
            operand = self.operand(depth + 1)
            self.expect(")")
            return operand
        self.budget.operand(word.path)
        if word.kind == "number" or word.text == "-":
            return Constant(self._number())
        symbol = self.next().text[:-1] if word.kind == "symbol" else None
        name = self.next()
        if name.text in ("change_pct", "slope") and symbol is None:
            return self._moving(name, depth)
        if name.text in PRICE_FIELDS:
            return Price(name.text, *self._place(name, symbol))
        return self._value(name, symbol, depth)

    def _moving(self, name: Word, depth: int) -> Operand:
        self.expect("(")
        of = self.operand(depth + 1)
        self.expect(",")
        n = self._number()
        self.expect(")")
        return moving(name.text, of, n, name.path)

    def _value(self, name: Word, symbol: str | None, depth: int) -> Operand:
        refuse_later(name.text, name.path)
        indicator = CATALOG.get(name.text)
        if indicator is None:
            known = ", ".join((*PRICE_FIELDS, *CATALOG))
            raise RulesInvalid(name.path, f"expected an operand ({known}), was {name.text or 'the end'!r}")
        given, source = self._arguments(indicator, name, depth)
        params = parameters(indicator, given, name.path)
        output = indicator.outputs[0]
        if self.take("."):
            output = one_of(self.next().text, name.path, indicator.outputs)
        return Value(indicator.name, params, output, source, *self._place(name, symbol))

    def _arguments(
        self, indicator: Indicator, name: Word, depth: int
    ) -> tuple[dict[str, Any], Operand | None]:
        given: dict[str, Any] = {}
        source: Operand | None = None
        if not self.take("("):
            return given, source
        names = list(indicator.params)
        while self.word.text != ")":
            outside, self._inside = self._inside, True
            argument = self.operand(depth + 1)
            self._inside = outside
            if not isinstance(argument, Constant):
                source = source_of(indicator, argument, name.path)
                break
            if len(given) == len(names):
                raise RulesInvalid(
                    name.path, f"{indicator.name} takes {len(names)} numbers: {', '.join(names)}"
                )
            given[names[len(given)]] = argument.value
            if not self.take(","):
                break
        self.expect(")")
        return given, source

    def _place(self, name: Word, symbol: str | None) -> tuple[Any, int, str | None]:
        raw: dict[str, Any] = {} if symbol is None else {"symbol": symbol}
        if self.word.kind == "timeframe":
            raw["timeframe"] = self.next().text[1:]
        if self.take("["):
            raw["offset"] = self._number()
            self.expect("]")
        return place(raw, name.path, self.budget, inside=self._inside)

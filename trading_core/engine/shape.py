"""Shapes of JSON documents: each reads a value with its exact path, and says itself as JSON Schema.

One declaration serves the parser and the published schema, so the two can't drift apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trading_core.errors import DocumentInvalid
from trading_core.money import decimal_of, plain

Schema = dict[str, Any]

_SHOWN_MAX = 60


class Shape(Protocol):
    """What a value must look like."""

    def read(self, value: object, path: str) -> Any:
        """Return the value as its reader wants it; raise DocumentInvalid with the path."""

    def schema(self) -> Schema:
        """The shape in JSON Schema."""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 3] + "..."


@dataclass(frozen=True, slots=True)
class Text:
    """A string that matches a pattern."""

    pattern: str
    what: str

    def read(self, value: object, path: str) -> str:
        """See ``Shape``."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise DocumentInvalid(path, f"expected {self.what}, was {_shown(value)}")
        return value

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"type": "string", "pattern": f"^{self.pattern}$", "description": self.what}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings; ``refused`` gives some others their own sentence."""

    options: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    def read(self, value: object, path: str) -> str:
        """See ``Shape``."""
        if isinstance(value, str) and value in self.options:
            return value
        if isinstance(value, str) and value in self.refused:
            raise DocumentInvalid(path, self.refused[value])
        raise DocumentInvalid(path, f"expected one of {', '.join(self.options)}, was {_shown(value)}")

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"enum": list(self.options)}


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer within bounds."""

    low: int
    high: int

    def read(self, value: object, path: str) -> int:
        """See ``Shape``."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise DocumentInvalid(
                path, f"expected a whole number from {self.low} to {self.high}, was {_shown(value)}"
            )
        return value

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def read(self, value: object, path: str) -> bool:
        """See ``Shape``."""
        if not isinstance(value, bool):
            raise DocumentInvalid(path, f"expected true or false, was {_shown(value)}")
        return value

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number written as a string; read as an integer of 10^-scale."""

    low: str
    high: str
    decimals: int
    """The most the text may have."""
    scale: int
    """The integer read is the number times 10^scale."""

    @property
    def pattern(self) -> str:
        """What the text must match."""
        return rf"[0-9]{{1,12}}(\.[0-9]{{1,{self.decimals}}})?"

    def read(self, value: object, path: str) -> int:
        """See ``Shape``."""
        expected = f"expected a decimal number as text from {self.low} to {self.high}"
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise DocumentInvalid(path, f"{expected}, at most {self.decimals} decimals, was {_shown(value)}")
        number = decimal_of(value)
        if not decimal_of(self.low) <= number <= decimal_of(self.high):
            raise DocumentInvalid(path, f"{expected}, was {plain(number)}")
        return int(number.scaleb(self.scale))

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {
            "type": "string",
            "pattern": f"^{self.pattern}$",
            "description": f"decimal number as text, {self.low} to {self.high}",
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of values of one shape."""

    item: Shape
    low: int
    high: int

    def read(self, value: object, path: str) -> tuple[Any, ...]:
        """See ``Shape``."""
        if not isinstance(value, list) or not self.low <= len(value) <= self.high:
            shown = f"{len(value)} entries" if isinstance(value, list) else _shown(value)
            raise DocumentInvalid(path, f"expected a list of {self.low} to {self.high} entries, was {shown}")
        return tuple(self.item.read(v, f"{path}[{i}]") for i, v in enumerate(value))

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"type": "array", "items": self.item.schema(), "minItems": self.low, "maxItems": self.high}


@dataclass(frozen=True, slots=True)
class Distinct(Listed):
    """A list of distinct values of one shape."""

    def read(self, value: object, path: str) -> tuple[Any, ...]:
        """See ``Shape``."""
        items = Listed.read(self, value, path)
        for i, item in enumerate(items):
            if item in items[:i]:
                raise DocumentInvalid(f"{path}[{i}]", f"{item} is in the list twice")
        return items

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {**Listed.schema(self), "uniqueItems": True}


@dataclass(frozen=True, slots=True)
class Nullable:
    """A value or null."""

    inner: Shape

    def read(self, value: object, path: str) -> Any:
        """See ``Shape``."""
        return None if value is None else self.inner.read(value, path)

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"anyOf": [self.inner.schema(), {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Given:
    """Any object; somebody else reads it."""

    what: str

    def read(self, value: object, path: str) -> object:
        """See ``Shape``."""
        if not isinstance(value, dict):
            raise DocumentInvalid(path, f"expected {self.what}, was {_shown(value)}")
        return value

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"type": "object", "description": self.what}


@dataclass(frozen=True, slots=True)
class Default:
    """A value that may be left out; ``value`` is the JSON that stands for it then."""

    inner: Shape
    value: object

    def read(self, value: object, path: str) -> Any:
        """See ``Shape``."""
        return self.inner.read(value, path)

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {**self.inner.schema(), "default": self.value}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with exactly these keys; those of shape ``Default`` may be left out."""

    fields: Mapping[str, Shape]
    refused: Mapping[str, str] = field(default_factory=dict)
    """Keys people may expect, each with the sentence that refuses it."""

    def read(self, value: object, path: str) -> dict[str, Any]:
        """See ``Shape``."""
        if not isinstance(value, dict):
            raise DocumentInvalid(path, f"expected an object, was {_shown(value)}")
        for key in value:
            if key not in self.fields:
                known = f"unknown key; expected {', '.join(self.fields)}"
                raise DocumentInvalid(_join(path, key), self.refused.get(str(key), known))
        return {key: self._one(key, shape, value, path) for key, shape in self.fields.items()}

    def _one(self, key: str, shape: Shape, value: dict[str, object], path: str) -> Any:
        if key in value:
            return shape.read(value[key], _join(path, key))
        if isinstance(shape, Default):
            return shape.read(shape.value, _join(path, key))
        raise DocumentInvalid(_join(path, key), "missing")

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {
            "type": "object",
            "properties": {key: shape.schema() for key, shape in self.fields.items()},
            "required": [key for key, shape in self.fields.items() if not isinstance(shape, Default)],
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class Variants:
    """An object whose key ``tag`` says which fields it has."""

    tag: str
    variants: Mapping[str, Mapping[str, Shape]]

    def read(self, value: object, path: str) -> dict[str, Any]:
        """See ``Shape``."""
        if not isinstance(value, dict):
            raise DocumentInvalid(path, f"expected an object, was {_shown(value)}")
        if self.tag not in value:
            raise DocumentInvalid(_join(path, self.tag), "missing")
        name = Choice(tuple(self.variants)).read(value[self.tag], _join(path, self.tag))
        return self._fields(name).read(value, path)

    def _fields(self, name: str) -> Fields:
        return Fields({self.tag: Choice((name,)), **self.variants[name]})

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"oneOf": [self._fields(name).schema() for name in self.variants]}


@dataclass(frozen=True, slots=True)
class EitherKey:
    """An object that has exactly one of some keys, beside ``shared`` ones."""

    either: Mapping[str, Shape]
    shared: Mapping[str, Shape]

    def read(self, value: object, path: str) -> dict[str, Any]:
        """See ``Shape``."""
        if not isinstance(value, dict):
            raise DocumentInvalid(path, f"expected an object, was {_shown(value)}")
        present = [key for key in self.either if key in value]
        if len(present) != 1:
            raise DocumentInvalid(path, f"expected exactly one of the keys {', '.join(self.either)}")
        return self._fields(present[0]).read(value, path)

    def _fields(self, key: str) -> Fields:
        return Fields({key: self.either[key], **self.shared})

    def schema(self) -> Schema:
        """See ``Shape``."""
        return {"oneOf": [self._fields(key).schema() for key in self.either]}


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)

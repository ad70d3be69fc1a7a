"""JSON from outside, read strictly: what it means is never a matter of the reader."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from trading_core.errors import InvalidInput

_MAX_DIGITS = 40
_SHOWN = 64
"""Characters of a key that an error repeats."""
_SPACE = 0x20
_SURROGATES = range(0xD800, 0xE000)


class _Repeating(dict[str, object]):
    """An object that said one key twice; ``repeated`` is that key."""

    repeated = ""


def loads(text: str | bytes, *, max_bytes: int = 262_144, max_depth: int = 32) -> object:
    """Return the value a JSON text stands for.

    Raise InvalidInput, naming line or path, for anything the JSON grammar does not allow and for
    duplicate keys, NaN and infinities (also 1e999), lone surrogates, NUL and other control
    characters in strings, more than ``max_bytes`` bytes (UTF-8) and more than ``max_depth`` levels.
    """
    source = _decoded(text, max_bytes)
    _check_depth(source, max_depth)
    try:
        value: object = json.loads(
            source,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as e:
        raise InvalidInput(f"line {e.lineno} column {e.colno}", f"not JSON: {e.msg}") from e
    _check_values(value)
    return value


def _decoded(text: str | bytes, max_bytes: int) -> str:
    if len(text) > max_bytes:
        raise InvalidInput("", f"expected at most {max_bytes} bytes, were {len(text)}")
    try:
        source = text.decode("utf-8") if isinstance(text, bytes) else text
        size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8"))
    except UnicodeError as e:
        raise InvalidInput("", "expected UTF-8 text") from e
    if size > max_bytes:
        raise InvalidInput("", f"expected at most {max_bytes} bytes, were {size}")
    return source


def _check_depth(source: str, max_depth: int) -> None:
    depth = 0
    line = 1
    characters = iter(source)
    for character in characters:
        if character == '"':
            _skip_string(characters)
        elif character in "[{":
            depth += 1
            if depth > max_depth:
                raise InvalidInput(f"line {line}", f"expected at most {max_depth} levels of nesting")
        elif character in "]}":
            depth -= 1
        elif character == "\n":
            line += 1


def _skip_string(characters: Iterator[str]) -> None:
    for character in characters:
        if character == '"':
            return
        if character == "\\":
            next(characters, "")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    repeating = _Repeating(made)
    for key, _ in pairs:
        if key in seen:
            repeating.repeated = key
            break
        seen.add(key)
    return repeating


def _constant(name: str) -> object:
    raise InvalidInput("", f"expected a finite number, was {name}")


def _float(digits: str) -> float:
    value = float(digits) if len(digits) <= _MAX_DIGITS else math.inf
    if not math.isfinite(value):
        raise InvalidInput("", f"expected a finite number of at most {_MAX_DIGITS} digits, was {digits[:50]}")
    return value


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise InvalidInput("", f"expected a number of at most {_MAX_DIGITS} digits, was {digits[:50]}")
    return int(digits)


def _check_values(value: object) -> None:
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            _check_string(path, item)
        elif isinstance(item, dict):
            if isinstance(item, _Repeating):
                raise InvalidInput(_below(path, item.repeated), "the key appears twice")
            for key, child in item.items():
                _check_string(path, key)
                waiting.append((_below(path, key), child))
        elif isinstance(item, list):
            waiting.extend((f"{path}[{i}]", child) for i, child in enumerate(item))


def _check_string(path: str, text: str) -> None:
    if text.isprintable():
        return
    for character in text:
        if character in "\n\r\t":
            continue
        if ord(character) < _SPACE or ord(character) in _SURROGATES:
            raise InvalidInput(path, f"expected text, has the character U+{ord(character):04X}")


def _below(path: str, key: str) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in key[:_SHOWN])
    return f"{path}.{clean}" if path else clean

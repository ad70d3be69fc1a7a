"""Whether an answer has every key of a documented example, with the same JSON type."""

from __future__ import annotations

from typing import Any

COIN_MAPS = ("cumFeeDetail", "availableWithdrawalMap")
"""Objects whose keys are names of coins."""
MAY_BE_EMPTY = ("extraFees",)
"""Lists of what this venue never charges."""


def misses(example: Any, answer: Any, path: str = "") -> list[str]:
    """Return where the answer lacks something of the example, and what."""
    if _kind(example) != _kind(answer):
        return [f"{path}: expected {_kind(example)}, was {_kind(answer)}"]
    if isinstance(example, dict):
        if path.rpartition(".")[2] in COIN_MAPS:
            return [
                f"{path}.{key}: not a string" for key, value in answer.items() if not isinstance(value, str)
            ]
        found = []
        for key, value in example.items():
            if key in answer:
                found += misses(value, answer[key], f"{path}.{key}")
            else:
                found.append(f"{path}.{key}: missing")
        return found
    if isinstance(example, list) and example:
        if not answer:
            return [] if path.endswith(MAY_BE_EMPTY) else [f"{path}: empty"]
        return [miss for part in answer for miss in misses(example[0], part, f"{path}[]")]
    return []


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    kinds: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")

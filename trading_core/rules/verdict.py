"""What a rule-set says at a close, and its packed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Times
from trading_core.rules.model import TREES, RuleSet

YES, NO, UNKNOWN = 1, 0, -1

Truths = npt.NDArray[np.int8]

_HEAD = 2
"""Bytes of the six trees at the start of a packed verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What each tree says at a close: 1 true, 0 false, -1 unknown. Only true acts."""

    long: int = NO
    short: int = NO
    exit_long: int = NO
    exit_short: int = NO
    average_long: int = NO
    average_short: int = NO
    leaves: bytes = b""
    """The slots in two bits each: the truth of every condition, then of every outermost count, in the
    order of ``RuleSet.conditions`` and ``RuleSet.counts``."""

    def leaf(self, index: int) -> int:
        """The truth of one condition, or behind them of one count."""
        return _VALUES[self.leaves[index // 4] >> 2 * (index % 4) & 3]


@dataclass(frozen=True, slots=True)
class History:
    """What a rule-set says at every candle of a frame."""

    close_ms: Times
    trees: dict[str, Truths]
    """By name of the tree: 1 true, 0 false, -1 unknown, one per candle."""
    leaves: npt.NDArray[np.int8]
    """One row per slot (every condition, then every outermost count), one column per candle."""

    def __len__(self) -> int:
        return len(self.close_ms)

    def verdict(self, index: int) -> Verdict:
        """The verdict at one candle."""
        said = {name: int(truths[index]) for name, truths in self.trees.items()}
        return Verdict(**said, leaves=pack_truths(self.leaves[:, index].tolist()))


def pack_truths(truths: Sequence[int]) -> bytes:
    """Truths (1, 0, -1) in two bits each: 0 false, 1 true, 2 unknown."""
    packed = bytearray((len(truths) + 3) // 4)
    for index, truth in enumerate(truths):
        packed[index // 4] |= (truth & 3 if truth >= 0 else 2) << 2 * (index % 4)
    return bytes(packed)


def unpack_truths(packed: bytes, count: int) -> list[int]:
    """That many truths out of their packed form."""
    return [_VALUES[packed[index // 4] >> 2 * (index % 4) & 3] for index in range(count)]


def slots_of(rules: RuleSet) -> int:
    """How many truths a verdict of these rules keeps."""
    return len(rules.conditions) + len(rules.counts)


def pack_verdict(verdict: Verdict) -> bytes:
    """The verdict in 2 bytes and a quarter byte per slot."""
    return pack_truths([getattr(verdict, name) for name in TREES]) + verdict.leaves


def unpack_verdict(rules: RuleSet, packed: bytes) -> Verdict:
    """The verdict that was packed; raise ValueError if it is not one of these rules."""
    expected = _HEAD + (slots_of(rules) + 3) // 4
    if len(packed) != expected:
        raise ValueError(f"expected {expected} bytes, was {len(packed)}")
    head = Verdict(leaves=packed[:_HEAD])
    said = {name: head.leaf(i) for i, name in enumerate(TREES)}
    return Verdict(**said, leaves=packed[_HEAD:])


_VALUES = (NO, YES, UNKNOWN, UNKNOWN)

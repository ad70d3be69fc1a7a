"""Truths of many closes, packed and unpacked at once: ``verdict.pack_truths`` for whole histories."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trading_core.rules.verdict import Truths

Rows = npt.NDArray[np.uint8]

_SHIFTS = np.array([0, 2, 4, 6], dtype=np.uint8)
_CRUMBS = np.array([0, 1, 2], dtype=np.uint8)
_TRUTHS = np.array([0, 1, -1, -1], dtype=np.int8)


def pack_rows(truths: Truths) -> Rows:
    """Return ``int8[slots, closes]`` as one row of packed bytes per close."""
    slots, closes = truths.shape
    crumbs = np.zeros((closes, -(-slots // 4) * 4), dtype=np.uint8)
    crumbs[:, :slots] = _CRUMBS[truths].T
    packed: Rows = np.bitwise_or.reduce(crumbs.reshape(closes, -(-slots // 4), 4) << _SHIFTS, axis=2)
    return packed


def unpack_rows(packed: Rows, slots: int) -> Truths:
    """Return packed bytes, one row per close, as ``int8[slots, closes]``.

    Raise ValueError if a row has another length than that many slots take.
    """
    if packed.shape[1] != -(-slots // 4):
        raise ValueError(f"expected {-(-slots // 4)} bytes for {slots} slots, was {packed.shape[1]}")
    crumbs = (packed[:, :, np.newaxis] >> _SHIFTS & 3).reshape(len(packed), 4 * packed.shape[1])
    return np.ascontiguousarray(_TRUTHS[crumbs[:, :slots]].T)


def unpack_closes(told: Mapping[int, bytes], slots: int, step_ms: int) -> Truths:
    """Return packed truths by close (ms) as ``int8[slots, closes]`` of consecutive closes, first to last.

    A close that is not told, or told too short for that many slots, is -1 throughout. Raise ValueError
    if none is told.
    """
    width, first = -(-slots // 4), min(told)
    leaves = np.full((slots, (max(told) - first) // step_ms + 1), -1, dtype=np.int8)
    known = {close_ms: packed[:width] for close_ms, packed in told.items() if len(packed) >= width}
    if known:
        rows = np.frombuffer(b"".join(known.values()), np.uint8).reshape(len(known), width)
        leaves[:, [(close_ms - first) // step_ms for close_ms in known]] = unpack_rows(rows, slots)
    return leaves

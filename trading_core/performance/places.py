"""Where times stand among rising times: guessed where these are evenly spaced, and looked up where they are not."""

from __future__ import annotations

import numpy as np

from trading_core.performance.columns import Integers


def places(rising: Integers, wanted: Integers) -> Integers:
    """The first place at or after each wanted time: ``np.searchsorted``, in a fraction of its time on minutes."""
    count = len(rising)
    step = (int(rising[-1]) - int(rising[0])) // (count - 1) if count > 1 else 0
    if step <= 0:
        return np.searchsorted(rising, wanted)
    guess: Integers = np.clip(-((rising[0] - wanted) // step), 0, count)
    before, there = rising.take(np.maximum(guess - 1, 0)), rising.take(np.minimum(guess, count - 1))
    right = ((guess == 0) | (before < wanted)) & ((guess == count) | (there >= wanted))
    return guess if right.all() else np.searchsorted(rising, wanted)


def places_after(rising: Integers, wanted: Integers) -> Integers:
    """The first place after each wanted time."""
    return places(rising, wanted + 1)

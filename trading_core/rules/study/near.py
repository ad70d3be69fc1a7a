"""Near misses: by how much the conditions missed that alone were to blame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading_core.market.candle import Floats

EDGES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Lower ends of the bins, in standard deviations of the distance."""


@dataclass(frozen=True, slots=True)
class NearMisses:
    """How far one condition was from helping, at the closes at which it alone was to blame."""

    nearest: tuple[int, ...]
    """Places of the closes that missed by least, the nearest first."""
    sigmas: Floats
    """The distance of every close in standard deviations of all of them; NaN where it isn't known."""
    bins: tuple[int, ...]
    """Closes of each bin: at least ``EDGES[i]``, less than the next; the last has no upper end."""


def near_misses(distance: Floats, blamed: npt.NDArray[np.bool_], *, most: int) -> NearMisses:
    """Rank the closes at which a condition was to blame by how far it was from its bound.

    ``distance`` is the condition's at every close of the period: its spread is the yardstick.
    """
    known = distance[np.isfinite(distance)]
    deviation = float(known.std()) if len(known) > 1 else 0.0
    sigmas = distance / deviation if deviation > 0.0 else np.full(len(distance), np.nan)
    places = np.flatnonzero(blamed & np.isfinite(distance))
    order = np.argsort(np.abs(distance[places]), kind="stable")
    moved = np.abs(sigmas[places]) if deviation > 0.0 else None
    found = () if moved is None else np.histogram(moved, bins=(*EDGES, np.inf))[0].tolist()
    return NearMisses(
        nearest=tuple(places[order][:most].tolist()),
        sigmas=sigmas,
        bins=tuple(found),
    )

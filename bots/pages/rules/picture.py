"""A preview as a picture: the price with the entries on it, and a bar for every condition.

Coordinates are those of an SVG that is stretched to its box; labels are written beside it in HTML, so
that neither text nor marks are stretched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bots.pages.why import written
from bots.services.preview import Preview, Tally, started

WIDTH, HEIGHT = 1_000, 240
BUCKETS = 320
DOTS_MAX = 120
"""Signals of a side that are marked on the line itself; more would hide it."""
_MARGIN = 12
_LABELS = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """The entry signals of one side."""

    side: str
    label: str
    count: int
    strip: str
    """Path of the strip below the price, one stroke per signal."""
    dots: str
    """Path of the dots on the price; empty if there are too many."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A preview to be drawn."""

    width: int
    height: int
    line: str
    marks: list[Marks]
    prices: list[str]
    """From top to bottom, evenly spaced."""
    times: list[str]
    """From left to right, evenly spaced."""
    grid: list[int]


@dataclass(frozen=True, slots=True)
class Bar:
    """How often something was true; parts of 1,000."""

    true: int
    unknown: int
    share: str
    closes: str
    starts: str
    never: bool


def picture(preview: Preview) -> Picture | None:
    """Draw a preview; None if nothing is stored."""
    if preview.closes < 2:  # noqa: PLR2004 - a line needs two points
        return None
    times, price = preview.close_ms, preview.close
    x = (times - times[0]) / (times[-1] - times[0]) * WIDTH
    low, high = float(price.min()), float(price.max())
    room = (high - low) or abs(high) * 0.01 or 1.0
    y = _MARGIN + (high - price) / room * (HEIGHT - 2 * _MARGIN)
    top, bottom = high + room * _scaled(_MARGIN), low - room * _scaled(_MARGIN)
    return Picture(
        WIDTH,
        HEIGHT,
        _line(x, y, times, preview.place.timeframe.ms),
        [_marks(side, preview.entries[side], x, y) for side in ("long", "short") if side in preview.trees],
        [written(value) for value in np.linspace(top, bottom, _LABELS).tolist()],
        [_time(value, preview.asked_days) for value in np.linspace(times[0], times[-1], _LABELS).tolist()],
        [round(value) for value in np.linspace(0, HEIGHT, _LABELS)[1:-1].tolist()],
    )


def bar(tally: Tally, closes: int) -> Bar:
    """How often something was true, of all closes."""
    share = tally.true / closes if closes else 0.0
    unknown = tally.unknown / closes if closes else 0.0
    true = max(2, round(share * 1_000)) if tally.true else 0
    percent = f"{share * 100:.1f}%" if share >= 0.0995 or not tally.true else f"{share * 100:.2g}%"  # noqa: PLR2004
    return Bar(
        true, round(unknown * 1_000), percent, f"{tally.true:,}", f"{len(tally.starts):,}", not tally.true
    )


def _scaled(pixels: float) -> float:
    return pixels / (HEIGHT - 2 * _MARGIN)


def _line(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], times: npt.NDArray[np.int64], step: int
) -> str:
    """The price as a path; of a long run each bucket's lowest and highest point, and gaps stay open."""
    keep = _extremes(y) if len(y) > 2 * BUCKETS else np.arange(len(y))
    breaks = np.flatnonzero(np.diff(times) > step)
    torn = np.searchsorted(breaks, keep[1:], side="left") > np.searchsorted(breaks, keep[:-1], side="left")
    commands = np.concatenate((["M"], np.where(torn, "M", "L")))
    return "".join(f"{c}{a:.1f} {b:.1f}" for c, a, b in zip(commands, x[keep], y[keep], strict=True))


def _extremes(y: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    edges = np.linspace(0, len(y), BUCKETS + 1).astype(int)
    found = {0, len(y) - 1}
    for start, end in pairwise(edges.tolist()):
        found |= {start + int(y[start:end].argmin()), start + int(y[start:end].argmax())}
    return np.array(sorted(found))


def _marks(
    side: str, asked: npt.NDArray[np.bool_], x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> Marks:
    at = np.flatnonzero(started(asked))
    places = sorted({round(float(value), 1) for value in x[at]})
    strip = "".join(f"M{place} 0v10" for place in places)
    dots = "".join(f"M{x[i]:.1f} {y[i]:.1f}h0" for i in at) if len(at) <= DOTS_MAX else ""
    return Marks(side, f"Enter {side}", len(at), strip, dots)


def _time(ms: float, days: int) -> str:
    form = "%d %b %H:%M" if days <= 3 else "%d %b"  # noqa: PLR2004 - hours matter over a few days only
    return f"{datetime.fromtimestamp(ms / 1000, UTC):{form}}"

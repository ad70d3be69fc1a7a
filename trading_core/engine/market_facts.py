"""Mark price and funding rate of a close, for the guards that ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trading_core.engine.snapshot import SymbolFacts
from trading_core.market.tickers import Tickers

PPM_PER_PERCENT = 10_000


def with_market(facts: SymbolFacts, tickers: Tickers | None, close_ms: int) -> SymbolFacts:
    """The facts with what was told of the symbol at or before a close; too old a figure is not known."""
    if tickers is None:
        return facts
    time = np.array([close_ms], dtype=np.int64)
    mark, rate = (float(tickers.at(name, time)[0]) for name in ("mark", "funding_rate"))
    return replace(
        facts,
        mark_ticks=facts.instrument.nearest_ticks(mark) if np.isfinite(mark) else None,
        funding_ppm=round(rate * PPM_PER_PERCENT) if np.isfinite(rate) else None,
    )

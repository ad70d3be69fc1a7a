"""A server clock that jumps."""

from __future__ import annotations

from trading_core.venue.clock import set_skew
from trading_core.venue.faults.active import Faults

KINDS: dict[str, dict[str, object]] = {"clock_jump": {"ms": 1_500}}
"""``ms``: how far the server's clock is off while the fault is in force; several add up."""


def apply(faults: Faults) -> None:
    """Set the clock as the faults have it."""
    jumps = faults.of(*KINDS)
    for jump in jumps:
        jump.struck = max(1, jump.struck)
    set_skew(sum(jump.params["ms"] for jump in jumps))

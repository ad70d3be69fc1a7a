"""The arithmetic of a plan: integers in, integers out, every rounding named.

``direction`` is +1 for a long and -1 for a short. A base price is the fraction cost/lots, both
positive, so that an average is never rounded before a distance is taken from it.
"""

from __future__ import annotations

from trading_core.plan.jit import inlined

_PPM = 1_000_000


@inlined
def below_ticks(cost: int, lots: int, ppm: int, direction: int) -> int:
    """The price ``ppm`` on the losing side of the base, rounded away from it; at least 1.

    Prices of limit entries and averaging legs: never nearer than asked.
    """
    scaled = cost * (_PPM - direction * ppm)
    whole = lots * _PPM
    ticks = scaled // whole if direction > 0 else -(-scaled // whole)
    return max(1, ticks)


@inlined
def target_ticks(cost: int, lots: int, ppm: int, direction: int) -> int:
    """The price ``ppm`` on the winning side of the base, rounded to gain no less; at least 1."""
    scaled = cost * (_PPM + direction * ppm)
    whole = lots * _PPM
    ticks = -(-scaled // whole) if direction > 0 else scaled // whole
    return max(1, ticks)


@inlined
def stop_ticks(cost: int, lots: int, ppm: int, direction: int) -> int:
    """The protective stop ``ppm`` on the losing side of the base, rounded to trigger earlier.

    Rounding never lifts it onto the base itself: it stays at least one tick on the losing side,
    and at least 1.
    """
    scaled = cost * (_PPM - direction * ppm)
    whole = lots * _PPM
    if direction > 0:
        return max(1, min(-(-scaled // whole), (cost - 1) // lots))
    return max(scaled // whole, cost // lots + 1)


@inlined
def break_even_ticks(
    cost: int, lots: int, paid: int, num: int, den: int, fee_ppm: int, direction: int
) -> int:  # fmt: skip
    """The nearest price at which closing as a taker gives back cost, fees and funding; at least 1.

    ``paid`` are money units of fees and funding so far; num/den is the money of one tick times one lot.
    """
    worth = cost + direction * -(-paid * den // num)
    whole = lots * (_PPM - direction * fee_ppm)
    return max(1, -(-worth * _PPM // whole) if direction > 0 else worth * _PPM // whole)


@inlined
def tighter(one: int, other: int, direction: int) -> int:
    """The stop that is nearer to the market; 0 is none."""
    if one == 0 or other == 0:
        return one + other
    return max(one, other) if direction > 0 else min(one, other)


@inlined
def lots_of(quote: int, ticks: int, num: int, den: int) -> int:
    """The most lots worth at most ``quote`` money units at that price.

    num/den is the money of one tick times one lot (``Instrument.value_scale``).
    """
    return (quote * den) // (num * ticks)


@inlined
def is_inside(ticks: int, stop: int, direction: int) -> bool:
    """Whether a price lies on the market's side of the stop."""
    return direction * (ticks - stop) > 0

"""Distances of a trade as they were drawn at its entry: the stop, the legs, the target."""

from __future__ import annotations

from trading_core.money import PPM
from trading_core.plan.kernel import below_ticks
from trading_core.plan.params import Averaging, Base, EntryType, PlanParams, Rung, Unit, ladder
from trading_core.plan.state import PlanState


def first_limit(params: PlanParams, close_ticks: int, direction: int) -> int | None:
    """The limit an entry begins with; a market entry has one if it may lose only so much."""
    entry = params.entry
    if entry.type is not EntryType.MARKET:
        return below_ticks(close_ticks, 1, entry.offset_ppm, direction)
    if entry.slippage_ppm is None:
        return None
    return max(1, close_ticks + direction * (close_ticks * entry.slippage_ppm // PPM))


def stop_distance(params: PlanParams, plan: PlanState) -> int:
    """Parts per million between the base and the stop."""
    return plan.stop_ppm or params.stop.ppm


def target_distance(params: PlanParams, plan: PlanState) -> int:
    """Parts per million between the base and the last target."""
    assert params.take_profit is not None
    return params.take_profit.ppm if plan.target_ppm is None else plan.target_ppm


def drawn_stop(
    params: PlanParams, *, close_ticks: int, range_ppm: int, extreme_ticks: int, direction: int
) -> int:
    """The stop distance a market asks for at an entry, in parts per million; 0: that of the parameters.

    ``extreme_ticks`` is the lowest low (for a short the highest high) the stop lies behind.
    """
    drawn = params.stop.drawn
    if drawn is None:
        return 0
    if drawn.atr_ppm:
        wanted = -(-range_ppm * drawn.atr_ppm // PPM)
    else:
        wanted = max(0, -(-direction * (close_ticks - extreme_ticks) * PPM // close_ticks))
    return min(params.stop.ppm, max(drawn.least_ppm, wanted, 1))


def rungs_of(params: PlanParams, plan: PlanState) -> tuple[Rung, ...]:
    """The legs of a trade in order, with the distances its entry drew, as far as the cap allows."""
    averaging = params.averaging
    if averaging is None:
        return ()
    rungs = [Rung(_drawn(averaging, rung.deviation_ppm, plan), rung.quote) for rung in ladder(averaging)]
    if averaging.spacing_ppm and plan.equity > 0:
        rungs = _spaced(averaging, rungs, plan)
    return tuple(_under_cap(averaging, rungs, plan))


def _drawn(averaging: Averaging, distance: int, plan: PlanState) -> int:
    return distance if averaging.unit is Unit.PCT else distance * plan.range_ppm // PPM


def _spaced(averaging: Averaging, rungs: list[Rung], plan: PlanState) -> list[Rung]:
    """Each step longer by what is in the market before it, as a share of equity."""
    spaced, at, before, worth = [], 0, 0, plan.entry_quote
    for rung in rungs:
        step = rung.deviation_ppm - before
        at += step + step * worth * averaging.spacing_ppm // (plan.equity * PPM)
        spaced.append(Rung(at, rung.quote))
        before, worth = rung.deviation_ppm, worth + rung.quote
    return spaced


def _under_cap(averaging: Averaging, rungs: list[Rung], plan: PlanState) -> list[Rung]:
    if averaging.cap_equity_ppm is None:
        return rungs
    most, worth, kept = plan.equity * averaging.cap_equity_ppm // PPM, plan.entry_quote, []
    for rung in rungs:
        worth += rung.quote
        if worth > most:
            break
        kept.append(rung)
    return kept


def is_fixed(averaging: Averaging) -> bool:
    """Whether the distances of the legs are known before the entry."""
    return averaging.unit is Unit.PCT and averaging.base is Base.ENTRY and not averaging.spacing_ppm


def moves_with_average(averaging: Averaging | None) -> bool:
    """Whether the next leg hangs on the position's average price."""
    return averaging is not None and averaging.base is Base.AVERAGE
